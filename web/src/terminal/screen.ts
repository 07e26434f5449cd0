/** A terminal's screen: xterm.js, with a line editor before it and the model's output behind it. */
import { FitAddon } from '@xterm/addon-fit';
import { type ILink, type ITheme, Terminal as Xterm } from '@xterm/xterm';
import { sim } from '../sim/client';
import { attempt } from '../state/problems';
import { cluster } from '../state/run';
import { select } from '../state/selection';
import { reducedMotion, screenReader, shade } from '../state/settings';
import { kept } from '../state/storage';
import { attachScreen, closeTerminal, enter, focused, interrupt, type ScreenEvent } from '../state/terminals';
import { after } from './cells';
import { type Input, type Key, read } from './keys';
import { LineEditor, pastedLines } from './line-editor';
import { namesIn } from './names';
import { text } from './text';

const PROMPT = '$ ';
const PROMPT_STYLED = '\x1b[1;34m$\x1b[0m ';
/** Clears all, in its turn among what is written: xterm's own `reset()` would overtake that. */
const RESET = '\x1bc';
/** Completions beyond these aren't listed. */
const CHOICES_MAX = 60;

/** What was typed in any terminal, now and at earlier visits. */
const history = kept<readonly string[]>('history', [], value => Array.isArray(value));

function color(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** xterm's colours, from the page's tokens. */
function theme(): ITheme {
  return {
    background: color('--terminal'),
    foreground: color('--terminal-text'),
    cursor: color('--accent'),
    cursorAccent: color('--terminal'),
    selectionBackground: color('--accent-line'),
    scrollbarSliderBackground: color('--pressed'),
    scrollbarSliderHoverBackground: color('--line-strong'),
    scrollbarSliderActiveBackground: color('--line-strong'),
    overviewRulerBorder: color('--terminal'),
    red: color('--bad'),
    brightRed: color('--bad'),
    green: color('--good'),
    brightGreen: color('--good'),
    yellow: color('--warn'),
    brightYellow: color('--warn'),
    blue: color('--accent'),
    brightBlue: color('--accent'),
    black: color('--muted'),
    brightBlack: color('--faint'),
  };
}

export class Screen {
  /** Lies wherever the page shows the terminal; keeps its contents when it is moved. */
  readonly element = document.createElement('div');
  private readonly xterm: Xterm;
  private readonly fit = new FitAddon();
  private readonly editor = new LineEditor(history.peek());
  private readonly id: number;
  private busy = false;
  /** Whether the prompt stands on the screen. */
  private prompted = false;
  /** Whether what was printed last ended its line. */
  private fresh = true;
  /** What was typed or pasted while a command was under way. */
  private waiting: Input[] = [];
  private opened = false;
  private gone = false;
  private readonly stops: (() => void)[];

  constructor(id: number) {
    this.id = id;
    this.element.className = 'screen';
    this.xterm = new Xterm({
      convertEol: true,
      cursorBlink: !reducedMotion.peek(),
      cursorStyle: 'bar',
      cursorWidth: 2,
      fontFamily: color('--mono'),
      fontSize: matchMedia('(max-width: 720px)').matches ? 11 : 13,
      lineHeight: 1.25,
      minimumContrastRatio: 4.5,
      overviewRuler: { width: 10 },
      scrollback: 5_000,
      theme: theme(),
    });
    this.xterm.loadAddon(this.fit);
    this.xterm.onData(data => {
      focused.value = id;
      this.take(read(data));
    });
    this.xterm.attachCustomKeyEventHandler(event => this.handles(event));
    this.xterm.registerLinkProvider({ provideLinks: (row, show) => show(this.links(row)) });
    this.stops = [
      screenReader.subscribe(on => {
        this.xterm.options.screenReaderMode = on;
      }),
      // The page's colours have changed only after whoever else follows the theme has heard of it.
      shade.subscribe(() => queueMicrotask(() => this.repaint())),
    ];
  }

  private repaint(): void {
    if (this.gone) {
      return;
    }
    this.xterm.options.theme = theme();
  }

  /** Puts it into the page, or elsewhere in it. */
  show(place: HTMLElement): void {
    place.append(this.element);
    if (!this.opened) {
      this.opened = true;
      this.xterm.open(this.element);
      const input = this.element.querySelector('textarea');
      input?.setAttribute('aria-label', text().label(String(this.id + 1)));
      input?.setAttribute('aria-description', text().usage);
      this.fit.fit();
      this.greet();
      attachScreen(this.id, event => this.hear(event));
    }
    this.resize();
  }

  /** Takes the space that there is. */
  resize(): void {
    if (this.opened && this.element.clientWidth > 0 && this.element.clientHeight > 0) {
      this.fit.fit();
    }
  }

  focus(): void {
    this.xterm.focus();
  }

  dispose(): void {
    this.gone = true;
    for (const stop of this.stops) {
      stop();
    }
    this.xterm.dispose();
    this.element.remove();
  }

  private greet(): void {
    if (this.id === 0) {
      this.xterm.write(`\x1b[90m${text().greeting}\x1b[0m\n`);
    }
    this.prompt();
  }

  /** What the terminal has to show. */
  private hear(event: ScreenEvent): void {
    switch (event.kind) {
      case 'line':
        this.erase();
        this.xterm.write(`${PROMPT_STYLED}${event.line}\n`);
        this.editor.note(event.line);
        this.fresh = true;
        this.busy = true;
        if (!event.again) {
          this.remember(event.line);
        }
        break;
      case 'busy':
        this.erase();
        this.busy = true;
        break;
      case 'text': {
        this.erase();
        const { text: words, error } = event.text;
        this.xterm.write(error ? `\x1b[31m${words}\x1b[0m` : words);
        this.fresh = words === '' ? this.fresh : words.endsWith('\n');
        if (!this.busy) {
          this.prompt();
        }
        break;
      }
      case 'done':
        this.busy = false;
        this.prompt();
        this.take(this.waiting.splice(0));
        break;
      case 'clear':
        this.busy = false;
        this.waiting = [];
        this.editor.drop();
        this.prompted = false;
        this.fresh = true;
        this.xterm.write(RESET);
        this.greet();
        break;
    }
  }

  /** Draws the prompt and what is being typed; the cursor goes where it belongs. */
  private prompt(): void {
    if (this.gone) {
      return;
    }
    const columns = this.xterm.cols;
    const { before, text: line } = this.editor;
    const cursor = after(PROMPT + before, columns);
    const end = after(PROMPT + line, columns);
    const begin = this.prompted || this.fresh ? '' : '\n';
    // A full row: the cursor is taken to the next one, where it is reckoned to be.
    const wrap = end.column === 0 && end.row > 0 ? ' \r' : '';
    const up = end.row - cursor.row;
    const back = `\r${up > 0 ? `\x1b[${up}A` : ''}${cursor.column > 0 ? `\x1b[${cursor.column}C` : ''}`;
    this.xterm.write(`${begin}${this.toStart()}\x1b[?2004h${PROMPT_STYLED}${line}${wrap}${back}`);
    this.drawn = before;
    this.prompted = true;
    this.fresh = true;
  }

  /** What stood before the cursor when the prompt was drawn. */
  private drawn = '';

  /** From the cursor's place back to the prompt's, and all below gone. */
  private toStart(): string {
    const { row } = this.prompted ? after(PROMPT + this.drawn, this.xterm.cols) : { row: 0 };
    return `\r${row > 0 ? `\x1b[${row}A` : ''}\x1b[J`;
  }

  /** Takes the prompt away, for something to be printed in its place. */
  private erase(): void {
    if (this.prompted) {
      this.xterm.write(this.toStart());
      this.prompted = false;
    }
  }

  /** Leaves the prompt with its line standing, and goes below. */
  private leaveLine(suffix = ''): void {
    this.editor.end();
    this.prompt();
    this.xterm.write(`${suffix}\n`);
    this.prompted = false;
    this.fresh = true;
  }

  private remember(line: string): void {
    if (line.trim() !== '' && history.peek().at(-1) !== line) {
      history.value = [...history.peek(), line].slice(-500);
    }
  }

  private take(inputs: readonly Input[]): void {
    for (const [index, input] of inputs.entries()) {
      if (this.busy && !('key' in input && input.key === 'interrupt')) {
        this.waiting.push(...inputs.slice(index));
        return;
      }
      if ('typed' in input) {
        this.editor.insert(input.typed);
      } else if ('key' in input) {
        this.press(input.key);
      } else {
        this.pasted(input.pasted);
      }
    }
    if (inputs.length > 0 && !this.busy) {
      this.prompt();
    }
  }

  /** Pasted lines are entered one after another; what comes after the last line's end stays to be edited. */
  private pasted(pasted: string): void {
    const [first = '', ...others] = pastedLines(pasted);
    this.editor.insert(first);
    const inputs = others.flatMap((line): Input[] => [{ key: 'enter' }, { typed: line }]);
    this.take(inputs);
  }

  private press(key: Key): void {
    switch (key) {
      case 'enter':
        this.enterLine();
        break;
      case 'tab':
        attempt(this.complete());
        break;
      case 'interrupt':
        this.cancel();
        break;
      case 'clear':
        this.xterm.clear();
        break;
      case 'leave':
        if (this.editor.text === '') {
          attempt(closeTerminal(this.id));
        } else {
          this.editor.delete();
        }
        break;
      case 'older':
      case 'newer':
        this.editor.recall(key === 'older');
        break;
      default:
        this.editor[key]();
    }
  }

  private cancel(): void {
    if (this.busy) {
      this.waiting = [];
      attempt(interrupt(this.id));
    } else {
      this.leaveLine('^C');
      this.editor.drop();
    }
  }

  private enterLine(): void {
    this.leaveLine();
    const line = this.editor.take().trim();
    this.remember(line);
    if (line === '') {
      return;
    }
    if (line === 'clear') {
      this.xterm.clear();
    } else if (line === 'exit') {
      attempt(closeTerminal(this.id));
    } else {
      this.busy = true;
      attempt(enter(this.id, line));
    }
  }

  private async complete(): Promise<void> {
    const { before } = this.editor;
    const candidates = await sim.complete(before);
    if (this.busy || this.editor.before !== before) {
      return;
    }
    const choice = this.editor.complete(candidates);
    if (choice.length > 0) {
      this.list(choice);
    }
    this.prompt();
  }

  /** Lists words in columns below the line, as a shell does. */
  private list(words: readonly string[]): void {
    const shown = words.slice(0, CHOICES_MAX).map(word => word.replace(/\s+$/, ''));
    const width = Math.max(...shown.map(word => word.length)) + 2;
    const across = Math.max(1, Math.floor(this.xterm.cols / width));
    const down = Math.ceil(shown.length / across);
    const rows = Array.from({ length: down }, (_, row) =>
      shown
        .filter((_, index) => index % down === row)
        .map(word => word.padEnd(width))
        .join('')
        .trimEnd(),
    );
    const rest = words.length - shown.length;
    const { cursor } = this.editor;
    this.leaveLine();
    this.editor.cursor = cursor;
    this.xterm.write(`\x1b[90m${rows.join('\n')}${rest > 0 ? `\n${text().more(String(rest))}` : ''}\x1b[0m\n`);
  }

  /** Whether xterm takes a key; else it is the browser's. */
  private handles(event: KeyboardEvent): boolean {
    if (event.type !== 'keydown') {
      return true;
    }
    if (event.key === 'Tab') {
      // There is always a way out by keyboard.
      return !(event.shiftKey || (this.editor.text === '' && !this.busy));
    }
    const command = event.ctrlKey || event.metaKey;
    if (command && event.key === 'c' && this.xterm.hasSelection()) {
      return false;
    }
    return !(command && (event.key === 'v' || (event.shiftKey && event.key.toLowerCase() === 'c')));
  }

  /** Names of objects in what was printed: a click selects them. */
  private links(row: number): ILink[] {
    const line = this.xterm.buffer.active.getLine(row - 1)?.translateToString(true) ?? '';
    return namesIn(line, cluster.peek()).map(({ start, length, object }) => ({
      text: object.name,
      range: { start: { x: start + 1, y: row }, end: { x: start + length, y: row } },
      activate: () => select({ kind: 'object', object }),
    }));
  }
}
