/** Long chains, made short enough to read: what repeats is told once, and the middle waits until somebody asks for it. */
import type { Cause, Why } from '../../sim/frames';

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

/** A chain in up to three pieces: what is near, how many are missing between, what is far. */
export interface Folded {
  near: Link[];
  hidden: number;
  far: Link[];
  /** Whether all that is hidden can be shown: the model leaves the middle of very long chains out itself. */
  opens: boolean;
}

/** Hides the middle, unless it is to be `open`. A gap of one isn't worth hiding: its own line would be as long. */
export function fold(
  { chain, leftOut, leftOutAfter }: Pick<Why, 'chain' | 'leftOut' | 'leftOutAfter'>,
  open: boolean,
): Folded {
  const before = links(chain.slice(0, leftOutAfter));
  const after = links(chain.slice(leftOutAfter));
  const count = before.length + after.length;
  if (open || (leftOut === 0 && count <= NEAR + FAR + 1)) {
    return { near: before, hidden: leftOut, far: after, opens: false };
  }
  const told = [...before, ...after];
  const hidden = count - NEAR - FAR;
  return hidden > 0
    ? { near: told.slice(0, NEAR), hidden: hidden + leftOut, far: told.slice(-FAR), opens: true }
    : { near: before, hidden: leftOut, far: after, opens: false };
}
