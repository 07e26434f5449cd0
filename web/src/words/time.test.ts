import { expect, test } from 'vitest';
import { calendar, duration, moment } from './time';

test.each([
  [0, '0 s'],
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

test('a moment with fewer decimals is cut, not rounded', () => {
  expect(moment(725_999_999_999, 1)).toBe('12:05.9');
  expect(moment(3_723_500_000_000, 0)).toBe('1:02:03');
});

test('the calendar goes on from the start', () => {
  expect(calendar(1_767_258_000, 7_900_000_000)).toBe('2026-01-01 09:00:07');
});
