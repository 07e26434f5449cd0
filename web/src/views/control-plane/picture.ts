/** The picture's own sense of time: where it is, behind the clock, and which messages it draws. */
import { type ReadonlySignal, signal } from '@preact/signals';
import { useEffect, useState } from 'preact/hooks';
import { sim } from '../../sim/client';
import type { Message } from '../../sim/frames';
import { pause, play, playing, seek, speed, step } from '../../state/clock';
import { apply, cluster, epoch, messages } from '../../state/run';
import { MILLI, SECOND } from '../../words/time';
import { advance, LAG, progress, SLOW, SLOW_MOTION, skipQuiet } from './flight';

/** Quiet times longer than this are skipped in slow motion … */
const QUIET_MIN = 12 * MILLI;
/** … but not what lies further ahead: then the cluster is at rest, and nobody waits for anything. */
const QUIET_MAX = 60 * SECOND;

/** How far "again" goes back. */
const AGAIN = 50 * MILLI;

export interface Picture {
  /** The moment that is shown. */
  readonly shown: ReadonlySignal<number>;
  /** The messages that may be drawn: all while time passes; after a step only what it brought. */
  readonly drawn: ReadonlySignal<readonly Message[]>;
}

class Projector implements Picture {
  readonly shown = signal(cluster.peek().at);
  readonly drawn = signal<readonly Message[]>([]);
  private before = performance.now();
  private known = messages.peek();
  private jumps = epoch.peek();
  private request = 0;
  private skipping = false;

  start(): void {
    this.request = requestAnimationFrame(now => this.frame(now));
  }

  stop(): void {
    cancelAnimationFrame(this.request);
  }

  private frame(now: number): void {
    const elapsed = Math.min(0.1, (now - this.before) / 1000);
    this.before = now;
    this.take();
    const at = cluster.peek().at;
    const single = speed.peek() <= SLOW || !playing.peek();
    this.shown.value = single ? advance(this.shown.peek(), at, playing.peek(), speed.peek(), elapsed) : at;
    void this.skip();
    this.start();
  }

  /** Looks for what is new. */
  private take(): void {
    const all = messages.peek();
    if (this.jumps !== epoch.peek()) {
      this.jumps = epoch.peek();
      this.known = all;
      this.shown.value = cluster.peek().at;
      this.drawn.value = playing.peek() ? all : [];
      return;
    }
    if (all === this.known) {
      return;
    }
    const last = this.known.at(-1);
    const fresh = last ? all.slice(all.lastIndexOf(last) + 1) : all;
    this.known = all;
    if (playing.peek()) {
      this.drawn.value = all;
    } else if (fresh.length > 0) {
      this.drawn.value = fresh;
      this.shown.value = skipQuiet(fresh);
    }
  }

  /** In slow motion, goes on to shortly before the next event once nothing is under way. */
  private async skip(): Promise<void> {
    const { at, next } = cluster.peek();
    if (this.skipping || !playing.peek() || speed.peek() > SLOW || next === null) {
      return;
    }
    const quiet = next - at;
    const moving = this.drawn.peek().some(message => progress(message, this.shown.peek()) !== null);
    if (quiet < QUIET_MIN || quiet > QUIET_MAX || moving || this.shown.peek() < at - LAG - MILLI) {
      return;
    }
    this.skipping = true;
    try {
      await apply(await sim.tick(Math.round(quiet - 2 * LAG)));
      this.shown.value = Math.max(this.shown.peek(), cluster.peek().at - LAG);
    } finally {
      this.skipping = false;
    }
  }
}

/** The picture, running as long as the view is shown. */
export function usePicture(): Picture {
  const [projector] = useState(() => new Projector());
  useEffect(() => {
    projector.start();
    return () => projector.stop();
  }, [projector]);
  return projector;
}

/** The speed to go back to after slow motion. */
let usual = 1;

/** Switches slow motion on, and time with it; or back to the speed of before. */
export function toggleSlowMotion(): void {
  if (speed.peek() <= SLOW) {
    speed.value = usual;
  } else {
    usual = speed.peek();
    speed.value = SLOW_MOTION;
    play();
  }
}

/** Shows again, slowly, what was said last. */
export async function again(): Promise<void> {
  pause();
  if (speed.peek() > SLOW) {
    usual = speed.peek();
    speed.value = SLOW_MOTION;
  }
  const last = messages.peek().at(-1)?.at ?? cluster.peek().at;
  await seek(Math.max(0, Math.min(last, cluster.peek().at) - AGAIN));
  play();
}

/** Lets the next message happen. */
export async function nextMessage(): Promise<void> {
  await step(false);
}
