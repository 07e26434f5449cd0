import { expect, test } from 'vitest';
import { filesOfStart, startYaml, step, waiting, withFiles } from './start';

const SECOND = 1_000_000_000;
const nothing = { scenario: '', seed: null, began: 0, lines: [], files: {}, at: 0 };

test('waits are written as scenarios read them', () => {
  const check = (nanos: number, text: string) => expect(waiting(nanos)).toBe(text);
  check(0, '0s');
  check(5 * SECOND, '5s');
  check(90 * SECOND, '1m30s');
  check(120 * SECOND, '2m');
  check(1.5 * SECOND, '1500ms');
  check(1_000_001, '2ms');
});

test('each line is the step that does the same', () => {
  expect(step('kubectl apply -f web.yaml')).toEqual({ kubectl: 'apply -f web.yaml' });
  expect(step('scale deploy web --replicas=3')).toEqual({ kubectl: 'scale deploy web --replicas=3' });
  expect(step('fault kill node node-2')).toEqual({ fault: 'kill node node-2' });
  expect(step('kubectl apply -f a.yaml && kubectl get pods')).toEqual({
    kubectl: 'apply -f a.yaml && kubectl get pods',
  });
});

test('an empty cluster is its own start', () => {
  expect(startYaml(nothing)).toBe('cluster:\n  nodes: 3\n');
});

test('lines become steps, with the time between them', () => {
  const files = { 'web.yaml': 'kind: Pod\n' };
  const lines = [
    { at: 2 * SECOND, terminal: 0, line: 'kubectl apply -f web.yaml', files },
    { at: 12 * SECOND, terminal: 0, line: 'fault kill node node-2' },
  ];
  expect(startYaml({ ...nothing, lines, at: 20 * SECOND, seed: 7 })).toBe(`cluster:
  nodes: 3
seed: 7
files:
  web.yaml: |
    kind: Pod
steps:
- wait: 2s
- kubectl: apply -f web.yaml
- wait: 10s
- fault: kill node node-2
- wait: 8s
`);
});

test('a file that changed in between is two files', () => {
  const lines = [
    { at: 0, terminal: 0, line: 'kubectl apply -f web.yaml', files: { 'web.yaml': 'a: 1\n' } },
    { at: 0, terminal: 0, line: 'kubectl apply -f web.yaml', files: { 'web.yaml': 'a: 2\n' } },
    { at: 0, terminal: 0, line: 'kubectl apply --filename=web.yaml', files: { 'web.yaml': 'a: 2\n' } },
  ];
  const start = startYaml({ ...nothing, lines });
  expect(start).toContain('  web.yaml: |\n    a: 1\n  web-2.yaml: |\n    a: 2\n');
  expect(start).toContain(
    '- kubectl: apply -f web.yaml\n- kubectl: apply -f web-2.yaml\n- kubectl: apply --filename=web-2.yaml\n',
  );
});

test('a scenario keeps its comments, and loses what a start has not', () => {
  const scenario = `# Three nodes.
name: canary
description: x
cluster:
  nodes: 3 # small ones
steps:
- kubectl: create namespace dev
expect:
- that: pods == 0
invariants: [maxPods]
`;
  const lines = [{ at: 5 * SECOND, terminal: 0, line: 'kubectl get ns' }];
  const start = startYaml({ ...nothing, scenario, began: 5 * SECOND, lines, at: 5 * SECOND });
  expect(start).toContain('nodes: 3 # small ones');
  expect(start).toContain('- kubectl: create namespace dev\n- kubectl: get ns\n');
  expect(start).not.toMatch(/^(name|description|expect|invariants):/m);
});

test('a start gets the files that it lacks', () => {
  const start = 'cluster: {nodes: 3}\nfiles:\n  a.yaml: |\n    a: 1\n';
  expect(filesOfStart(start)).toEqual({ 'a.yaml': 'a: 1\n' });
  expect(filesOfStart('cluster: {nodes: 3}\n')).toEqual({});
  const more = withFiles(start, { 'a.yaml': 'other', 'b.yaml': 'b: 2\n' });
  expect(filesOfStart(more)).toEqual({ 'a.yaml': 'a: 1\n', 'b.yaml': 'b: 2\n' });
});
