import { expect, test } from 'vitest';
import { due, nextSpeed, positionOf, speedAt } from './pace';

test.each([
  [16, 1, 16_000_000],
  [16, 0.01, 160_000],
  [16, 60, 960_000_000],
  [5_000, 1, 100_000_000], // a page that was stuck for five seconds goes on where it was
  [-3, 1, 0], // clocks of animation frames may begin a little before
])('%d ms at %d× are %d ns', (milliseconds, speed, nanos) => {
  expect(due(milliseconds, speed)).toBe(nanos);
});

test('the slider reaches both ends, and catches at 1×', () => {
  expect(speedAt(0)).toBe(0.01);
  expect(speedAt(1)).toBe(60);
  expect(speedAt(positionOf(1.05))).toBe(1);
  expect(speedAt(positionOf(2))).toBe(2);
});

test.each([
  [1, true, 2],
  [1, false, 0.5],
  [1.3, true, 2],
  [1.3, false, 1],
  [60, true, 60],
  [0.01, false, 0.01],
])('from %d×, faster: %s, is %d×', (speed, faster, next) => {
  expect(nextSpeed(speed, faster)).toBe(next);
});
