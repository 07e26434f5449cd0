import { expect, test } from 'vitest';
import { calendar, moment, span } from './time';

test.each([
  [0, 3, '0:00.000'],
  [7_250_000_000, 3, '0:07.250'],
  [725_999_999_999, 1, '12:05.9'],
  [3_723_500_000_000, 0, '1:02:03'],
])('%d ns are %d', (nanos, decimals, words) => {
  expect(moment(nanos, decimals)).toBe(words);
});

test.each([
  [850_000_000, '850ms'],
  [4_230_000_000, '4.2s'],
  [200_000_000_000, '3m20s'],
  [7_500_000_000_000, '2h05m'],
])('%d ns are %s', (nanos, words) => {
  expect(span(nanos)).toBe(words);
});

test('the calendar goes on from the start', () => {
  expect(calendar(1_767_258_000, 7_900_000_000)).toBe('2026-01-01 09:00:07');
});
