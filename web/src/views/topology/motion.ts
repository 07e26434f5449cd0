/**
 * How pods move: what is drawn follows what is. Each pod has an actor that heads for the pod's place; a change of state is told by how it
 * gets there. Pods come out of nothing, fly from the tray to their node, glow when they become ready, drain while they terminate, and
 * shrink away when they are gone.
 *
 *     (new) ── appear ──▶ in the tray ── bound: fly ──▶ on its node ── ready: glow ──▶ … ── terminating: drain ──▶ … ── gone: leave ──▶ ×
 */
import type { PodFrame, PodState } from '../../sim/frames';
import type { Id } from '../../sim/module';
import type { PodPlace, Scene } from './layout';

/** A pod as it is drawn at this instant. */
export interface Actor {
  readonly id: Id;
  pod: PodFrame;
  /** The middle, in the world. */
  x: number;
  y: number;
  /** Compared with POD. */
  size: number;
  /** From 0, not to be seen, to 1. */
  alpha: number;
  /** How much of it has run out: 0 for a living pod, near 1 for one that has been terminating for long. */
  drain: number;
  /** From 1, just become ready, to 0. */
  glow: number;
  /** The state that it had before, and how far the colours have changed from that one's to its own: from 0 to 1. */
  before: PodState;
  mix: number;
  /** Whether it is gone from the cluster and only ends its leaving. */
  leaving: boolean;
  /** Its way from one place to another, if it flies. */
  flight: Flight | null;
  /** Where it heads for. */
  aim: PodPlace;
}

interface Flight {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  /** From 0 to 1. */
  progress: number;
}

/** How long a flight takes, in seconds. */
const FLIGHT = 0.6;
/** How quickly the rest of a way is made, as a share a second: at 9, 95 % after a third of a second. */
const PACE = 9;
const FADE = 7;
const DRAIN = 0.9;
const GLOW = 1.1;
/** What is nearer than this has arrived. */
const NEAR = 0.004;

/** How much a terminating pod drains, shrinks and fades. Something must be left to be seen: it still runs. */
const DRAINED = { drain: 0.82, size: 0.92, alpha: 0.85 } as const;

function ease(t: number): number {
  return t < 0.5 ? 4 * t ** 3 : 1 - (-2 * t + 2) ** 3 / 2;
}

/** All actors. */
export class Motion {
  readonly actors = new Map<Id, Actor>();
  private readonly moving = new Set<Actor>();

  /** Sends everybody to the places of a scene. With `jump`, they are there at once: after a leap in time nothing has moved. */
  direct(scene: Scene, jump: boolean): void {
    if (jump) this.actors.clear();
    if (jump) this.moving.clear();
    for (const [id, place] of scene.pods) {
      const actor = this.actors.get(id);
      if (!actor || actor.leaving) this.enter(id, place, jump);
      else this.redirect(actor, place);
    }
    for (const [id, actor] of this.actors) {
      if (scene.pods.has(id) || actor.leaving) continue;
      actor.leaving = true;
      this.moving.add(actor);
    }
  }

  private enter(id: Id, place: PodPlace, jump: boolean): void {
    const { x, y, size, pod } = place;
    const ends = pod.state === 'terminating';
    const actor: Actor = {
      id,
      pod,
      x,
      y,
      size: size * 0.5,
      alpha: 0,
      drain: 0,
      glow: 0,
      before: pod.state,
      mix: 1,
      leaving: false,
      flight: null,
      aim: place,
    };
    if (jump) {
      actor.alpha = ends ? DRAINED.alpha : 1;
      actor.size = ends ? size * DRAINED.size : size;
      actor.drain = ends ? DRAINED.drain : 0;
    } else {
      this.moving.add(actor);
    }
    this.actors.set(id, actor);
  }

  private redirect(actor: Actor, place: PodPlace): void {
    const { aim } = actor;
    const moves = aim.x !== place.x || aim.y !== place.y || aim.size !== place.size;
    const changes = actor.pod.state !== place.pod.state;
    if (aim.waits && !place.waits) actor.flight = { x: actor.x, y: actor.y, size: actor.size, progress: 0 };
    if (changes) {
      actor.before = actor.pod.state;
      actor.mix = 0;
      if (place.pod.state === 'ready') actor.glow = 1;
    }
    actor.pod = place.pod;
    actor.aim = place;
    if (moves || changes) this.moving.add(actor);
  }

  /** Whether anybody still moves. */
  get busy(): boolean {
    return this.moving.size > 0;
  }

  /**
   * Lets real time pass, in seconds. With `still`, everybody is in place at once and only fades: for who asked for less motion. What has
   * come to rest costs nothing.
   */
  advance(seconds: number, still = false): void {
    for (const actor of this.moving) {
      if (actor.leaving) this.leave(actor, seconds, still);
      else if (this.step(actor, seconds, still)) this.moving.delete(actor);
    }
  }

  private leave(actor: Actor, seconds: number, still: boolean): void {
    const left = Math.exp(-seconds * PACE);
    actor.alpha *= left;
    if (!still) actor.size *= Math.exp(-seconds * PACE * 0.35);
    if (actor.alpha > 0.03) return;
    this.moving.delete(actor);
    if (this.actors.get(actor.id) === actor) this.actors.delete(actor.id);
  }

  private step(actor: Actor, seconds: number, still: boolean): boolean {
    const { aim } = actor;
    const ends = actor.pod.state === 'terminating';
    const size = aim.size * (ends ? DRAINED.size : 1);
    const left = still ? 0 : Math.exp(-seconds * PACE);
    const follow = (from: number, to: number, rest: number) => to + (from - to) * rest;
    if (actor.flight && !still) {
      this.fly(actor, actor.flight, seconds, size);
    } else {
      actor.flight = null;
      actor.x = follow(actor.x, aim.x, left);
      actor.y = follow(actor.y, aim.y, left);
      actor.size = follow(actor.size, size, left);
    }
    actor.alpha = follow(actor.alpha, ends ? DRAINED.alpha : 1, Math.exp(-seconds * FADE));
    actor.drain = follow(actor.drain, ends ? DRAINED.drain : 0, still ? 0 : Math.exp(-seconds * (ends ? DRAIN : PACE)));
    actor.mix = Math.min(1, actor.mix + seconds * 4);
    actor.glow = still ? 0 : Math.max(0, actor.glow - seconds / GLOW);
    return this.settle(actor, size, ends);
  }

  /** A flight is an arc: up at first, so that pods leave the tray in a fountain and don't slide over their neighbours. */
  private fly(actor: Actor, flight: Flight, seconds: number, size: number): void {
    flight.progress = Math.min(1, flight.progress + seconds / FLIGHT);
    const t = ease(flight.progress);
    const lift = Math.sin(Math.PI * flight.progress) * Math.min(40, Math.abs(actor.aim.x - flight.x) * 0.12);
    actor.x = flight.x + (actor.aim.x - flight.x) * t;
    actor.y = flight.y + (actor.aim.y - flight.y) * t - lift;
    actor.size = flight.size + (size - flight.size) * t;
    if (flight.progress === 1) actor.flight = null;
  }

  /** Puts an actor exactly in its place if it is near enough, and says whether it rests. */
  private settle(actor: Actor, size: number, ends: boolean): boolean {
    const { aim } = actor;
    const alpha = ends ? DRAINED.alpha : 1;
    const drain = ends ? DRAINED.drain : 0;
    const near = (a: number, b: number, unit: number) => Math.abs(a - b) < NEAR * unit;
    const rests =
      !actor.flight &&
      actor.mix === 1 &&
      actor.glow === 0 &&
      near(actor.alpha, alpha, 1) &&
      near(actor.drain, drain, 1) &&
      near(actor.x, aim.x, 100) &&
      near(actor.y, aim.y, 100) &&
      near(actor.size, size, 1);
    if (rests) Object.assign(actor, { x: aim.x, y: aim.y, size, alpha, drain });
    return rests;
  }
}
