/** Places in a text: the model counts lines and columns from 1, the editor counts characters from 0. */
import type { Diagnostic } from '../../sim/frames';

/** What the editor's documents offer: enough to find a place. */
export interface Lines {
  readonly length: number;
  readonly lines: number;
  line(number: number): { from: number; to: number; text: string };
}

/** The characters that a finding is about: a word, a line without its indentation, or the first line for the whole. */
export function span(
  lines: Lines,
  { line, column }: Pick<Diagnostic, 'line' | 'column'>,
): { from: number; to: number } {
  const { from, to, text } = lines.line(Math.min(Math.max(line, 1), lines.lines));
  if (line === 0 || column === 0) {
    return { from: from + (text.length - text.trimStart().length), to };
  }
  const start = Math.min(from + column - 1, to);
  const word = /^[^\s:,[\]{}#]+/.exec(text.slice(start - from))?.[0] ?? '';
  return { from: start, to: Math.min(start + Math.max(word.length, 1), to) };
}

/** The line and column of a character. */
export function place(text: string, at: number): { line: number; column: number } {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}

/** The smallest single change that makes one text of another, so that scroll, folds and cursors stay; `null` if they are equal. */
export function replaced(before: string, after: string): { from: number; to: number; insert: string } | null {
  if (before === after) {
    return null;
  }
  const most = Math.min(before.length, after.length);
  let start = 0;
  while (start < most && before[start] === after[start]) {
    start += 1;
  }
  let end = 0;
  while (end < most - start && before[before.length - 1 - end] === after[after.length - 1 - end]) {
    end += 1;
  }
  return { from: start, to: before.length - end, insert: after.slice(start, after.length - end) };
}

/**
 * What follows a name that is put in where a key stands: a colon, and a space if its value stands in the same line. Keys begin with a
 * small letter, the values of enumerations with a capital one.
 */
export function afterKey(before: string, after: string, label: string, type: string): string {
  if (!/^\s*(- )*$/.test(before) || /^\s*:/.test(after) || !/^[a-z]\w*$/.test(label)) {
    return '';
  }
  return /^(string|boolean|u?int\w*|integer|number|quantity)/i.test(type) ? ': ' : ':';
}
