import { expect, test } from 'vitest';
import { owner, pod } from './frames.fixture';
import { forest, isRetired, ordinal } from './tree';

const deployment = owner('web', { desired: 2 });
const old = owner('rs-old', { owner: 'web', revision: 1 });
const fresh = owner('rs-new', { owner: 'web', revision: 2, desired: 2 });

test('a Deployment has its ReplicaSets, the newest first, and these their Pods, the oldest first', () => {
  const pods = [pod('b', { owner: 'rs-new', created: 2 }), pod('a', { owner: 'rs-new', created: 1 })];
  const [web] = forest([old, deployment, fresh], pods, '').owners;
  expect(web?.children.map(child => child.frame.name)).toEqual(['rs-new', 'rs-old']);
  expect(web?.children[0]?.pods.map(each => each.name)).toEqual(['a', 'b']);
});

test('ordinals sort as numbers', () => {
  const pods = ['web-10', 'web-2', 'web-0'].map(name => pod(name, { owner: 'sts' }));
  const [set] = forest([owner('sts', { kind: 'StatefulSet' })], pods, '').owners;
  expect(set?.pods.map(each => ordinal(each.name))).toEqual([0, 2, 10]);
  expect(ordinal('web-x7k2p')).toBeNull();
});

test('a DaemonSet’s Pods stand in the order of their nodes', () => {
  const pods = ['node-10', 'node-2'].map(node => pod(`agent-${node}`, { owner: 'ds', node }));
  const [set] = forest([owner('ds', { kind: 'DaemonSet' })], pods, '').owners;
  expect(set?.pods.map(each => each.node)).toEqual(['node-2', 'node-10']);
});

test('who has no owner, or one that is gone, is an orphan', () => {
  const { owners, orphans } = forest([], [pod('b', { owner: 'rs-gone' }), pod('a')], '');
  expect(owners).toEqual([]);
  expect(orphans.map(each => each.name)).toEqual(['a', 'b']);
});

test('a namespace leaves out the others', () => {
  const dev = { namespace: 'dev' };
  const { owners, orphans } = forest([deployment, owner('api', dev)], [pod('a'), pod('b', dev)], 'dev');
  expect(owners.map(each => each.frame.name)).toEqual(['api']);
  expect(orphans.map(each => each.name)).toEqual(['b']);
});

test('an old ReplicaSet is retired once its last Pod is gone', () => {
  const retired = (pods: number) => {
    const all = Array.from({ length: pods }, (_, number) => pod(`p${number}`, { owner: 'rs-old' }));
    return forest([deployment, old, fresh], all, '').owners[0]?.children.map(isRetired);
  };
  expect(retired(0)).toEqual([false, true]);
  expect(retired(1)).toEqual([false, false]);
});
