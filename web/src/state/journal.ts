/** What was opened and typed, kept by the page itself: after a breakdown there is no model left to ask. */
import type { Link } from '../sim/frames';
import { cluster } from './run';

let journal: Link = { version: 1 };

/** Begins anew with what is opened. */
export function beginJournal(link: Link): void {
  journal = { ...link, lines: [...(link.lines ?? [])] };
}

/** A line is typed. */
export function noteLine(terminal: number, line: string, files: Record<string, string>): void {
  const typed = { at: cluster.peek().at, terminal, line, ...(Object.keys(files).length > 0 ? { files } : {}) };
  journal = { ...journal, lines: [...(journal.lines ?? []), typed] };
}

/** All of it, as a link that does it again. */
export function journalLink(): Link {
  return journal;
}
