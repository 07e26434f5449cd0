import { expect, test } from 'vitest';
import type { DiffLine } from '../../sim/frames';
import { addedLines, pieces } from './changes';

/** Lines from a sketch: `=`, `+` and `-`. */
function sketch(kinds: string): DiffLine[] {
  const names = { '=': 'same', '+': 'added', '-': 'removed' } as const;
  return [...kinds].map((kind, at) => ({ kind: names[kind as keyof typeof names], text: String(at) }));
}

test('what is far from changes is folded', () => {
  const check = (kinds: string, expected: string[]) =>
    expect(pieces(sketch(kinds)).map(piece => `${piece.folded ? 'folded' : 'shown'} ${piece.lines.length}`)).toEqual(
      expected,
    );
  check('==========', ['folded 10']);
  check('==+==', ['shown 5']);
  check('==========+-==========', ['folded 7', 'shown 8', 'folded 7']);
  check('=====+', ['shown 2', 'shown 4']);
  check('', []);
});

test('added lines are counted in the newer text', () => {
  expect(addedLines(sketch('==-+=+'))).toEqual([3, 5]);
});
