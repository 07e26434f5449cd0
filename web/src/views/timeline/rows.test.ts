import { expect, test } from 'vitest';
import type { History, PodLane, Ref, SizeLane } from '../../sim/frames';
import { heightOf, NODES, ORPHANS, rowAt, rows, shortPod, spanAt, stretches } from './rows';

const ref = (kind: string, name: string, namespace = 'default'): Ref => ({
  id: `${kind}:${name}`,
  kind,
  namespace,
  name,
});

const size = (name: string, parent: string, desired: (number | null)[]): SizeLane => ({
  owner: ref('ReplicaSet', name),
  parent,
  steps: desired.map((desired, from) => ({ from, desired, ready: 0 })),
});

const pod = (name: string, ownerName = '', namespace = 'default'): PodLane => ({
  pod: ref('Pod', name, namespace),
  owner: ownerName ? `ReplicaSet:${ownerName}` : '',
  ownerName,
  node: 'node-1',
  spans: [{ from: 0, state: 'pending', status: 'Pending' }],
  gone: null,
});

const history: History = {
  horizon: 10,
  pods: [pod('lonely'), pod('web-5d-a', 'web-5d'), pod('web-67-b', 'web-67'), pod('other', '', 'dev')],
  podsLeftOut: 0,
  nodes: [{ node: ref('Node', 'node-1', ''), spans: [] }],
  sizes: [size('web-5d', 'Deployment:web', [2, 0]), size('web-67', 'Deployment:web', [0, 3])],
  marks: [],
};

test('nodes, then owners with sizes and Pods, then who has none', () => {
  expect(rows(history, '', new Set()).map(row => `${row.kind} ${row.label}`)).toEqual([
    'group ',
    'node node-1',
    'group deployment/web',
    'size 5d',
    'size 67',
    'pod a',
    'pod b',
    'group ',
    'pod lonely',
    'pod other',
  ]);
});

test('rows stand below one another without gaps', () => {
  const all = rows(history, '', new Set());
  all.reduce((top, row) => {
    expect(row.top).toBe(top);
    return top + row.height;
  }, 0);
  expect(rowAt(all, heightOf(all) - 1)?.label).toBe('other');
  expect(rowAt(all, heightOf(all))).toBeNull();
  expect(rowAt(all, -1)).toBeNull();
  expect(rowAt(all, 0)?.kind).toBe('group');
});

test('closed groups show their heads, and a namespace leaves out the others', () => {
  const closed = new Set([NODES, 'Deployment:web', ORPHANS]);
  expect(rows(history, '', closed).map(row => row.kind)).toEqual(['group', 'group', 'group']);
  expect(rows(history, 'dev', closed).map(row => row.group)).toEqual([NODES, ORPHANS]);
});

test('the ReplicaSets of a Deployment have one scale', () => {
  const sizes = rows(history, '', new Set()).filter(row => row.kind === 'size');
  expect(sizes.map(row => row.most)).toEqual([3, 3]);
});

test('a Pod’s name loses what its owner says already', () => {
  expect(shortPod('web-5d-a', 'web-5d')).toBe('a');
  expect(shortPod('lonely', '')).toBe('lonely');
});

test('spans last until the next begins', () => {
  const spans = [{ from: 0 }, { from: 5 }, { from: 5 }, { from: 8 }];
  expect(stretches(spans, 9).map(({ from, to }) => [from, to])).toEqual([
    [0, 5],
    [5, 8],
    [8, 9],
  ]);
  expect(spanAt(spans, 7)).toBe(spans[2]);
  expect(spanAt([{ from: 3 }], 1)).toBeNull();
});
