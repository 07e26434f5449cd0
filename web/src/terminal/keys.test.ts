import { expect, test } from 'vitest';
import { type Input, read } from './keys';

test.each<[string, Input[]]>([
  ['get pods\r', [{ typed: 'get pods' }, { key: 'enter' }]],
  ['\x1b[A\x1b[1;5D', [{ key: 'older' }, { key: 'wordLeft' }]],
  ['\x1b[200~one\r\ntwo\x1b[201~\x03', [{ pasted: 'one\r\ntwo' }, { key: 'interrupt' }]],
  ['a\x1b[15~b\x1bOPc', [{ typed: 'abc' }]], // F5 and F1 mean nothing here
  ['容器🚀', [{ typed: '容器🚀' }]],
  ['a\x00b', [{ typed: 'ab' }]],
  ['\x1b', []],
])('%j', (data, inputs) => {
  expect(read(data)).toEqual(inputs);
});
