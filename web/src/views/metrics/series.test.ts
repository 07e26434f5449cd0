import { expect, test } from 'vitest';
import { indexAt, isEmpty, perSecond, sampled, trafficAt } from './series';

test('sums become rates', () => {
  expect(perSecond([0, 1, 3, 3], [5, 15, 25, 30])).toEqual([0, 10, 5, 0]);
  expect(perSecond([], [])).toEqual([]);
});

test('a moment belongs to the row before it', () => {
  expect([-1, 0, 1.5, 2, 99].map(at => indexAt([0, 1, 2], at))).toEqual([-1, 0, 1, 2, 2]);
});

test('long tables keep both ends', () => {
  const rows = sampled(1000, 40);
  expect([rows.length, rows[0], rows.at(-1)]).toEqual([40, 0, 999]);
  expect(sampled(3, 40)).toEqual([0, 1, 2]);
});

test('a client’s figures at a moment', () => {
  const series = {
    name: 'c',
    from: '',
    to: '',
    times: [1, 2],
    ok: [9, 8],
    failed: [0, 1],
    latency: [2, 3],
    sent: 18,
    lost: 1,
    success: '94%',
  };
  expect(trafficAt(series, 2.5)).toEqual({ ok: 8, failed: 1, latency: 3 });
  expect(trafficAt(series, 0.5)).toBeNull();
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
