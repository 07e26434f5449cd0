/** What is selected, and which views are open. */
import { signal } from '@preact/signals';
import type { Message, Ref } from '../sim/frames';
import type { ViewName } from '../views/registry';

export type { ViewName } from '../views/registry';

export type Selection =
  | { kind: 'object'; object: Ref }
  | { kind: 'event'; event: number }
  | { kind: 'message'; message: Message };

/** What is selected: the side panel tells of it. */
export const selection = signal<Selection | null>(null);

/** Selects something, or nothing. */
export function select(what: Selection | null): void {
  selection.value = what;
}

/** The views on the stage: one, or two side by side. */
export const shown = signal<readonly [ViewName, ViewName | null]>(['topology', null]);

/** Shows a view, unless it is there already: in the first place, so that a second one stays. */
export function openView(name: ViewName): void {
  const [first, second] = shown.value;
  if (name !== first && name !== second) {
    shown.value = [name, second];
  }
}
