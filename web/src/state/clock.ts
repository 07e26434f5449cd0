/** The virtual clock: real time times speed, one call in flight at most. */
import { computed, effect, signal } from '@preact/signals';
import { sim } from '../sim/client';
import { due } from './pace';
import { attempt, report } from './problems';
import { apply, cluster } from './run';

/** Whether time passes. */
export const playing = signal(false);
/** Virtual seconds per real second: 0.01 … 60. */
export const speed = signal(1);
/** Whether the moment that is looked at lies before what was already played. */
export const past = computed(() => cluster.value.at < cluster.value.horizon);

/** Counts the times that the clock was started, so that a loop which was stopped doesn't go on beside the next one. */
let loop = 0;

async function run(mine: number): Promise<void> {
  let before = performance.now();
  while (loop === mine) {
    const now = await new Promise(requestAnimationFrame);
    if (loop !== mine) {
      return;
    }
    const nanos = due(now - before, speed.peek());
    before = now;
    try {
      // Also when time was stopped meanwhile: the next frame only says what changed since this one.
      await apply(await sim.tick(nanos));
    } catch (thrown) {
      report(thrown);
      playing.value = false;
    }
  }
}

effect(() => {
  loop += 1;
  if (playing.value) {
    void run(loop);
  }
});

/** Lets time pass. */
export function play(): void {
  playing.value = true;
}

/** Stops time. */
export function pause(): void {
  playing.value = false;
}

let wanted: number | null = null;
let seeking: Promise<void> | null = null;

async function follow(): Promise<void> {
  while (wanted !== null) {
    const at = wanted;
    wanted = null;
    await apply(await sim.seek(at), true);
  }
}

/** Goes to a moment, back or forward. Of many at once (a bar that is dragged) only the latest is gone to. */
export function seek(at: number): Promise<void> {
  wanted = Math.max(0, Math.round(at));
  seeking ??= follow().finally(() => {
    seeking = null;
  });
  return seeking;
}

/** Goes to the next event, or to the next change that can be seen, and stops there. */
export async function step(visible: boolean): Promise<void> {
  pause();
  await apply(await sim.step(visible));
}

/** Lets the time pass in which nothing happens. */
export async function skipIdle(): Promise<void> {
  const { at, next } = cluster.peek();
  if (next !== null && next > at) {
    await apply(await sim.tick(next - at));
  }
}

/** Back to the latest moment that was ever played. */
export function goToNow(): void {
  attempt(seek(cluster.peek().horizon));
}

/** A page that nobody sees gets no animation frames: its clock stands, and goes on when it is seen again. */
export function startClock(): void {
  let wasPlaying = false;
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      wasPlaying = playing.peek();
      pause();
    } else if (wasPlaying) {
      play();
    }
  });
}
