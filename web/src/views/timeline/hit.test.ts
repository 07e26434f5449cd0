import { expect, test } from 'vitest';
import type { Branch, History } from '../../sim/frames';
import { branchLines, HEAD } from './draw';
import { beginOf, hit, objectOf } from './hit';
import { rows } from './rows';

const pod = { id: 'pod:1', kind: 'Pod', namespace: 'default', name: 'web' };

const history: History = {
  horizon: 100,
  pods: [
    {
      pod,
      owner: '',
      ownerName: '',
      node: '',
      spans: [
        { from: 10, state: 'pending', status: 'Pending' },
        { from: 20, state: 'ready', status: 'Running' },
      ],
      gone: 60,
    },
  ],
  podsLeftOut: 0,
  nodes: [],
  sizes: [],
  marks: [
    { at: 50, kind: 'input', text: 'kubectl', object: null },
    { at: 90, kind: 'fault', text: 'fault', object: null },
  ],
};

const all = rows(history, '', new Set());
const place = { width: 1100, gutter: 100, scroll: 0, range: { from: 0, to: 100 } };
const at = (x: number, y: number) => hit(history, all, place, x, y);

test('ruler, marks and lanes are where they are drawn', () => {
  expect(at(600, 5)).toEqual({ kind: 'ruler', at: 50 });
  expect(at(602, HEAD - 5)).toMatchObject({ kind: 'marks', marks: [history.marks[0]] });
  expect(at(700, HEAD - 5)).toMatchObject({ kind: 'marks', marks: [] });
  expect(at(600, HEAD + 30)).toMatchObject({ kind: 'row', row: { kind: 'pod' } });
  expect(at(50, HEAD + 5)).toMatchObject({ kind: 'label', row: { kind: 'group' } });
  expect(at(600, HEAD + 500).kind).toBe('nothing');
});

test('a lane tells its object, and when the span under the pointer began', () => {
  const lane = all[1];
  expect(lane && objectOf(lane)).toBe(pod);
  expect([5, 15, 59, 70].map(moment => lane && beginOf(lane, moment))).toEqual([null, 10, 20, null]);
});

test('branches part where one leaves this one, and where this one began', () => {
  const branch = (id: number, parent: number, since: number): Branch => ({
    id,
    name: `b${id}`,
    parent,
    since,
    horizon: 0,
  });
  const branches = [branch(0, 0, 0), branch(1, 0, 30), branch(2, 1, 50), branch(3, 0, 70)];
  const words = { began: 'began', left: (name: string) => name };
  expect(branchLines(branches, 0, words)).toEqual([
    { at: 30, words: 'b1' },
    { at: 70, words: 'b3' },
  ]);
  expect(branchLines(branches, 1, words)).toEqual([
    { at: 30, words: 'began' },
    { at: 50, words: 'b2' },
  ]);
});
