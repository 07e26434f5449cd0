import { expect, test } from 'vitest';
import { message, party } from './messages.fixture';
import { labelsOf, tokensAt, withRoom } from './tokens';

const MS = 1_000_000;
const create = (event: number, sent: number) =>
  message({
    event,
    sent: sent * MS,
    at: (sent + 1) * MS,
    from: party('controller', 'replicaset-controller'),
    verb: 'create',
    resource: 'pods',
  });

test('messages that leave together are one token', () => {
  const tokens = tokensAt([create(1, 5), create(2, 5), create(3, 9)], 5.5 * MS);
  expect(tokens.map(token => [token.count, token.part])).toEqual([[2, 0.5]]);
});

test('of tokens that say the same on one way, the first says how many there are', () => {
  const tokens = tokensAt(
    [create(1, 5), create(2, 5), create(3, 5.2), message({ sent: 5 * MS, at: 7 * MS, verb: 'get' })],
    5.5 * MS,
  );
  expect([...labelsOf(tokens).values()].sort()).toEqual(['create pods ×3', 'get']);
});

test('what has arrived, or not left yet, is no token', () => {
  expect(tokensAt([create(1, 5)], 6 * MS)).toEqual([]);
  expect(tokensAt([create(1, 5)], 4 * MS)).toEqual([]);
});

test('labels never lie over one another', () => {
  const label = (key: string, x: number, y: number, left = false) => ({ key, words: 'create pods', x, y, left });
  const labels = [
    label('a', 0, 50),
    label('b', 60, 55),
    label('c', 60, 80),
    label('d', 300, 50),
    label('e', 290, 50, true),
  ];
  expect([...withRoom(labels)]).toEqual(['a', 'c', 'd', 'e']);
});
