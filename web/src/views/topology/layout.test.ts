import { describe, expect, it } from 'vitest';
import { node, pod, service, stage } from './fixtures';
import { type Box, contains, grow, overlaps } from './geometry';
import { boxOf, hit, podBox } from './hit';
import { capacityFor, layout } from './layout';
import { assign, type Slots } from './slots';

const SIZE = { w: 1440, h: 800 };

function cluster(nodes: number, podsEach: number, waiting = 0) {
  const names = Array.from({ length: nodes }, (_, at) => `node-${at + 1}`);
  const pods = names.flatMap(name => Array.from({ length: podsEach }, (_, at) => pod(`${name}-${at}`, name)));
  const queue = Array.from({ length: waiting }, (_, at) => pod(`waits-${at}`, '', 'pending'));
  return stage({ nodes: names.map(name => node(name)), pods: [...pods, ...queue], services: [service('web', pods)] });
}

function lay(of: ReturnType<typeof cluster>, size = SIZE) {
  const slots: Slots = assign(new Map(), of.pods.values());
  return layout(of, slots, size);
}

function within(inner: Box, outer: Box): boolean {
  return contains(outer, inner.x, inner.y) && contains(outer, inner.x + inner.w, inner.y + inner.h);
}

describe('layout', () => {
  it.each([
    [1, 1],
    [3, 4],
    [5, 7],
    [20, 50],
    [7, 110],
  ])('puts the pods of %i nodes with %i pods each inside their node, and nobody over another', (nodes, pods) => {
    const scene = lay(cluster(nodes, pods));
    const boxes = [...scene.pods.values()].map(podBox);
    for (const place of scene.pods.values()) {
      const home = scene.byNode.get(place.pod.node);
      expect(home && within(podBox(place), grow(home.yard, 0.001))).toBe(true);
    }
    boxes.sort((a, b) => a.y - b.y || a.x - b.x);
    boxes.forEach((box, at) => {
      for (const other of boxes.slice(at + 1, at + 40)) expect(overlaps(box, other)).toBe(false);
    });
    for (const box of scene.nodes) expect(within(box, scene.box)).toBe(true);
  });

  it('keeps all waiting pods in the tray, whose height does not change', () => {
    const few = lay(cluster(3, 2, 1));
    const many = lay(cluster(3, 2, 900));
    expect(many.tray.h).toBe(few.tray.h);
    for (const place of many.pods.values()) {
      if (place.waits) expect(within(podBox(place), many.tray)).toBe(true);
    }
  });

  it('keeps the nodes where they are while pods come, until the next step of capacity', () => {
    const where = (pods: number) => lay(cluster(3, pods)).nodes.map(({ x, y, w, h }) => [x, y, w, h]);
    expect(where(5)).toEqual(where(6));
    expect(where(6)).not.toEqual(where(7));
    expect(capacityFor(1000)).toBe(1024);
  });

  it('sorts node-2 before node-10, and seats pods of a node that is gone with those that wait', () => {
    const nodes = ['node-10', 'node-2'].map(name => node(name));
    const scene = lay(stage({ nodes, pods: [pod('orphan', 'node-3')] }));
    expect(scene.nodes.map(box => box.node.name)).toEqual(['node-2', 'node-10']);
    expect(scene.pods.get('pod:orphan')?.waits).toBe(true);
  });

  it('shows one node a row where it is narrow', () => {
    const scene = lay(cluster(3, 4), { w: 390, h: 700 });
    expect(new Set(scene.nodes.map(box => box.x)).size).toBe(1);
    expect(scene.underlay).toHaveLength(3);
  });

  it('gives a crowd tiles and no pods', () => {
    const nodes = Array.from({ length: 5000 }, (_, at) => node(`node-${at}`));
    const scene = lay(stage({ nodes, crowd: true }));
    expect(scene.nodes).toHaveLength(5000);
    expect(scene.pods.size).toBe(0);
    expect(scene.box.w / scene.box.h).toBeGreaterThan(0.8);
  });
});

describe('hit', () => {
  const scene = lay(cluster(2, 3));
  const middle = (box: Box): [number, number] => [box.x + box.w / 2, box.y + box.h / 2];
  const find = (id: string) => boxOf(scene, id) ?? { x: 0, y: 0, w: 0, h: 0 };

  it('finds a pod before the node that it stands on', () => {
    expect(hit(scene, ...middle(find('pod:node-1-2')))).toEqual({ kind: 'pod', id: 'pod:node-1-2' });
    const { head } = scene.nodes[1] ?? { head: { x: 0, y: 0, w: 0, h: 0 } };
    expect(hit(scene, ...middle(head))).toEqual({ kind: 'node', id: 'node:node-2' });
    expect(hit(scene, ...middle(find('service:web')))).toEqual({ kind: 'service', id: 'service:web' });
  });

  it('finds nothing where nothing is', () => {
    expect(hit(scene, -1000, -1000)).toBeNull();
    expect(boxOf(scene, 'pod:nobody')).toBeNull();
  });
});

describe('slots', () => {
  it('keeps places while neighbours go, and fills the first gap', () => {
    const [a, b, c, d] = ['a', 'b', 'c', 'd'].map(name => pod(name, 'node-1'));
    if (!a || !b || !c || !d) throw new Error('four pods');
    const first = assign(new Map(), [a, b, c]);
    const second = assign(first, [a, c]);
    const third = assign(second, [a, c, d]);
    expect(second.get('node-1')?.get(c.id)).toBe(2);
    expect(third.get('node-1')?.get(d.id)).toBe(1);
    expect(third.get('node-1')?.get(a.id)).toBe(0);
  });

  it('gives places anew by an order', () => {
    const pods = ['a', 'b', 'c'].map(name => pod(name, 'node-1'));
    const backwards = assign(new Map(), pods, (x, y) => (x.name < y.name ? 1 : -1));
    expect([...(backwards.get('node-1') ?? [])].map(([id]) => id)).toEqual(['pod:c', 'pod:b', 'pod:a']);
  });
});
