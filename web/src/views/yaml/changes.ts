/** What a difference shows: unchanged lines far from any change are folded away. */
import type { DiffLine } from '../../sim/frames';

/** How many unchanged lines stand before and after a change. */
const AROUND = 3;
/** Fewer than these aren't worth folding. */
const FOLD_MIN = 4;

/** A run of lines that is shown, or folded. */
export interface Piece {
  readonly folded: boolean;
  /** The number of its first line, from 0. */
  readonly first: number;
  readonly lines: readonly DiffLine[];
}

export function pieces(lines: readonly DiffLine[]): Piece[] {
  const near = lines.map((_, at) =>
    lines.slice(Math.max(0, at - AROUND), at + AROUND + 1).some(({ kind }) => kind !== 'same'),
  );
  const found: { folded: boolean; first: number; lines: DiffLine[] }[] = [];
  lines.forEach((line, at) => {
    const folded = !near[at];
    const last = found.at(-1);
    if (last && last.folded === folded) {
      last.lines.push(line);
    } else {
      found.push({ folded, first: at, lines: [line] });
    }
  });
  return found.map(piece => (piece.folded && piece.lines.length < FOLD_MIN ? { ...piece, folded: false } : piece));
}

/** The numbers of the lines that a difference adds, in the text that it leads to, from 1. */
export function addedLines(lines: readonly DiffLine[]): number[] {
  const added: number[] = [];
  let number = 0;
  for (const { kind } of lines) {
    if (kind !== 'removed') {
      number += 1;
    }
    if (kind === 'added') {
      added.push(number);
    }
  }
  return added;
}
