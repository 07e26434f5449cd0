import { expect, test } from 'vitest';
import type { OwnerFrame, Ref } from '../sim/frames';
import { nothing } from '../state/cluster';
import { actionsFor } from './actions';

const web: OwnerFrame = {
  id: 'deployment:1',
  kind: 'Deployment',
  namespace: 'dev',
  name: 'web',
  owner: '',
  desired: 3,
  current: 3,
  ready: 3,
  available: 3,
  updated: 3,
  revision: 2,
  images: ['nginx'],
  strategy: 'RollingUpdate 25%/25%',
  paused: false,
  status: 'complete',
};

function lines(object: Ref, owner?: OwnerFrame): string[] {
  const cluster = { ...nothing, owners: new Map(owner ? [[owner.id, owner]] : []) };
  return actionsFor(object, cluster).map(action => action.line);
}

test('a Deployment is scaled, rolled and paused in its namespace', () => {
  expect(lines({ id: web.id, kind: web.kind, namespace: web.namespace, name: web.name }, web)).toEqual([
    'kubectl describe deployment/web -n dev',
    'kubectl scale deployment/web -n dev --replicas=4',
    'kubectl scale deployment/web -n dev --replicas=2',
    'kubectl rollout status deployment/web -n dev',
    'kubectl rollout restart deployment/web -n dev',
    'kubectl rollout undo deployment/web -n dev',
    'kubectl rollout pause deployment/web -n dev',
    'kubectl delete deployment/web -n dev',
  ]);
});

test('what is at zero, paused, or in its first revision can do less', () => {
  const fresh = { ...web, desired: 0, revision: 1, paused: true };
  const all = lines({ id: web.id, kind: web.kind, namespace: 'default', name: web.name }, fresh).join('\n');
  expect(all).not.toMatch(/replicas=-1|undo|rollout pause/);
  expect(all).toContain('rollout resume deployment/web');
});

test('a pod has logs; the default namespace is left out', () => {
  expect(lines({ id: 'pod:1', kind: 'Pod', namespace: 'default', name: 'a' })).toEqual([
    'kubectl describe pod/a',
    'kubectl logs pod/a',
    'kubectl delete pod/a',
  ]);
});
