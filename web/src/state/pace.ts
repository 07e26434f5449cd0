/** How much virtual time is due. */

/** A frame that took longer than this is not caught up with: the clock is late then, instead of the page being stuck. */
const LATE_MAX_MS = 100;

/** The nanoseconds of virtual time for so many milliseconds of real time at a speed. */
export function due(milliseconds: number, speed: number): number {
  return Math.round(Math.min(Math.max(milliseconds, 0), LATE_MAX_MS) * speed * 1e6);
}
