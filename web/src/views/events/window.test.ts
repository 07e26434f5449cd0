import { expect, test } from 'vitest';
import { rowsInSight, scrollTo } from './window';

test('only what is in sight is drawn, and a little around it', () => {
  expect(rowsInSight(500, 40, 4000, 400)).toEqual({ first: 94, end: 116, above: 3760, whole: 20000 });
});

test('short lists are drawn whole', () => {
  expect(rowsInSight(3, 40, 0, 400)).toEqual({ first: 0, end: 3, above: 0, whole: 120 });
  expect(rowsInSight(0, 40, 0, 400)).toEqual({ first: 0, end: 0, above: 0, whole: 0 });
});

test('a list that became shorter than it is scrolled shows its end', () => {
  const window = rowsInSight(10, 40, 4000, 400);
  expect(window.end).toBe(10);
  expect(window.first).toBeLessThanOrEqual(10);
});

test('a row out of sight is scrolled to, by the shortest way', () => {
  expect(scrollTo(5, 40, 400, 400)).toBe(200);
  expect(scrollTo(30, 40, 400, 400)).toBe(840);
  expect(scrollTo(12, 40, 400, 400)).toBeNull();
});
