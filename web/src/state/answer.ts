/** What the model answers to a question that a view keeps asking while the run goes on: at most every so often, one at a time. */
import { computed, effect } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { isProblem } from '../sim/client';
import { branch, epoch } from './run';

/** Keeps asking: at once when something changed, but never twice within `every` milliseconds, and never twice at a time. */
export class Asker {
  private busy = false;
  private pending = false;
  private stopped = false;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly ask: () => Promise<void>;
  private readonly every: number;

  constructor(ask: () => Promise<void>, every: number) {
    this.ask = ask;
    this.every = every;
  }

  /** Something changed. */
  wake(): void {
    if (this.stopped) {
      return;
    }
    if (this.busy) {
      this.pending = true;
      return;
    }
    this.busy = true;
    void this.ask().finally(() => {
      this.timer = setTimeout(() => {
        this.busy = false;
        if (this.pending) {
          this.pending = false;
          this.wake();
        }
      }, this.every);
    });
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.timer);
  }
}

/** What was answered last. */
export interface Answer<T> {
  /** Which question it answers. */
  question: string;
  value: T | null;
  /** Why there is none, in the model's words. */
  problem: string | null;
}

/**
 * The answer to a question, asked again whenever what `follow` reads changes, the run jumps or another branch is looked at.
 * Until the first answer to this very question is there, both value and problem are `null`.
 */
export function useAnswer<T>(
  question: string,
  follow: () => unknown,
  ask: () => Promise<T>,
  every = 250,
): Omit<Answer<T>, 'question'> {
  const [answer, setAnswer] = useState<Answer<T>>({ question: '', value: null, problem: null });
  useEffect(() => {
    let current = true;
    const asker = new Asker(async () => {
      try {
        const value = await ask();
        if (current) {
          setAnswer({ question, value, problem: null });
        }
      } catch (thrown) {
        if (current) {
          setAnswer({ question, value: null, problem: isProblem(thrown) ? thrown.message : String(thrown) });
        }
      }
    }, every);
    // Computed, so that ticks which change nothing of it wake nobody.
    const followed = computed(follow);
    const stop = effect(() => {
      void [followed.value, epoch.value, branch.value];
      asker.wake();
    });
    return () => {
      current = false;
      stop();
      asker.stop();
    };
  }, [question]);
  return answer.question === question ? answer : { value: null, problem: null };
}
