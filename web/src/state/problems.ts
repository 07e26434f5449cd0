/** What went wrong, in words for whoever is at the keyboard. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { breakdown, isProblem } from '../sim/client';

/** A message that floats above the page until it is closed. */
export interface Notice {
  readonly id: number;
  readonly tone: 'problem' | 'note';
  readonly message: string;
  readonly help: string;
  /** `scenario.yaml:12:3`; empty if it is about no place. */
  readonly place: string;
  /** Something that can be done about it. */
  readonly action: { readonly label: string; readonly act: () => void } | null;
}

const NOTICES_MAX = 4;
const list = signal<readonly Notice[]>([]);
let numbered = 0;

/** What is shown now, the latest last. */
export const notices: ReadonlySignal<readonly Notice[]> = list;

/** Shows a message. One that is there already isn't shown twice. */
export function notify(notice: Partial<Omit<Notice, 'id'>> & { message: string }): void {
  numbered += 1;
  const full: Notice = { id: numbered, tone: 'note', help: '', place: '', action: null, ...notice };
  const others = list.peek().filter(other => other.message !== full.message || other.place !== full.place);
  list.value = [...others, full].slice(-NOTICES_MAX);
}

/** Closes a message. */
export function dismiss(id: number): void {
  list.value = list.peek().filter(notice => notice.id !== id);
}

/** Shows what was thrown: the model's word to its user as a message, anything else as the report of a breakdown. */
export function report(thrown: unknown): void {
  if (isProblem(thrown)) {
    const { message, help, file, line, column } = thrown;
    const place = [file, line, column].filter(Boolean).join(':');
    notify({ tone: 'problem', message, help, place });
  } else if (!breakdown.peek()) {
    breakdown.value = thrown instanceof Error ? thrown : new Error(String(thrown));
  }
}

/** For what a button or key begins: its failure is shown, and never left hanging. */
export function attempt(work: Promise<unknown>): void {
  work.catch(report);
}
