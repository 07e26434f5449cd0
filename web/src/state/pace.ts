/** How much virtual time is due, and the scale of speeds. */

export const SPEED_MIN = 0.01;
export const SPEED_MAX = 60;

/** A frame that took longer than this is not caught up with: the clock is late then, instead of the page being stuck. */
const LATE_MAX_MS = 100;

/** The nanoseconds of virtual time for so many milliseconds of real time at a speed. */
export function due(milliseconds: number, speed: number): number {
  return Math.round(Math.min(Math.max(milliseconds, 0), LATE_MAX_MS) * speed * 1e6);
}

/** A speed for a place on the slider, 0 … 1: each step to the right multiplies. Near 1× the slider catches. */
export function speedAt(position: number): number {
  const speed = SPEED_MIN * (SPEED_MAX / SPEED_MIN) ** Math.min(Math.max(position, 0), 1);
  if (speed > 0.9 && speed < 1.12) {
    return 1;
  }
  return Number(speed.toPrecision(2));
}

/** Where a speed is on the slider. */
export function positionOf(speed: number): number {
  return Math.log(speed / SPEED_MIN) / Math.log(SPEED_MAX / SPEED_MIN);
}

/** The speeds that keys go through. */
const SPEEDS = [0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 20, 30, 60];

/** The next faster or slower speed of the keys. */
export function nextSpeed(speed: number, faster: boolean): number {
  const next = faster ? SPEEDS.find(one => one > speed * 1.001) : SPEEDS.findLast(one => one < speed * 0.999);
  return next ?? (faster ? SPEED_MAX : SPEED_MIN);
}
