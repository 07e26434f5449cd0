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
  // What lies later belongs to a future that is left by acting here.
  const before = (journal.lines ?? []).filter(other => other.at <= typed.at);
  journal = { ...journal, lines: [...before, typed] };
}

/** All of it, as a link that does it again. */
export function journalLink(): Link {
  return journal;
}
