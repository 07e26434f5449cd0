import { expect, test } from 'vitest';
import type { Message } from '../../sim/frames';
import { MILLI } from '../../words/time';
import { advance, ease, flight, LAG, progress, skipQuiet } from './flight';
import { message } from './messages.fixture';

const of = (kind: Message['kind'], sent: number, at: number) => message({ kind, sent: sent * MILLI, at: at * MILLI });

test('request, write and delivery follow one another, though two of them take no time', () => {
  const request = flight(of('request', 10, 10));
  const commit = flight(of('commit', 10, 10));
  const watch = flight(of('watch', 10, 12));
  expect(request.to).toBe(commit.from);
  expect(commit.to).toBeLessThan(watch.to);
  expect(watch).toEqual({ from: 10 * MILLI, to: 12 * MILLI });
});

test('a message is somewhere between 0 and 1, and nowhere before and after', () => {
  const watch = of('watch', 10, 12);
  expect(progress(watch, 9 * MILLI)).toBeNull();
  expect(progress(watch, 11 * MILLI)).toBe(0.5);
  expect(progress(watch, 12 * MILLI)).toBeNull();
});

test('the picture follows the clock at its speed, a little behind', () => {
  const now = 100 * MILLI;
  const shown = now - LAG - MILLI;
  expect(advance(shown, now, true, 0.01, 0.05)).toBeCloseTo(shown + 0.5 * MILLI, 0);
  expect(advance(now - LAG, now, true, 0.01, 0.05)).toBe(now - LAG);
});

test('the picture never runs backwards', () => {
  expect(advance(50, 40, true, 1, 1)).toBe(50);
});

test('while time stands still, the picture catches up, however far behind it is', () => {
  let shown = 0;
  for (let frame = 0; frame < 60 * 12; frame += 1) shown = advance(shown, 200 * MILLI, false, 1, 1 / 60);
  expect(shown).toBeGreaterThan(200 * MILLI);
});

test('nothing is shown of the quiet before a step', () => {
  expect(skipQuiet([of('watch', 500, 502), of('request', 501, 502)])).toBe(500 * MILLI);
});

test('tokens leave and arrive gently', () => {
  expect(ease(0)).toBe(0);
  expect(ease(0.5)).toBe(0.5);
  expect(ease(1)).toBe(1);
  expect(ease(0.1)).toBeLessThan(0.1);
});
