/** What was solved, and how well. Kept in this browser only. */
import { signal } from '@preact/signals';
import { recall, remember } from '../../state/storage';
import type { Stars } from './score';

const KEY = 'progress';

/** How a lesson went, at best. */
export interface Result {
  /** The fewest acting lines it was solved with; `null`: only ever by the solution that was shown. */
  readonly best: number | null;
  readonly stars: Stars;
}

export type Progress = Readonly<Record<string, Result>>;

/** What of something kept makes sense. The rest is dropped: progress is never worth an error. */
export function sensible(kept: unknown): Progress {
  if (typeof kept !== 'object' || kept === null) {
    return {};
  }
  return Object.fromEntries(Object.entries(kept).filter((entry): entry is [string, Result] => isResult(entry[1])));
}

function isResult(value: unknown): value is Result {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const { best, stars } = value as Record<string, unknown>;
  const countable = best === null || (Number.isInteger(best) && (best as number) >= 0);
  return countable && (stars === 0 || stars === 1 || stars === 2 || stars === 3);
}

/** The progress after a lesson was solved: a worse way than before changes nothing. */
export function solved(progress: Progress, name: string, now: Result): Progress {
  const before = progress[name];
  if (before !== undefined) {
    const better = now.best !== null && (before.best === null || now.best < before.best);
    if (!better) {
      return progress;
    }
  }
  return { ...progress, [name]: now };
}

export const progress = signal<Progress>(sensible(recall<unknown>(KEY, {})));

function keep(next: Progress): void {
  progress.value = next;
  remember(KEY, next);
}

/** Notes that a lesson was solved. */
export function record(name: string, result: Result): void {
  const next = solved(progress.peek(), name, result);
  if (next !== progress.peek()) {
    keep(next);
  }
}

/** Begins anew. */
export function forgetAll(): void {
  keep({});
}
