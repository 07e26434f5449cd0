/** The arithmetic of a rolling update: how many Pods there may be at most, and how many must be available at least. */

/** How a Deployment is updated. */
export type Strategy =
  | { type: 'RollingUpdate'; maxSurge: string; maxUnavailable: string }
  | { type: 'Recreate' }
  | { type: 'OnDelete' }
  | { type: 'other' };

/** Reads `RollingUpdate 25%/25%`: maxSurge before maxUnavailable. */
export function readStrategy(words: string): Strategy {
  const [type = '', amounts = ''] = words.split(' ');
  const [maxSurge, maxUnavailable] = amounts.split('/');
  if (type === 'RollingUpdate' && maxUnavailable && maxSurge) {
    return { type, maxSurge, maxUnavailable };
  }
  return type === 'Recreate' || type === 'OnDelete' ? { type } : { type: 'other' };
}

/** A number or a share of the size: 25% of 10 is 2.5, rounded as asked. */
export function amount(value: string, size: number, round: (value: number) => number): number {
  const number = Number.parseInt(value, 10);
  if (Number.isNaN(number)) return 0;
  return value.endsWith('%') ? round((number * size) / 100) : number;
}

export interface Bounds {
  /** At most so many Pods, old and new together. */
  most: number;
  /** At least so many of them available. */
  least: number;
}

/**
 * What a rolling update keeps to. maxSurge is rounded up and maxUnavailable down: 25% of 3 are 1 and 0, so never more than 4, nor fewer than 3.
 * If both come to 0, nothing could ever move, so one may be unavailable.
 */
export function bounds(size: number, maxSurge: string, maxUnavailable: string): Bounds {
  const surge = amount(maxSurge, size, Math.ceil);
  const unavailable = amount(maxUnavailable, size, Math.floor);
  const missing = surge === 0 && unavailable === 0 ? 1 : Math.min(unavailable, size);
  return { most: size + surge, least: size - missing };
}
