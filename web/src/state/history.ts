/** The run's history, for whoever draws it: asked for while somebody watches, and not more often than it can be read. */
import { effect, type ReadonlySignal, signal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sim } from '../sim/client';
import type { History } from '../sim/frames';
import { branch, cluster, epoch } from './run';

const EVERY_MS = 400;
const latest = signal<History | null>(null);
let watchers = 0;
let stop: (() => void) | null = null;

/** The history as far as it was played; `null` before it is known. */
export const history: ReadonlySignal<History | null> = latest;

function start(): () => void {
  let asked = '';
  let waiting: ReturnType<typeof setTimeout> | null = null;
  let asking = false;
  let stopped = false;
  const key = () => [epoch.value, branch.value, cluster.value.horizon, cluster.value.handled].join();
  const ask = async () => {
    waiting = null;
    asking = true;
    asked = key();
    try {
      latest.value = await sim.history();
    } catch {
      // Without a run there is no history; the next change asks again.
    } finally {
      asking = false;
      // What changed while it was asked isn't in the answer.
      if (!stopped && key() !== asked) {
        waiting = setTimeout(ask, EVERY_MS);
      }
    }
  };
  const dispose = effect(() => {
    if (key() !== asked && !waiting && !asking) {
      waiting = setTimeout(ask, latest.peek() ? EVERY_MS : 0);
    }
  });
  return () => {
    stopped = true;
    dispose();
    if (waiting) {
      clearTimeout(waiting);
    }
  };
}

/** Keeps `history` up to date for as long as the component is shown. */
export function useHistory(): ReadonlySignal<History | null> {
  useEffect(() => {
    watchers += 1;
    stop ??= start();
    return () => {
      watchers -= 1;
      if (watchers === 0) {
        stop?.();
        stop = null;
      }
    };
  }, []);
  return history;
}
