import { expect, test } from 'vitest';
import { bare } from './manifest';

test('what the server set is left out', () => {
  const printed = `apiVersion: v1
kind: Pod
metadata:
  creationTimestamp: "2026-01-01T00:00:00Z"
  generateName: web-
  labels:
    app: web
    uid: mine
  name: web-1
  ownerReferences:
  - apiVersion: apps/v1
    kind: ReplicaSet
    name: web
    uid: 123
  resourceVersion: "12"
  uid: 456
spec:
  containers:
  - image: nginx
    name: nginx
status:
  conditions:
  - status: "True"
    type: Ready
  phase: Running
`;
  expect(bare(printed)).toBe(`apiVersion: v1
kind: Pod
metadata:
  generateName: web-
  labels:
    app: web
    uid: mine
  name: web-1
spec:
  containers:
  - image: nginx
    name: nginx
`);
});
