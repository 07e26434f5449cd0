import { expect, test } from 'vitest';
import { after } from './cells';

test.each([
  ['', 10, 0, 0],
  ['$ get', 10, 0, 5],
  ['0123456789', 10, 1, 0], // the next character begins a row
  ['0123456789a', 10, 1, 1],
  ['容器', 10, 0, 4],
  ['012345678容', 10, 1, 2], // a wide character isn't cut in two
  ['e\u0301', 10, 0, 1],
])('%j in %d columns', (text, columns, row, column) => {
  expect(after(text, columns)).toEqual({ row, column });
});
