/** The terminals: who types where, and who waits. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { sim } from '../sim/client';
import type { Print, Text } from '../sim/frames';
import { filesOf } from './files';
import { apply, onPrints } from './run';

/** A terminal. What it shows is kept by its screen; what came before there was one waits here. */
export interface Terminal {
  readonly id: number;
  /** Whether a command of it is under way. */
  readonly busy: ReadonlySignal<boolean>;
}

/** What a terminal tells its screen. */
export type ScreenEvent =
  | { kind: 'line'; line: string }
  | { kind: 'text'; text: Text }
  | { kind: 'done'; code: number };

class OpenTerminal implements Terminal {
  readonly id: number;
  readonly busy = signal(false);
  private heard: ((event: ScreenEvent) => void) | null = null;
  private unheard: ScreenEvent[] = [];

  constructor(id: number) {
    this.id = id;
  }

  tell(event: ScreenEvent): void {
    if (this.heard) {
      this.heard(event);
    } else {
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

function byId(id: number): OpenTerminal | undefined {
  return list.peek().find(terminal => terminal.id === id);
}

/** Connects a screen to its terminal: it hears all that was ever said to it. */
export function attachScreen(id: number, heard: (event: ScreenEvent) => void): void {
  byId(id)?.attach(heard);
}

onPrints((prints: readonly Print[]) => {
  for (const print of prints) {
    const terminal = byId(print.terminal);
    for (const text of print.text) {
      terminal?.tell({ kind: 'text', text });
    }
    if (terminal && print.done) {
      terminal.busy.value = false;
      terminal.tell({ kind: 'done', code: print.code });
    }
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
  return openTerminal() as OpenTerminal;
}

/** Opens another terminal. */
export function openTerminal(): Terminal {
  const id = Math.max(-1, ...list.peek().map(terminal => terminal.id)) + 1;
  const terminal = new OpenTerminal(id);
  list.value = [...list.peek(), terminal];
  return terminal;
}

/** Types a line into a terminal, visibly: the one given, or one that waits for nothing. */
export async function run(line: string, terminal?: number): Promise<void> {
  const where = free(terminal);
  where.tell({ kind: 'line', line });
  await enter(where.id, line);
}

/** Hands a line over that was typed into a terminal. */
export async function enter(id: number, line: string): Promise<void> {
  const terminal = byId(id);
  if (!terminal) {
    return;
  }
  terminal.busy.value = true;
  const { found } = filesOf(await sim.filesNeeded(line));
  await apply(await sim.line(id, line, found));
}

/** Ctrl-C. */
export async function interrupt(id: number): Promise<void> {
  await apply(await sim.interrupt(id));
}
