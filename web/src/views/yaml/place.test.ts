import { expect, test } from 'vitest';
import { afterKey, type Lines, place, replaced, span } from './place';

/** Lines as the editor has them, without the editor. */
function lines(text: string): Lines {
  const all = text.split('\n');
  const starts = all.map((_, at) => all.slice(0, at).reduce((sum, line) => sum + line.length + 1, 0));
  return {
    length: text.length,
    lines: all.length,
    line: number => {
      const line = all[number - 1] ?? '';
      const from = starts[number - 1] ?? 0;
      return { from, to: from + line.length, text: line };
    },
  };
}

test('a finding marks the word it is about', () => {
  const text = 'spec:\n  replica: 3\n  paused';
  const check = (line: number, column: number, marked: string) => {
    const { from, to } = span(lines(text), { line, column });
    expect(text.slice(from, to)).toBe(marked);
  };
  check(2, 3, 'replica');
  check(2, 12, '3');
  check(2, 0, 'replica: 3');
  check(0, 0, 'spec:');
  check(3, 3, 'paused');
  check(9, 1, 'paused'.slice(0, 0) || '  paused'.slice(0, 1));
  check(2, 99, '');
});

test('a character has a line and a column from 1', () => {
  expect(place('a: 1\nbc: 2', 0)).toEqual({ line: 1, column: 1 });
  expect(place('a: 1\nbc: 2', 4)).toEqual({ line: 1, column: 5 });
  expect(place('a: 1\nbc: 2', 7)).toEqual({ line: 2, column: 3 });
});

test('one small change makes one text of another', () => {
  const check = (before: string, after: string, expected: ReturnType<typeof replaced>) => {
    expect(replaced(before, after)).toEqual(expected);
    if (expected) {
      expect(before.slice(0, expected.from) + expected.insert + before.slice(expected.to)).toBe(after);
    }
  };
  check('a: 1\nb: 2', 'a: 1\nb: 2', null);
  check('a: 1\nb: 2', 'a: 1\nb: 3', { from: 8, to: 9, insert: '3' });
  check('aa', 'aaa', { from: 2, to: 2, insert: 'a' });
  check('', 'x', { from: 0, to: 0, insert: 'x' });
  check('abc', '', { from: 0, to: 3, insert: '' });
});

test('a key gets its colon', () => {
  expect(afterKey('  ', '', 'replicas', 'int32')).toBe(': ');
  expect(afterKey('  - ', '', 'containers', '[]Container')).toBe(':');
  expect(afterKey('  ', ': 3', 'replicas', 'int32')).toBe('');
  expect(afterKey('  type: ', '', 'RollingUpdate', '')).toBe('');
  expect(afterKey('  - ', '', 'ReadWriteOnce', '')).toBe('');
});
