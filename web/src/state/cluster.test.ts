import { expect, test } from 'vitest';
import type { Frame, PodFrame } from '../sim/frames';
import { merge, nothing } from './cluster';

function pod(id: string, status = 'Running'): PodFrame {
  const requests = { milliCpu: 0, memory: 0, pods: 1 };
  const where = { namespace: 'default', node: 'node-1', owner: '', ip: '' };
  return {
    ...where,
    id,
    name: id,
    state: 'running',
    status,
    ready: '1/1',
    restarts: 0,
    sandbox: true,
    containers: [],
    requests,
    created: 0,
  };
}

function frame(change: Partial<Frame>): Frame {
  const lists = { nodes: [], pods: [], owners: [], services: [], ingresses: [], gone: [] };
  const { at, epoch, horizon, next, revision, handled, crowd, totals } = nothing;
  return { at, epoch, horizon, next, revision, handled, crowd, totals, whole: false, ...lists, ...change };
}

test('what is new joins, what changed replaces, what is gone goes', () => {
  const first = merge(nothing, frame({ at: 1, pods: [pod('a'), pod('b')] }));
  const second = merge(first, frame({ at: 2, pods: [pod('b', 'Terminating'), pod('c')], gone: ['a'] }));
  expect([...second.pods].map(([id, { status }]) => `${id} ${status}`)).toEqual(['b Terminating', 'c Running']);
  expect(second.at).toBe(2);
  expect([...first.pods.keys()]).toEqual(['a', 'b']);
});

test('a map is the same as long as nothing in it changed', () => {
  const first = merge(nothing, frame({ pods: [pod('a')] }));
  expect(merge(first, frame({ at: 5, gone: ['service:1'] })).pods).toBe(first.pods);
  expect(merge(first, frame({ pods: [pod('b')] })).nodes).toBe(first.nodes);
});

test('a whole frame forgets what was known', () => {
  const first = merge(nothing, frame({ pods: [pod('a'), pod('b')] }));
  const second = merge(first, frame({ whole: true, pods: [pod('c')] }));
  expect([...second.pods.keys()]).toEqual(['c']);
});
