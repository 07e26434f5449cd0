import { expect, test } from 'vitest';
import { MILLI, SECOND } from '../../words/time';
import { follow, pan, SPAN_MIN, ticks, toTime, toX, whole, zoom } from './scale';

const range = { from: 10 * SECOND, to: 20 * SECOND };
const horizon = 100 * SECOND;

test('time to pixels and back', () => {
  expect(toX(range, 800, 15 * SECOND)).toBe(400);
  expect(toTime(range, 800, 400)).toBe(15 * SECOND);
});

test('zooming keeps what is under the pointer there', () => {
  const closer = zoom(range, 0.5, 12 * SECOND, horizon);
  expect(closer).toEqual({ from: 11 * SECOND, to: 16 * SECOND });
  expect(toX(closer, 800, 12 * SECOND)).toBe(toX(range, 800, 12 * SECOND));
});

test('zooming stops at all there is, and at a few milliseconds', () => {
  expect(zoom(range, 1000, 15 * SECOND, horizon)).toEqual(whole(horizon));
  const closest = zoom(range, 1e-9, 15 * SECOND, horizon);
  expect(closest.to - closest.from).toBeCloseTo(SPAN_MIN, -1);
});

test('panning stops at both ends', () => {
  expect(pan(range, -50 * SECOND, horizon)).toEqual({ from: 0, to: 10 * SECOND });
  expect(pan(range, 500 * SECOND, horizon).to).toBe(whole(horizon).to);
});

test('following moves only when it must', () => {
  expect(follow(range, 15 * SECOND, horizon)).toBe(range);
  expect(follow(range, 25 * SECOND, horizon).to).toBeCloseTo(26 * SECOND, -3);
  expect(follow(range, 5 * SECOND, horizon).from).toBeCloseTo(4 * SECOND, -3);
});

test('the ruler has round marks', () => {
  expect(ticks({ from: 0, to: 10 * SECOND }, 840).map(tick => tick.label)).toEqual([
    '0',
    '1s',
    '2s',
    '3s',
    '4s',
    '5s',
    '6s',
    '7s',
    '8s',
    '9s',
    '10s',
  ]);
  expect(ticks({ from: 3 * SECOND, to: 3 * SECOND + 20 * MILLI }, 420).map(tick => tick.label)).toEqual([
    '3.000s',
    '3.005s',
    '3.010s',
    '3.015s',
    '3.020s',
  ]);
  expect(ticks({ from: 0, to: 600 * SECOND }, 500).map(tick => tick.label)).toEqual([
    '0',
    '2m00s',
    '4m00s',
    '6m00s',
    '8m00s',
    '10m00s',
  ]);
});
