/** The terminals: who types where, and who waits. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { sim } from '../sim/client';
import type { Print, Text } from '../sim/frames';
import { filesOf } from './files';
import { noteLine } from './journal';
import { apply, onPrints } from './run';

/** A terminal. What it shows is kept by its screen; what came before there was one waits here. */
export interface Terminal {
  readonly id: number;
  /** Whether a command of it is under way. */
  readonly busy: ReadonlySignal<boolean>;
  /** The latest line, by which it can be told from others; empty before the first. */
  readonly title: ReadonlySignal<string>;
}

/** What a terminal tells its screen. */
export type ScreenEvent =
  /** A line that wasn't typed at the keyboard: by a button, or (`again`) by the run, as it is played once more. */
  | { kind: 'line'; line: string; again: boolean }
  /** Something waits in it, although nothing was typed: another moment is looked at. */
  | { kind: 'busy' }
  | { kind: 'text'; text: Text }
  | { kind: 'done'; code: number }
  | { kind: 'clear' };

/** What a terminal remembers for a screen that isn't there yet. */
const UNHEARD_MAX = 5_000;
/** As many are shown side by side as a rolling update needs: pods, ReplicaSets, the rollout. */
export const SHOWN_MAX = 3;

class OpenTerminal implements Terminal {
  readonly id: number;
  readonly busy = signal(false);
  readonly title = signal('');
  private heard: ((event: ScreenEvent) => void) | null = null;
  private unheard: ScreenEvent[] = [];

  constructor(id: number) {
    this.id = id;
  }

  tell(event: ScreenEvent): void {
    if (this.heard) {
      this.heard(event);
    } else if (this.unheard.length < UNHEARD_MAX) {
      this.unheard.push(event);
    }
  }

  attach(heard: (event: ScreenEvent) => void): void {
    this.heard = heard;
    for (const event of this.unheard.splice(0)) {
      heard(event);
    }
  }
}

const list = signal<readonly OpenTerminal[]>([new OpenTerminal(0)]);

/** The terminals that are open. */
export const terminals: ReadonlySignal<readonly Terminal[]> = list;
/** The terminal that was typed into last: buttons type there. */
export const focused = signal(0);
/** The terminals that are shown side by side. */
export const shownTerminals = signal<readonly number[]>([0]);

function byId(id: number): OpenTerminal | undefined {
  return list.peek().find(terminal => terminal.id === id);
}

function open(id: number): OpenTerminal {
  const terminal = new OpenTerminal(id);
  list.value = [...list.peek(), terminal].sort((one, other) => one.id - other.id);
  return terminal;
}

/** Connects a screen to its terminal: it hears all that was ever said to it. */
export function attachScreen(id: number, heard: (event: ScreenEvent) => void): void {
  byId(id)?.attach(heard);
}

/** Those that were closed: what the model still has to say of their commands, nobody hears. */
const closed = new Set<number>();

/** How the model says that a line is done again: as it would stand in a terminal. */
const AGAIN = /^\$ (.*)\n$/;

function hear(print: Print): void {
  const again = print.text.some(text => AGAIN.test(text.text));
  if (closed.has(print.terminal) && !again) {
    return;
  }
  closed.delete(print.terminal);
  const terminal = byId(print.terminal) ?? open(print.terminal);
  for (const text of print.text) {
    const line = print.text.length === 1 ? AGAIN.exec(text.text)?.[1] : undefined;
    if (line === undefined) {
      terminal.tell({ kind: 'text', text });
    } else {
      terminal.title.value = line;
      terminal.tell({ kind: 'line', line, again: true });
    }
  }
  if (print.done) {
    terminal.busy.value = false;
    terminal.tell({ kind: 'done', code: print.code });
  } else if (!terminal.busy.peek()) {
    terminal.busy.value = true;
    terminal.tell({ kind: 'busy' });
  }
}

onPrints(prints => {
  for (const print of prints) {
    hear(print);
  }
});

/** A terminal that waits for nothing: the given one, the one typed into last, any other, or a new one. */
function free(wanted?: number): OpenTerminal {
  const order = [wanted ?? focused.peek(), focused.peek(), ...list.peek().map(terminal => terminal.id)];
  for (const id of order) {
    const terminal = byId(id);
    if (terminal && !terminal.busy.peek()) {
      return terminal;
    }
  }
  return open(nextId());
}

function nextId(): number {
  return Math.max(-1, ...closed, ...list.peek().map(terminal => terminal.id)) + 1;
}

/** Shows a terminal: beside the others, or in the place of the one typed into last. */
export function showTerminal(id: number, beside: boolean): void {
  const shown = shownTerminals.peek();
  if (!shown.includes(id)) {
    const inPlace = shown.map(one => (one === focused.peek() ? id : one));
    const [first, ...others] = shown;
    if (beside && shown.length < SHOWN_MAX) {
      shownTerminals.value = [...shown, id];
    } else if (inPlace.includes(id)) {
      shownTerminals.value = inPlace;
    } else if (first !== undefined) {
      shownTerminals.value = [id, ...others];
    }
  }
  focused.value = id;
}

/** Opens another terminal, and shows it. */
export function openTerminal(beside: boolean): Terminal {
  const terminal = open(nextId());
  showTerminal(terminal.id, beside);
  return terminal;
}

/** Shows one terminal alone. */
export function showOnly(id: number): void {
  shownTerminals.value = [id];
  focused.value = id;
}

/** Closes a terminal; what it waits for is interrupted. The last one stays. */
export async function closeTerminal(id: number): Promise<void> {
  const terminal = byId(id);
  if (!terminal || list.peek().length === 1) {
    return;
  }
  const others = list.peek().filter(one => one !== terminal);
  const shown = shownTerminals.peek().filter(one => one !== id);
  const next = shown[0] ?? others[0]?.id ?? 0;
  closed.add(id);
  list.value = others;
  shownTerminals.value = shown.length > 0 ? shown : [next];
  if (focused.peek() === id) {
    focused.value = next;
  }
  if (terminal.busy.peek()) {
    await interrupt(id);
  }
}

/** Types a line into a terminal, visibly: the one given, or one that waits for nothing. Answers with the terminal that it was. */
export async function run(line: string, terminal?: number): Promise<Terminal> {
  const where = free(terminal);
  showTerminal(where.id, false);
  where.tell({ kind: 'line', line, again: false });
  await enter(where.id, line);
  return where;
}

/** Hands a line over that was typed into a terminal. */
export async function enter(id: number, line: string): Promise<void> {
  const terminal = byId(id);
  if (!terminal) {
    return;
  }
  terminal.busy.value = true;
  terminal.title.value = line;
  try {
    const { found, missing } = filesOf(await sim.filesNeeded(line));
    noteLine(id, line, found);
    await apply(await sim.line(id, line, found));
    if (missing.length > 0) {
      missingFiles.value = missing;
    }
  } catch (thrown) {
    terminal.busy.value = false;
    terminal.tell({ kind: 'done', code: 1 });
    throw thrown;
  }
}

/** Files that the latest line named, and that nobody has: they are offered to be made. */
export const missingFiles = signal<readonly string[]>([]);

/** Ctrl-C. */
export async function interrupt(id: number): Promise<void> {
  noteLine(id, '\u0003', {});
  await apply(await sim.interrupt(id));
}

/** Another run begins: the terminals are as new. What its link says was typed in them comes as prints. */
export function resetTerminals(): void {
  closed.clear();
  for (const terminal of list.peek()) {
    terminal.busy.value = false;
    terminal.title.value = '';
    terminal.tell({ kind: 'clear' });
  }
}
