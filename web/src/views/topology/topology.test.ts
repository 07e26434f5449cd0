import { describe, expect, it } from 'vitest';
import { node, owner, pod, service, stage } from './fixtures';
import { framing, held, reveal, seen, toScreen, toWorld, zoomAt } from './geometry';
import { group } from './groups';
import { layout } from './layout';
import { linksAbout, podsOf } from './links';
import { Motion } from './motion';
import { visibleActors } from './paint';
import { assign } from './slots';
import { around, items, move } from './tree';
import { troubles } from './troubles';
import { bridgeAddress, bytes, cpus, elide, imageName, share } from './words';

const SIZE = { w: 1000, h: 600 };

describe('geometry', () => {
  it('keeps the point under the pointer where it is while zooming', () => {
    const camera = { x: 40, y: -20, zoom: 0.5 };
    const before = toWorld(camera, SIZE, 800, 100);
    const after = zoomAt(camera, SIZE, 800, 100, 3);
    expect(after.zoom).toBe(1.5);
    const [x, y] = toScreen(after, SIZE, ...before);
    expect([x, y].map(Math.round)).toEqual([800, 100]);
  });

  it('frames a box whole, but no nearer than asked', () => {
    const box = { x: 0, y: 0, w: 2000, h: 600 };
    expect(framing(box, SIZE, 2)).toEqual({ x: 1000, y: 300, zoom: 0.5 });
    expect(framing({ x: 0, y: 0, w: 10, h: 10 }, SIZE, 2).zoom).toBe(2);
    expect(seen(framing(box, SIZE, 2), SIZE)).toEqual({ x: 0, y: -300, w: 2000, h: 1200 });
  });

  it('never loses the world', () => {
    const camera = { x: 9000, y: 10, zoom: 1 };
    expect(held(camera, { x: 0, y: 0, w: 100, h: 100 })).toEqual({ x: 100, y: 10, zoom: 1 });
  });

  it('reveals what is outside of the view by the shortest way, and leaves what is seen', () => {
    const camera = { x: 500, y: 300, zoom: 1 };
    expect(reveal(camera, SIZE, { x: 400, y: 200, w: 50, h: 50 }, 10)).toBe(camera);
    expect(reveal(camera, SIZE, { x: 1040, y: 200, w: 50, h: 50 }, 10)).toEqual({ x: 600, y: 300, zoom: 1 });
    expect(reveal(camera, SIZE, { x: -60, y: 200, w: 50, h: 50 }, 10)).toEqual({ x: 430, y: 300, zoom: 1 });
  });
});

describe('culling', () => {
  it('draws only who is in view', () => {
    const pods = Array.from({ length: 60 }, (_, at) => pod(`p${at}`, `node-${(at % 6) + 1}`));
    const nodes = Array.from({ length: 6 }, (_, at) => node(`node-${at + 1}`));
    const scene = layout(stage({ nodes, pods }), assign(new Map(), pods), SIZE);
    const motion = new Motion();
    motion.direct(scene, true);
    const home = scene.nodes[0];
    if (!home) throw new Error('a node');
    const ids = visibleActors(motion.actors, home).map(actor => actor.pod.node);
    expect(ids).toHaveLength(10);
    expect(new Set(ids)).toEqual(new Set(['node-1']));
    expect(visibleActors(motion.actors, scene.box)).toHaveLength(60);
  });
});

describe('links', () => {
  const ready = pod('a', 'node-1', 'ready', { owner: 'ReplicaSet:web-1' });
  const other = pod('b', 'node-1', 'running');
  const owners = [owner('Deployment', 'web'), owner('ReplicaSet', 'web-1', { owner: 'Deployment:web', revision: 1 })];
  const rules = [
    { host: 'shop', path: '/', service: 'web' },
    { host: 'shop', path: '/x', service: 'web' },
  ];
  const ingress = { id: 'ingress:shop', namespace: 'default', name: 'shop', rules };
  const all = {
    ...stage({ pods: [ready, other], owners, services: [service('web', [ready, other])] }),
    ingresses: new Map([[ingress.id, ingress]]),
  };

  it('fan out from Services and Ingresses, and lead back from pods', () => {
    const toPods = [
      { from: 'service:web', to: 'pod:a', ready: true },
      { from: 'service:web', to: 'pod:b', ready: false },
    ];
    const door = { from: 'ingress:shop', to: 'service:web', ready: true };
    expect(linksAbout(all, 'ingress:shop')).toEqual([door, ...toPods]);
    expect(linksAbout(all, 'service:web')).toEqual([door, ...toPods]);
    expect(linksAbout(all, 'pod:b')).toEqual(toPods.slice(1));
    expect(linksAbout(all, 'node:x')).toEqual([]);
  });

  it('find the pods of an owner through its ReplicaSets', () => {
    expect([...podsOf(all, 'Deployment:web')]).toEqual(['pod:a']);
    expect([...podsOf(all, 'pod:a')]).toEqual([]);
  });

  it('group pods by owner and by revision', () => {
    const label = (by: 'owner' | 'revision') =>
      group(all.pods.values(), by, all.owners).groups.map(one => `${one.label} ${one.count}`);
    expect(label('owner')).toEqual([' 1', 'web 1']);
    expect(label('revision')).toEqual([' 1', 'web · 1 1']);
    expect(group(all.pods.values(), 'state', all.owners).groups).toEqual([]);
  });
});

describe('troubles', () => {
  it('are told in the order of looking, and the dark hides what depends on power', () => {
    const kinds = (more: Parameters<typeof node>[1]) => troubles(node('n', more)).map(one => one.kind);
    expect(kinds({})).toEqual([]);
    expect(kinds({ powered: false, ready: false, kubelet: false })).toEqual(['power', 'notReady']);
    expect(kinds({ connected: false, kubelet: false, schedulable: false, conditions: ['MemoryPressure'] })).toEqual([
      'network',
      'kubelet',
      'cordoned',
      'condition',
    ]);
  });
});

describe('tree', () => {
  const pods = [pod('a', 'node-1'), pod('b', 'node-1'), pod('w', '', 'pending')];
  const scene = layout(stage({ nodes: [node('node-1'), node('node-2')], pods }), assign(new Map(), pods), SIZE);
  const closed = items(scene, new Set());
  const open = items(scene, new Set(['node:node-1']));

  it('has pods that wait, nodes, and the pods of open nodes', () => {
    expect(closed.map(item => item.thing.id)).toEqual(['pod:w', 'node:node-1', 'node:node-2']);
    expect(open.map(item => `${item.level} ${item.thing.id} ${item.position}/${item.siblings}`)).toEqual([
      '1 pod:w 1/3',
      '1 node:node-1 2/3',
      '2 pod:a 1/2',
      '2 pod:b 2/2',
      '1 node:node-2 3/3',
    ]);
    expect(open.map(item => item.open)).toEqual([null, true, null, null, null]);
  });

  it('is walked through as trees are', () => {
    expect(move(closed, 'node:node-1', 'ArrowRight')).toEqual({ toggle: 'node:node-1' });
    expect(move(open, 'node:node-1', 'ArrowRight')).toEqual({ to: 'pod:a' });
    expect(move(open, 'pod:b', 'ArrowLeft')).toEqual({ to: 'node:node-1' });
    expect(move(open, 'pod:b', 'ArrowDown')).toEqual({ to: 'node:node-2' });
    expect(move(open, 'pod:w', 'ArrowUp')).toBeNull();
    expect(move(open, null, 'ArrowDown')).toEqual({ to: 'pod:w' });
    expect(move(open, 'pod:w', 'End')).toEqual({ to: 'node:node-2' });
  });

  it('needs only the part around the current item', () => {
    expect(around([0, 1, 2, 3, 4, 5, 6], 3, 1)).toEqual({ from: 2, part: [2, 3, 4] });
    expect(around([0, 1, 2, 3], 0, 1).part).toEqual([0, 1, 2]);
  });
});

describe('words', () => {
  it.each([
    [250, '250m'],
    [1000, '1'],
    [1500, '1.5'],
    [0, '0'],
    [12_345, '12.3'],
  ])('%i thousandths of a CPU are %s', (milli, said) => expect(cpus(milli)).toBe(said));

  it.each([
    [0, '0'],
    [512 * 1024 ** 2, '512Mi'],
    [1.5 * 1024 ** 3, '1.5Gi'],
    [170 * 1024 ** 3, '170Gi'],
  ])('%i bytes are %s', (amount, said) => expect(bytes(amount)).toBe(said));

  it('keeps the end of a name that is too long', () => {
    expect(elide('web-5d89bdfbf9-bhcns', 12)).toBe('web-5…-bhcns');
    expect(elide('web', 12)).toBe('web');
    expect(elide('web-5d89bdfbf9-bhcns', 4)).toBe('…cns');
  });

  it('works out the bridge, images and shares', () => {
    expect(bridgeAddress('10.244.3.0/24')).toBe('10.244.3.1/24');
    expect(bridgeAddress('')).toBe('');
    expect(imageName('registry.example/shop/web:1.2')).toBe('web:1.2');
    expect([share(1, 4), share(5, 4), share(1, 0)]).toEqual([0.25, 1, 0]);
  });
});
