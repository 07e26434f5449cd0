import { expect, test } from 'vitest';
import { nextMoment, renamed, withBookmark, without } from './bookmarks';

test('bookmarks stand in the order of time, one at a moment', () => {
  let bookmarks = withBookmark([], 50, 'late');
  bookmarks = withBookmark(bookmarks, 10, 'early');
  bookmarks = withBookmark(bookmarks, 50, 'late, again');
  expect(bookmarks.map(bookmark => bookmark.name)).toEqual(['early', 'late, again']);
  expect(new Set(bookmarks.map(bookmark => bookmark.id)).size).toBe(2);
});

test('they can be renamed and taken away', () => {
  const bookmarks = withBookmark([], 1, 'a');
  const id = bookmarks[0]?.id ?? 0;
  expect(renamed(bookmarks, id, 'b')[0]?.name).toBe('b');
  expect(without(bookmarks, id)).toEqual([]);
});

test('the next moment is the nearest in its direction', () => {
  expect(nextMoment([5, 1, 9], 5, true)).toBe(9);
  expect(nextMoment([5, 1, 9], 5, false)).toBe(1);
  expect(nextMoment([5], 5, true)).toBeNull();
});
