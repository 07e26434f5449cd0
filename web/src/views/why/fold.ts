/** Long chains, made short enough to read: what repeats is told once, and the middle waits until somebody asks for it. */
import type { Cause } from '../../sim/frames';

/** How many links are shown from each end of a long chain. */
const NEAR = 6;
const FAR = 4;

/** A link of the chain, and how often it stood there in a row. */
export interface Link {
  cause: Cause;
  times: number;
}

function same(one: Cause, other: Cause): boolean {
  return (
    one.kind === other.kind &&
    one.who === other.who &&
    one.verb === other.verb &&
    one.object?.id === other.object?.id &&
    one.ok === other.ok &&
    one.text === other.text
  );
}

/** The chain without repetitions: of equal neighbours the latest stays. */
export function links(chain: readonly Cause[]): Link[] {
  const told: Link[] = [];
  for (const cause of chain) {
    const last = told.at(-1);
    if (last && same(last.cause, cause)) last.times += 1;
    else told.push({ cause, times: 1 });
  }
  return told;
}

/** A chain in up to three pieces: what is near, how many are hidden, what is far. */
export interface Folded {
  near: Link[];
  hidden: number;
  far: Link[];
}

/** Hides the middle. A gap of one isn't worth hiding: its own line would be as long. */
export function fold(told: readonly Link[], open: boolean): Folded {
  if (open || told.length <= NEAR + FAR + 1) return { near: [...told], hidden: 0, far: [] };
  return { near: told.slice(0, NEAR), hidden: told.length - NEAR - FAR, far: told.slice(-FAR) };
}
