/** What comes from a keyboard by way of a terminal: characters, control characters, escape sequences. */

/** What a key asks for, besides being a character. */
export type Key =
  | 'enter'
  | 'tab'
  | 'backspace'
  | 'delete'
  | 'left'
  | 'right'
  | 'older'
  | 'newer'
  | 'home'
  | 'end'
  | 'wordLeft'
  | 'wordRight'
  | 'cutWord'
  | 'cutToStart'
  | 'cutToEnd'
  | 'paste'
  | 'interrupt'
  | 'clear'
  | 'leave';

/** A key, characters to insert, or a text that was pasted. */
export type Input = { key: Key } | { typed: string } | { pasted: string };

const KEYS: Readonly<Record<string, Key>> = {
  '\r': 'enter',
  '\n': 'enter',
  '\t': 'tab',
  '\x7f': 'backspace',
  '\b': 'backspace',
  '\x1b[3~': 'delete',
  '\x1b[D': 'left',
  '\x02': 'left',
  '\x1b[C': 'right',
  '\x06': 'right',
  '\x1b[A': 'older',
  '\x1bOA': 'older',
  '\x10': 'older',
  '\x1b[B': 'newer',
  '\x1bOB': 'newer',
  '\x0e': 'newer',
  '\x1b[H': 'home',
  '\x1bOH': 'home',
  '\x01': 'home',
  '\x1b[F': 'end',
  '\x1bOF': 'end',
  '\x05': 'end',
  '\x1b[1;5D': 'wordLeft',
  '\x1b[1;3D': 'wordLeft',
  '\x1bb': 'wordLeft',
  '\x1b[1;5C': 'wordRight',
  '\x1b[1;3C': 'wordRight',
  '\x1bf': 'wordRight',
  '\x17': 'cutWord',
  '\x1b\x7f': 'cutWord',
  '\x15': 'cutToStart',
  '\x0b': 'cutToEnd',
  '\x19': 'paste',
  '\x03': 'interrupt',
  '\x0c': 'clear',
  '\x04': 'leave',
};

/** How a terminal marks what was pasted, if it was asked to. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const PASTED = /^\x1b\[200~([\s\S]*?)(?:\x1b\[201~|$)/;
/** An escape sequence that means nothing here. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const UNKNOWN = /^\x1b(?:\[[0-9;?]*[ -/]*[@-~]|O.|.)?/;

/** Reads what came. */
export function read(data: string): Input[] {
  const inputs: Input[] = [];
  let typed = '';
  const flush = () => {
    if (typed !== '') {
      inputs.push({ typed });
      typed = '';
    }
  };
  let rest = data;
  while (rest !== '') {
    const pasted = PASTED.exec(rest);
    // The longest first: `\x1b[1;5D` begins like others.
    const sequence = [6, 4, 3, 2, 1].map(length => rest.slice(0, length)).find(start => start in KEYS);
    const key = sequence === undefined ? undefined : KEYS[sequence];
    if (pasted) {
      flush();
      inputs.push({ pasted: pasted[1] ?? '' });
      rest = rest.slice(pasted[0].length);
    } else if (sequence !== undefined && key) {
      flush();
      inputs.push({ key });
      rest = rest.slice(sequence.length);
    } else if (rest.startsWith('\x1b')) {
      rest = rest.slice(UNKNOWN.exec(rest)?.[0].length ?? 1);
    } else {
      const char = String.fromCodePoint(rest.codePointAt(0) ?? 0);
      typed += char >= ' ' ? char : '';
      rest = rest.slice(char.length);
    }
  }
  flush();
  return inputs;
}
