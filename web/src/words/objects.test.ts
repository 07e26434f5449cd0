import { expect, test } from 'vitest';
import { inNamespace, objectName, partyName, singular } from './objects';

test('objects are named as kubectl names them', () => {
  expect(objectName({ id: 'pod:1', kind: 'Pod', namespace: 'default', name: 'web-0' })).toBe('pod/web-0');
  expect(objectName({ id: 'pod:1', kind: 'Pod', namespace: 'dev', name: 'web-0' })).toBe('dev/pod/web-0');
  expect(objectName({ id: 'node:1', kind: 'Node', namespace: '', name: 'node-1' })).toBe('node/node-1');
});

test('a namespace is only said where kubectl needs it', () => {
  expect(inNamespace('dev')).toBe(' -n dev');
  expect(inNamespace('default')).toBe('');
  expect(inNamespace('')).toBe('');
});

test('parties are named as programs', () => {
  expect(partyName({ role: 'controller', name: '' })).toBe('kube-controller-manager');
  expect(partyName({ role: 'controller', name: 'deployment-controller' })).toBe('deployment-controller');
  expect(partyName({ role: 'kubelet', name: 'node-1' })).toBe('kubelet (node-1)');
});

test.each([
  ['pods', 'pod'],
  ['endpointslices', 'endpointslice'],
  ['ingresses', 'ingress'],
  ['networkpolicies', 'networkpolicy'],
  ['leases', 'lease'],
])('one of %s is a %s', (many, one) => {
  expect(singular(many)).toBe(one);
});
