import { expect, test } from 'vitest';
import type { OwnerFrame } from '../../sim/frames';
import { type Cluster, nothing } from '../../state/cluster';
import { conditions, lookings } from './suggest';

function owner(fields: Partial<OwnerFrame>): OwnerFrame {
  return {
    id: 'deployment:1',
    kind: 'Deployment',
    namespace: 'default',
    name: 'web',
    owner: '',
    desired: 3,
    current: 3,
    ready: 3,
    available: 3,
    updated: 3,
    revision: 1,
    images: ['nginx:1.17.1'],
    strategy: 'RollingUpdate 25%/25%',
    paused: false,
    status: 'complete',
    ...fields,
  };
}

function having(...owners: OwnerFrame[]): Cluster {
  return { ...nothing, owners: new Map(owners.map(one => [one.id, one])) };
}

const said = (before: Cluster, now: Cluster) => conditions(before, now).map(({ that }) => that);

test('what is as it was suggests nothing', () => {
  expect(said(having(owner({})), having(owner({ id: 'deployment:9' })))).toEqual([]);
});

test('a new Deployment', () => {
  expect(said(nothing, having(owner({ namespace: 'dev' })))).toEqual([
    'deployment/web is complete in dev',
    'deployment/web ready == 3 in dev',
    'deployment/web image == nginx:1.17.1 in dev',
  ]);
});

test('an update, paused half-way', () => {
  const sets = (old: number, next: number) => [
    owner({ id: 'rs:1', kind: 'ReplicaSet', name: 'web-a', owner: 'deployment:1', desired: old, revision: 1 }),
    owner({ id: 'rs:2', kind: 'ReplicaSet', name: 'web-b', owner: 'deployment:1', desired: next, revision: 2 }),
  ];
  const before = having(owner({}), ...sets(3, 0).slice(0, 1));
  const now = having(owner({ images: ['nginx:1.17.2'], paused: true, status: 'paused', ready: 4 }), ...sets(3, 1));
  expect(said(before, now)).toEqual([
    'deployment/web ready == 4',
    'deployment/web image == nginx:1.17.2',
    'replicasets of web == 3, 1',
    'deployment/web .spec.paused == true',
  ]);
});

test('what is gone', () => {
  expect(said(having(owner({ namespace: 'dev' })), nothing)).toEqual(['deployment/web is gone in dev']);
});

test('looking around can be a goal', () => {
  const lines = [
    'kubectl get pods -n dev -w',
    'kubectl get pods -w',
    'kubectl describe pod web-1',
    'kubectl scale deploy web --replicas=2',
    'kubectl rollout status deploy web',
    'why pod/web-1',
  ];
  expect(lookings(lines).map(({ that }) => that)).toEqual([
    'get pods -w',
    'describe pod',
    'rollout status',
    'why pod/web-1',
  ]);
});
