/** Which rows of a long list are in sight: only these are in the document. */

/** Rows beyond the edges that are drawn too, so that scrolling finds them there. */
const MARGIN = 6;

export interface Window {
  /** The first row that is drawn, and the first that isn't any more. */
  first: number;
  end: number;
  /** The height of all that stands above. */
  above: number;
  /** The height of the whole list. */
  whole: number;
}

/** The window for a scroll position. */
export function rowsInSight(count: number, rowHeight: number, scrolled: number, height: number): Window {
  const first = Math.max(0, Math.min(count, Math.floor(scrolled / rowHeight)) - MARGIN);
  const end = Math.min(count, Math.ceil((scrolled + height) / rowHeight) + MARGIN);
  return { first, end: Math.max(first, end), above: first * rowHeight, whole: count * rowHeight };
}

/** Where to scroll so that a row is in sight; `null`: it is. */
export function scrollTo(row: number, rowHeight: number, scrolled: number, height: number): number | null {
  const top = row * rowHeight;
  if (top < scrolled) return top;
  return top + rowHeight > scrolled + height ? top + rowHeight - height : null;
}
