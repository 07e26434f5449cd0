import { expect, test } from 'vitest';
import { amount, bounds, readStrategy } from './rollout';

test.each([
  ['RollingUpdate 25%/1', { type: 'RollingUpdate', maxSurge: '25%', maxUnavailable: '1' }],
  ['RollingUpdate from 2 on', { type: 'other' }],
  ['Recreate', { type: 'Recreate' }],
  ['OnDelete', { type: 'OnDelete' }],
  ['RollingUpdate', { type: 'other' }],
  ['', { type: 'other' }],
])('%j is read', (words, strategy) => {
  expect(readStrategy(words)).toEqual(strategy);
});

test.each([
  ['25%', 10, 3, 2],
  ['25%', 3, 1, 0],
  ['2', 10, 2, 2],
  ['0', 10, 0, 0],
  ['100%', 7, 7, 7],
])('%s of %d is %d rounded up and %d rounded down', (value, size, up, down) => {
  expect(amount(value, size, Math.ceil)).toBe(up);
  expect(amount(value, size, Math.floor)).toBe(down);
});

test.each([
  [3, '25%', '25%', { most: 4, least: 3 }],
  [10, '25%', '25%', { most: 13, least: 8 }],
  [3, '1', '1', { most: 4, least: 2 }],
  [3, '0', '0', { most: 3, least: 2 }],
  [2, '0', '5', { most: 2, least: 0 }],
])('%d with %s surge and %s unavailable', (size, surge, unavailable, expected) => {
  expect(bounds(size, surge, unavailable)).toEqual(expected);
});
