/** Moments that somebody wants to find again: named, and kept in this page only, as they belong to a run. */

export interface Bookmark {
  id: number;
  at: number;
  name: string;
}

/** With a bookmark more, in the order of time. A second one at the same moment replaces the first. */
export function withBookmark(bookmarks: readonly Bookmark[], at: number, name: string): Bookmark[] {
  const id = Math.max(0, ...bookmarks.map(bookmark => bookmark.id)) + 1;
  const others = bookmarks.filter(bookmark => bookmark.at !== at);
  return [...others, { id, at, name }].sort((one, other) => one.at - other.at);
}

export function renamed(bookmarks: readonly Bookmark[], id: number, name: string): Bookmark[] {
  return bookmarks.map(bookmark => (bookmark.id === id ? { ...bookmark, name } : bookmark));
}

export function without(bookmarks: readonly Bookmark[], id: number): Bookmark[] {
  return bookmarks.filter(bookmark => bookmark.id !== id);
}

/** The next moment worth a look after (or before) one: of bookmarks, marks and the like. */
export function nextMoment(moments: readonly number[], at: number, forward: boolean): number | null {
  const ahead = moments.filter(moment => (forward ? moment > at : moment < at));
  if (ahead.length === 0) return null;
  return forward ? Math.min(...ahead) : Math.max(...ahead);
}
