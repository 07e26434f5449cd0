/** The worker: the model lives here, so that the page stays smooth whatever the model computes. */
import { expose } from 'comlink';
import * as podarium from 'podarium-wasm/podarium.js';
import wasm from 'podarium-wasm/podarium_bg.wasm?url';
import type { Diagnostic, Link, Opened } from './frames';
import type { Sandbox } from './module';

const loaded = podarium.default({ module_or_path: new URL(wasm, import.meta.url) });
let sandbox: Sandbox | null = null;

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
    const opened = podarium.Sandbox.open(link, lesson);
    sandbox?.free();
    sandbox = opened;
    return opened.opened();
  },
  async checkScenario(text: string): Promise<Diagnostic[]> {
    await loaded;
    return podarium.checkScenario(text);
  },
  async readLesson(text: string): Promise<unknown> {
    await loaded;
    return podarium.readLesson(text);
  },
  /** Calls a method of the run. */
  call(method: Method, args: unknown[]): unknown {
    if (!sandbox) {
      throw new Error('no run is open');
    }
    return (sandbox[method] as (...args: unknown[]) => unknown).apply(sandbox, args);
  },
};

export type WorkerApi = typeof api;

expose(api);
