import { expect, test } from 'vitest';
import { creation, message, party, ref } from './messages.fixture';
import { narrate } from './narration';

test('creating a Deployment is a story in six steps', () => {
  const steps = narrate(creation);
  expect(
    steps.map(
      step =>
        `${step.kind} ${step.who[0]?.name || step.who[0]?.role} ${step.verb} ${step.resource} ${step.objects.length}`,
    ),
  ).toEqual([
    'typed user   0',
    'stored apiServer create deployments 1',
    'asks deployment-controller create replicasets 1',
    'asks replicaset-controller create pods 2',
    'asks scheduler bind pods 2',
    'heard node-1   2',
  ]);
});

test('what a controller decided is told with what it asks', () => {
  expect(narrate(creation)[2]?.text).toBe('no ReplicaSet has this template yet');
});

test('several kubelets share a step', () => {
  const heard = narrate(creation).at(-1);
  expect(heard?.who.map(who => who.name)).toEqual(['node-1', 'node-2']);
});

test('what comes much later is a step of its own', () => {
  const report = (at: number) =>
    message({
      kind: 'request',
      at,
      from: party('kubelet', 'node-1'),
      verb: 'patch',
      resource: 'pods',
      object: ref('Pod', 'web-1'),
    });
  expect(narrate([report(0), report(10_000_000), report(2_000_000_000)]).map(step => step.to)).toEqual([
    10_000_000, 2_000_000_000,
  ]);
});

test('refusals and successes are told apart, and Events not at all', () => {
  const steps = narrate([
    message({ event: 1, verb: 'create', resource: 'pods' }),
    message({ event: 2, verb: 'create', resource: 'pods', ok: false }),
    message({ event: 3, verb: 'create', resource: 'events' }),
  ]);
  expect(steps.map(step => step.ok)).toEqual([true, false]);
});
