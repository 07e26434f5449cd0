import { expect, test } from 'vitest';
import { moments, outcome, told } from './progress';

const line = (at: number, text = '') => ({ at, tone: 'note', text });

test('what is told is what has happened', () => {
  const lines = [line(0), line(5), line(5), line(9)];
  expect([-1, 0, 5, 20].map(now => told(lines, now))).toEqual([0, 1, 3, 4]);
});

test('lines of one moment stand together', () => {
  expect(moments([line(0, 'a'), line(5, 'b'), line(5, 'c')]).map(group => group.lines.length)).toEqual([1, 2]);
});

test('what held and what failed is counted', () => {
  const verdict = (holds: boolean) => ({ that: '', holds, found: '' });
  expect(outcome([verdict(true), verdict(false), verdict(true)])).toEqual({ held: 2, failed: 1 });
});
