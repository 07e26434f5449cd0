/** The model, as the page sees it: calls reach the worker in order, one at a time. */
import { signal } from '@preact/signals';
import { type Remote, wrap } from 'comlink';
import type { Diagnostic, Lesson, Link, Opened, Problem } from './frames';
import type { Sandbox } from './module';
import type { WorkerApi } from './worker';

export type { Id } from './module';

/** The run's methods, each a promise here. */
type Calls = {
  readonly [K in Exclude<keyof Sandbox, 'free' | 'opened'>]: (
    ...args: Parameters<Sandbox[K]>
  ) => Promise<ReturnType<Sandbox[K]>>;
};

/** What the page may ask of the model. Promises are rejected with a `Problem`, or with an `Error` if the model is broken. */
export interface Sim extends Calls {
  version(): Promise<string>;
  open(link: Link, lesson?: string): Promise<Opened>;
  checkScenario(text: string): Promise<Diagnostic[]>;
  readLesson(text: string, file: string): Promise<Lesson>;
  proveLesson(text: string, file: string): Promise<string[]>;
  acts(line: string): Promise<number>;
  watches(line: string): Promise<boolean>;
}

/** Something that must not happen: a bug of ours, with what helps to find it. `null` as long as all is well. */
export const breakdown = signal<Error | null>(null);

/** Whether something that was thrown is the model's word to its user, and not a bug. */
export function isProblem(thrown: unknown): thrown is Problem {
  return (
    typeof thrown === 'object' &&
    thrown !== null &&
    !(thrown instanceof Error) &&
    'message' in thrown &&
    'help' in thrown
  );
}

/** Since when the call under way is under way, on the clock of `performance.now()`; `null`: none is. */
export const busySince = signal<number | null>(null);
/** What the module says it is; empty before it is loaded. */
export const moduleVersion = signal('');

let worker: Worker | null = null;
let remote: Remote<WorkerApi> | null = null;
/** Tells the call under way that its worker is gone: Comlink alone would wait for ever. */
let abandon: ((error: Error) => void) | null = null;
let last: Promise<unknown> = Promise.resolve();

/** Something that many wait for. */
function gate(): { readonly open: Promise<void>; readonly unlock: () => void } {
  let unlock: () => void = () => undefined;
  const open = new Promise<void>(resolve => {
    unlock = resolve;
  });
  return { open, unlock };
}

/** Opens with the first run. Who asks before (a view that is drawn while the page starts) waits for it. */
let run = gate();
let isOpen = false;

function fail(error: Error): void {
  worker?.terminate();
  // Whoever waits for a first run goes on waiting for it.
  if (isOpen) {
    run = gate();
    isOpen = false;
  }
  worker = null;
  remote = null;
  abandon?.(error);
  breakdown.value ??= error;
}

function connect(): Remote<WorkerApi> {
  if (!remote) {
    worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module', name: 'podarium' });
    worker.addEventListener('error', event => fail(new Error(event.message || 'the worker could not be started')));
    remote = wrap<WorkerApi>(worker);
    void remote.version().then(
      version => {
        moduleVersion.value = version;
      },
      // The call that waits behind this one fails for the same reason, and says so.
      () => undefined,
    );
  }
  return remote;
}

async function guarded<T>(work: (remote: Remote<WorkerApi>) => Promise<T>): Promise<T> {
  if (breakdown.peek()) {
    throw breakdown.peek();
  }
  busySince.value = performance.now();
  try {
    return await new Promise<T>((resolve, reject) => {
      abandon = reject;
      work(connect()).then(resolve, reject);
    });
  } catch (thrown) {
    if (!isProblem(thrown)) {
      fail(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
    throw thrown;
  } finally {
    abandon = null;
    busySince.value = null;
  }
}

function inOrder<T>(work: (remote: Remote<WorkerApi>) => Promise<T>): Promise<T> {
  const mine = last.then(() => guarded(work));
  last = mine.catch(() => undefined);
  return mine;
}

/** Ends a computation that takes too long, and the run with it. */
export function stop(reason: string): void {
  fail(new Error(reason));
}

/** After a breakdown: the next call starts a new worker. Whoever calls this opens a run again. */
export function revive(): void {
  breakdown.value = null;
}

const own: Omit<Sim, keyof Calls> = {
  version: () => inOrder(remote => remote.version()),
  open: async (link, lesson) => {
    const opened = await inOrder(remote => remote.open(link, lesson));
    isOpen = true;
    run.unlock();
    return opened;
  },
  checkScenario: text => inOrder(remote => remote.checkScenario(text)),
  readLesson: (text, file) => inOrder(remote => remote.readLesson(text, file)),
  proveLesson: (text, file) => inOrder(remote => remote.proveLesson(text, file)),
  acts: line => inOrder(remote => remote.acts(line)),
  watches: line => inOrder(remote => remote.watches(line)),
};

/** The model. */
export const sim: Sim = new Proxy(own as Sim, {
  get(target, method) {
    if (method in target) {
      return Reflect.get(target, method);
    }
    return async (...args: unknown[]) => {
      await run.open;
      return inOrder(remote => remote.call(method as keyof Calls, args));
    };
  },
});
