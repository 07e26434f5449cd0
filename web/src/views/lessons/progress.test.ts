import { expect, test } from 'vitest';
import { sensible, solved } from './progress';

test('only a better way than before is kept', () => {
  const first = solved({}, 'canary', { best: 6, stars: 1 });
  expect(first).toEqual({ canary: { best: 6, stars: 1 } });
  expect(solved(first, 'canary', { best: 7, stars: 1 })).toBe(first);
  expect(solved(first, 'canary', { best: null, stars: 0 })).toBe(first);
  expect(solved(first, 'canary', { best: 3, stars: 3 })).toEqual({ canary: { best: 3, stars: 3 } });
});

test('who saw the solution first can still earn stars', () => {
  const shown = solved({}, 'canary', { best: null, stars: 0 });
  expect(solved(shown, 'canary', { best: 9, stars: 1 })).toEqual({ canary: { best: 9, stars: 1 } });
});

test('what makes no sense is forgotten, the rest is kept', () => {
  const good = { best: 3, stars: 3 };
  expect(sensible({ good, bad: { best: -1, stars: 3 }, worse: { best: 3, stars: 9 }, worst: 'x' })).toEqual({ good });
  expect(sensible(null)).toEqual({});
  expect(sensible('3')).toEqual({});
});
