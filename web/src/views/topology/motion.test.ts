import { describe, expect, it } from 'vitest';
import type { PodFrame, PodState } from '../../sim/frames';
import { node, pod, stage } from './fixtures';
import { layout } from './layout';
import { type Actor, Motion } from './motion';
import { assign } from './slots';

function sceneOf(...pods: PodFrame[]) {
  const of = stage({ nodes: [node('node-1'), node('node-2')], pods });
  return layout(of, assign(new Map(), pods), { w: 1200, h: 800 });
}

function play(motion: Motion, seconds: number, still = false): void {
  for (let at = 0; at < seconds; at += 1 / 60) motion.advance(1 / 60, still);
}

function actor(motion: Motion, id = 'pod:a'): Actor {
  const found = motion.actors.get(id);
  if (!found) throw new Error(`no ${id}`);
  return found;
}

describe('motion', () => {
  it('lets a new pod appear where it belongs, and rests then', () => {
    const motion = new Motion();
    motion.direct(sceneOf(pod('a', '', 'pending')), false);
    expect(actor(motion).alpha).toBe(0);
    play(motion, 3);
    expect(actor(motion)).toMatchObject({ alpha: 1, size: actor(motion).aim.size });
    expect(motion.busy).toBe(false);
  });

  it('flies a pod that was bound from the tray to its node', () => {
    const motion = new Motion();
    motion.direct(sceneOf(pod('a', '', 'pending')), true);
    const from = { x: actor(motion).x, y: actor(motion).y };
    motion.direct(sceneOf(pod('a', 'node-2', 'creating')), false);
    play(motion, 0.3);
    const half = actor(motion);
    expect(half.flight).not.toBeNull();
    expect(half.y).toBeGreaterThan(from.y);
    expect(half.y).toBeLessThan(half.aim.y);
    play(motion, 2);
    expect([half.x, half.y, half.flight]).toEqual([half.aim.x, half.aim.y, null]);
  });

  it.each<[PodState, PodState, number]>([
    ['running', 'ready', 1],
    ['ready', 'failing', 0],
  ])('from %s to %s it glows by %i', (before, after, glow) => {
    const motion = new Motion();
    motion.direct(sceneOf(pod('a', 'node-1', before)), true);
    motion.direct(sceneOf(pod('a', 'node-1', after)), false);
    expect(actor(motion)).toMatchObject({ glow, before, mix: 0 });
    play(motion, 2);
    expect(actor(motion)).toMatchObject({ glow: 0, mix: 1 });
  });

  it('drains a terminating pod, but leaves something to be seen until it is gone', () => {
    const motion = new Motion();
    motion.direct(sceneOf(pod('a', 'node-1')), true);
    motion.direct(sceneOf(pod('a', 'node-1', 'terminating')), false);
    play(motion, 1);
    const early = actor(motion).drain;
    play(motion, 20);
    expect(early).toBeGreaterThan(0.3);
    expect(actor(motion).drain).toBeGreaterThan(early);
    expect(actor(motion).alpha).toBeGreaterThan(0.5);
    motion.direct(sceneOf(), false);
    expect(actor(motion).leaving).toBe(true);
    play(motion, 1);
    expect(motion.actors.size).toBe(0);
  });

  it('is there at once after a leap, also if much was under way', () => {
    const motion = new Motion();
    motion.direct(sceneOf(pod('a', '', 'pending'), pod('b', 'node-1')), false);
    play(motion, 0.1);
    motion.direct(sceneOf(pod('a', 'node-2', 'terminating')), true);
    expect([...motion.actors.keys()]).toEqual(['pod:a']);
    expect(motion.busy).toBe(false);
    expect(actor(motion).drain).toBeGreaterThan(0.5);
  });

  it('moves nobody for who asked for less motion', () => {
    const motion = new Motion();
    motion.direct(sceneOf(pod('a', '', 'pending')), true);
    motion.direct(sceneOf(pod('a', 'node-1', 'ready')), false);
    motion.advance(1 / 60, true);
    expect([actor(motion).x, actor(motion).y, actor(motion).glow]).toEqual([
      actor(motion).aim.x,
      actor(motion).aim.y,
      0,
    ]);
  });

  it('takes a pod back that comes again while it leaves', () => {
    const motion = new Motion();
    motion.direct(sceneOf(pod('a', 'node-1')), true);
    motion.direct(sceneOf(), false);
    play(motion, 0.1);
    motion.direct(sceneOf(pod('a', 'node-1')), false);
    play(motion, 3);
    expect(actor(motion)).toMatchObject({ leaving: false, alpha: 1 });
  });
});
