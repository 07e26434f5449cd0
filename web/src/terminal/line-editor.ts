/** What a person types before Enter: a line, a cursor in it, and the lines before. Knows nothing of a screen. */

/** Lines beyond these are forgotten, the oldest first. */
const HISTORY_MAX = 500;

/** Characters as a reader counts them: an emoji of several code points is one. */
const segments = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

function lastLength(text: string): number {
  const all = [...segments.segment(text)];
  return all.at(-1)?.segment.length ?? 0;
}

function firstLength(text: string): number {
  for (const { segment } of segments.segment(text)) {
    return segment.length;
  }
  return 0;
}

export class LineEditor {
  text = '';
  /** The cursor, counted in code units of `text`. */
  cursor = 0;
  private history: string[];
  /** Which line of the history is shown; its length: the one being typed. */
  private place: number;
  /** What was typed before the history was looked into. */
  private draft = '';
  private cut = '';

  constructor(history: readonly string[] = []) {
    this.history = [...history];
    this.place = this.history.length;
  }

  get before(): string {
    return this.text.slice(0, this.cursor);
  }

  get after(): string {
    return this.text.slice(this.cursor);
  }

  private set(before: string, after: string): void {
    this.text = before + after;
    this.cursor = before.length;
  }

  insert(text: string): void {
    this.set(this.before + text, this.after);
  }

  backspace(): void {
    this.set(this.before.slice(0, this.cursor - lastLength(this.before)), this.after);
  }

  delete(): void {
    this.set(this.before, this.after.slice(firstLength(this.after)));
  }

  left(): void {
    this.cursor -= lastLength(this.before);
  }

  right(): void {
    this.cursor += firstLength(this.after);
  }

  home(): void {
    this.cursor = 0;
  }

  end(): void {
    this.cursor = this.text.length;
  }

  wordLeft(): void {
    this.cursor = Math.max(0, this.before.search(/\S+\s*$/));
  }

  wordRight(): void {
    const word = /^\s*\S+/.exec(this.after);
    this.cursor += word ? word[0].length : this.after.length;
  }

  /** Ctrl-W. */
  cutWord(): void {
    const end = this.cursor;
    this.wordLeft();
    this.cut = this.text.slice(this.cursor, end);
    this.set(this.before, this.text.slice(end));
  }

  /** Ctrl-U. */
  cutToStart(): void {
    this.cut = this.before;
    this.set('', this.after);
  }

  /** Ctrl-K. */
  cutToEnd(): void {
    this.cut = this.after;
    this.set(this.before, '');
  }

  /** Ctrl-Y. */
  paste(): void {
    this.insert(this.cut);
  }

  /** Shows the line before, or the one after. */
  recall(older: boolean): void {
    const place = this.place + (older ? -1 : 1);
    if (place < 0 || place > this.history.length) {
      return;
    }
    if (this.place === this.history.length) {
      this.draft = this.text;
    }
    this.place = place;
    this.set(this.history[place] ?? this.draft, '');
  }

  /** Enter: the line, which joins the history. The editor is empty then. */
  take(): string {
    const line = this.text;
    this.note(line);
    this.set('', '');
    return line;
  }

  /** Ctrl-C: what was typed is dropped. */
  drop(): void {
    this.set('', '');
    this.place = this.history.length;
    this.draft = '';
  }

  /** A line joins the history, unless it is empty or the same as the latest. */
  note(line: string): void {
    if (line.trim() !== '' && this.history.at(-1) !== line) {
      this.history = [...this.history, line].slice(-HISTORY_MAX);
    }
    this.place = this.history.length;
    this.draft = '';
  }

  get lines(): readonly string[] {
    return this.history;
  }

  /**
   * Completes the word before the cursor with what it could be: with the one there is, or as far as all agree.
   * What comes back is to be shown for choosing; empty if the word was completed.
   */
  complete(candidates: readonly string[]): readonly string[] {
    const word = /\S*$/.exec(this.before)?.[0] ?? '';
    const fitting = [...new Set(candidates)].filter(candidate => candidate.startsWith(word));
    const [only] = fitting;
    if (only === undefined) {
      return [];
    }
    if (fitting.length === 1) {
      const gap = /[=/,]$/.test(only) || this.after.startsWith(' ') ? '' : ' ';
      this.insert(only.slice(word.length) + gap);
      return [];
    }
    const agreed = commonStart(fitting);
    if (agreed.length > word.length) {
      this.insert(agreed.slice(word.length));
      return [];
    }
    return fitting;
  }
}

/** The start that all texts have in common. */
function commonStart(texts: readonly string[]): string {
  const [first = '', ...others] = texts;
  let length = first.length;
  for (const other of others) {
    while (!other.startsWith(first.slice(0, length))) {
      length -= 1;
    }
  }
  return first.slice(0, length);
}

/**
 * The lines of a pasted text: each but the last was ended by Enter. A backslash before the line's end joins it to the next, as a shell does;
 * a prompt copied along from a page (`$ `) is left off.
 */
export function pastedLines(text: string): string[] {
  const joined = text.replaceAll(/\r\n?/g, '\n').replaceAll(/\\\n[ \t]*/g, '');
  return joined.split('\n').map(line => line.replace(/^\s*\$ /, '').replaceAll('\t', ' '));
}
