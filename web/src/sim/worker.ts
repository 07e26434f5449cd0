/** The worker: the model lives here, so that the page stays smooth whatever the model computes. */
import { expose } from 'comlink';
import load from 'podarium-wasm/load.js';
import * as podarium from 'podarium-wasm/podarium.js';
import type { Diagnostic, Lesson, Link, Opened } from './frames';
import type { Sandbox } from './module';

const loaded = load();
let sandbox: Sandbox | null = null;

/** Calls into the module; a trap is thrown with the words that the module left. */
function told<T>(work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    const words = thrown instanceof WebAssembly.RuntimeError ? podarium.lastPanic() : undefined;
    throw words === undefined ? thrown : new Error(words);
  }
}

type Method = Exclude<keyof Sandbox, 'free'>;

const api = {
  /** Waits for the module; its version. */
  async version(): Promise<string> {
    await loaded;
    return podarium.version();
  },
  /** Opens a run in the place of the one before, which stays if the new one can't be opened. */
  async open(link: Link, lesson?: string): Promise<Opened> {
    await loaded;
    return told(() => {
      const opened = podarium.Sandbox.open(link, lesson);
      const run = opened.opened();
      sandbox?.free();
      sandbox = opened;
      return run;
    });
  },
  async checkScenario(text: string): Promise<Diagnostic[]> {
    await loaded;
    return told(() => podarium.checkScenario(text));
  },
  async readLesson(text: string, file: string): Promise<Lesson> {
    await loaded;
    return told(() => podarium.readLesson(text, file));
  },
  async proveLesson(text: string, file: string): Promise<string[]> {
    await loaded;
    return told(() => podarium.proveLesson(text, file));
  },
  async acts(line: string): Promise<number> {
    await loaded;
    return told(() => podarium.acts(line));
  },
  async watches(line: string): Promise<boolean> {
    await loaded;
    return told(() => podarium.watches(line));
  },
  /** Calls a method of the run. */
  call(method: Method, args: unknown[]): unknown {
    if (!sandbox) {
      throw new Error('no run is open');
    }
    const open = sandbox;
    return told(() => (open[method] as (...args: unknown[]) => unknown).apply(open, args));
  },
};

export type WorkerApi = typeof api;

expose(api);
