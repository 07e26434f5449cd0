/**
 * When a message is under way on the screen.
 *
 * The page hears of a message when it has arrived, so what is shown runs a little behind the clock: by no more than the slowest hop takes.
 * While time stands still, what is shown catches up.
 */
import type { Message } from '../../sim/frames';
import { MILLI } from '../../words/time';

/** At this speed and below, single messages can be followed by eye; above, links show how much goes over them. */
export const SLOW = 0.05;

/** The speed of the button "slow motion": a millisecond takes half a second. */
export const SLOW_MOTION = 0.002;

/** What takes no virtual time, such as what kubectl asks and what is written into etcd, is shown for this long. */
const SHORTEST = 0.8 * MILLI;

/** What a controller decided is shown long enough to be read. */
const THOUGHT = 3 * MILLI;

/** How far the picture runs behind the clock: a watch delivers after two milliseconds. */
export const LAG = 2.2 * MILLI;

/** How fast the picture catches up while time stands still, in virtual seconds a second. */
const CATCH_UP = 0.003;

/** How far behind its usual lag the picture may be while time passes. */
const BEHIND_MAX = 2 * MILLI;

/** How long it may take to catch up while time stands still, in seconds. */
const CATCH_UP_MAX = 2.5;

/** The virtual time during which a message is drawn between sender and receiver. */
export interface Flight {
  from: number;
  to: number;
}

/**
 * A message's flight. What the user asks leaves before it arrives; a write into etcd goes on after its moment, when the API server has it:
 * so request, write and delivery follow one another, as they do.
 */
export function flight(message: Message): Flight {
  if (message.at - message.sent >= SHORTEST) return { from: message.sent, to: message.at };
  if (message.kind === 'work' && message.text) return { from: message.at, to: message.at + THOUGHT };
  const after = message.kind === 'commit' || message.kind === 'answer' || message.kind === 'work';
  return after ? { from: message.at, to: message.at + SHORTEST } : { from: message.at - SHORTEST, to: message.at };
}

/** How far a message is at a shown moment, from 0 to 1; `null` if it isn't under way. */
export function progress(message: Message, shown: number): number | null {
  const { from, to } = flight(message);
  return shown < from || shown >= to ? null : (shown - from) / (to - from);
}

/** Where the picture is after some real seconds. It never runs backwards, and never past what is known. */
export function advance(shown: number, now: number, playing: boolean, speed: number, elapsed: number): number {
  const target = playing ? now - LAG : now + SHORTEST;
  const gap = target - shown;
  if (gap <= 0) return shown;
  // Far behind a clock that was fast until now: what happened meanwhile went by too quickly anyway.
  if (playing && gap > BEHIND_MAX) return target - BEHIND_MAX;
  const pace = playing ? speed : Math.max(CATCH_UP, gap / 1e9 / CATCH_UP_MAX);
  return Math.min(target, shown + pace * elapsed * 1e9);
}

/** Where to begin to show what a step brought: when the first of its messages leaves. Nothing is shown of the quiet before. */
export function skipQuiet(fresh: readonly Message[]): number {
  return Math.min(...fresh.map(message => flight(message).from));
}

/** Ease in and out: tokens leave and arrive gently. */
export function ease(part: number): number {
  return part < 0.5 ? 2 * part * part : 1 - (2 - 2 * part) ** 2 / 2;
}
