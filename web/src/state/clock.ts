/** The virtual clock: real time times speed, one tick in flight at most. */
import { computed, effect, signal } from '@preact/signals';
import { sim } from '../sim/client';
import { due } from './pace';
import { apply, cluster } from './run';

export const SPEED_MIN = 0.01;
export const SPEED_MAX = 60;

/** Whether time passes. */
export const playing = signal(false);
/** Virtual seconds per real second: 0.01 … 60. */
export const speed = signal(1);
/** Whether the moment that is looked at lies before what was already played. */
export const past = computed(() => cluster.value.at < cluster.value.horizon);

let before = 0;
let inFlight = false;

async function frame(now: number): Promise<void> {
  if (!playing.peek()) {
    return;
  }
  if (!inFlight) {
    const nanos = due(now - before, speed.peek());
    before = now;
    inFlight = true;
    try {
      await apply(await sim.tick(nanos));
    } catch {
      // The client has said so already; a clock that goes on would only say it again.
      playing.value = false;
    } finally {
      inFlight = false;
    }
  }
  requestAnimationFrame(frame);
}

effect(() => {
  if (playing.value) {
    before = performance.now();
    requestAnimationFrame(frame);
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

/** Goes to a moment, back or forward. */
export async function seek(at: number): Promise<void> {
  await apply(await sim.seek(Math.max(0, Math.round(at))));
}

/** Goes to the next event, or to the next change that can be seen, and stops there. */
export async function step(visible: boolean): Promise<void> {
  pause();
  await apply(await sim.step(visible));
}

// A page that nobody sees gets no animation frames; its clock stands, and goes on when it is seen again.
let wasPlaying = false;
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) {
      wasPlaying = playing.peek();
      pause();
    } else if (wasPlaying) {
      play();
    }
  });
}
