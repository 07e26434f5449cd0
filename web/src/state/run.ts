/** What the page knows of the run. Every update of the model goes through `apply`. */
import { batch, type ReadonlySignal, signal } from '@preact/signals';
import type { Branch, Goal, Message, Opened, Print, Update } from '../sim/frames';
import { type Cluster, merge, nothing } from './cluster';

export type { Cluster } from './cluster';

/** Messages beyond these are forgotten, the oldest first. */
const MESSAGES_MAX = 2_000;

const writable = {
  cluster: signal<Cluster>(nothing),
  messages: signal<readonly Message[]>([]),
  branches: signal<readonly Branch[]>([]),
  branch: signal(0),
  opened: signal<Opened | null>(null),
  goals: signal<readonly Goal[]>([]),
  acted: signal(0),
  epoch: signal(0),
  ahead: signal(0),
};

/** The cluster at the moment that is looked at: a new object after each update. */
export const cluster: ReadonlySignal<Cluster> = writable.cluster;
/** The latest messages between the cluster's parts, the oldest first; emptied on jumps. */
export const messages: ReadonlySignal<readonly Message[]> = writable.messages;
/** The branches of time. */
export const branches: ReadonlySignal<readonly Branch[]> = writable.branches;
/** The branch that is looked at. */
export const branch: ReadonlySignal<number> = writable.branch;
/** What was opened. */
export const opened: ReadonlySignal<Opened | null> = writable.opened;
/** The lesson's goals. */
export const goals: ReadonlySignal<readonly Goal[]> = writable.goals;
/** How many commands that change something were typed: what a lesson's score counts. */
export const acted: ReadonlySignal<number> = writable.acted;
/** Counts jumps (seek, switch, open): views drop their animations when it changes. */
export const epoch: ReadonlySignal<number> = writable.epoch;
/** How many typed lines lie ahead of the moment that is looked at. */
export const ahead: ReadonlySignal<number> = writable.ahead;

type Listener = (prints: readonly Print[]) => void;
let listener: Listener = () => undefined;

/** Who hears what terminals print. */
export function onPrints(heard: Listener): void {
  listener = heard;
}

/** Whether an update leads elsewhere, and not just on: back, to a branch that was there before, to another run. */
function leadsElsewhere({ frame, branch }: Update): boolean {
  const { at } = writable.cluster.peek();
  const known = writable.branches.peek().some(({ id }) => id === branch);
  return frame.whole || frame.at < at || (known && branch !== writable.branch.peek());
}

/** Takes an update in. `jumped`: it is the answer to a question for another moment, even if that is a later one. */
export async function apply(update: Update, jumped = false): Promise<void> {
  const elsewhere = jumped || leadsElsewhere(update);
  batch(() => {
    if (elsewhere) {
      writable.epoch.value += 1;
    }
    writable.cluster.value = merge(writable.cluster.peek(), update.frame);
    if (elsewhere) {
      writable.messages.value = update.messages.slice(-MESSAGES_MAX);
    } else if (update.messages.length > 0) {
      writable.messages.value = [...writable.messages.peek(), ...update.messages].slice(-MESSAGES_MAX);
    }
    writable.branches.value = update.branches;
    writable.branch.value = update.branch;
    writable.goals.value = update.goals;
    writable.acted.value = update.acted;
    writable.ahead.value = update.ahead;
  });
  if (update.prints.length > 0) {
    listener(update.prints);
  }
}

/** Takes a run in that was just opened. */
export async function applyOpened(run: Opened): Promise<void> {
  batch(() => {
    writable.opened.value = run;
    writable.cluster.value = nothing;
    writable.messages.value = [];
    void apply(run.update);
  });
}
