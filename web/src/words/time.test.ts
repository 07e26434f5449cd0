import { expect, test } from 'vitest';
import { duration, moment } from './time';

test.each([
  [0, '0 µs'],
  [800_000, '800 µs'],
  [1_500_000, '1.5 ms'],
  [20_000_000, '20 ms'],
  [12_340_000_000, '12.3 s'],
  [245_000_000_000, '4m05s'],
  [7_800_000_000_000, '2h10m'],
  [273_600_000_000_000, '3d4h'],
  [-1_500_000, '−1.5 ms'],
])('%d ns lasts %s', (nanos, words) => {
  expect(duration(nanos)).toBe(words);
});

test.each([
  [0, '0:00.000'],
  [12_345_678_901, '0:12.345'],
  [3_723_004_000_000, '1:02:03.004'],
])('%d ns is the moment %s', (nanos, words) => {
  expect(moment(nanos)).toBe(words);
});
