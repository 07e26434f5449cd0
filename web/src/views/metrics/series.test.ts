import { expect, test } from 'vitest';
import { indexAt, isEmpty, perSecond, sampled, upTo } from './series';

test('a burst is as high as it was, not as high as its moments are close', () => {
  const { times, rates } = perSecond([0, 1.5, 1.501, 1.502], [5, 15, 25, 35], 4);
  expect(times).toEqual([0, 1, 2, 3, 4]);
  expect(rates).toEqual([0, 0, 30, 0, 0]);
});

test('long runs have coarser stretches', () => {
  const { times } = perSecond([0], [0], 2400);
  expect([times.length, times[1]]).toEqual([241, 10]);
});

test('the last figures hold until the end', () => {
  expect(upTo(9, [0, 2], [[1, 3]])).toEqual({ times: [0, 2, 9], columns: [[1, 3, 3]] });
  expect(upTo(2, [0, 2], [[1, 3]])).toEqual({ times: [0, 2], columns: [[1, 3]] });
});

test('a moment belongs to the row before it', () => {
  expect([-1, 0, 1.5, 2, 99].map(at => indexAt([0, 1, 2], at))).toEqual([-1, 0, 1, 2, 2]);
});

test('long tables keep both ends', () => {
  const rows = sampled(1000, 40);
  expect([rows.length, rows[0], rows.at(-1)]).toEqual([40, 0, 999]);
  expect(sampled(3, 40)).toEqual([0, 1, 2]);
});

test('a cluster without Pods and clients has nothing to draw', () => {
  const nothing = {
    times: [0],
    desired: [0],
    ready: [0],
    starting: [0],
    failing: [0],
    terminating: [0],
    writes: [12],
    traffic: [],
  };
  expect(isEmpty(nothing)).toBe(true);
  expect(isEmpty({ ...nothing, starting: [1] })).toBe(false);
});
