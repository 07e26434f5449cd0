import { expect, test } from 'vitest';
import { creation, message, party } from './messages.fixture';
import { loads } from './rates';

test('every part has its load, and the API server none of its own', () => {
  const sums = loads(creation, 100_000_000);
  expect(sums.get('scheduler:')).toMatchObject({ sent: 2, got: 1 });
  expect(sums.get('etcd:')).toMatchObject({ sent: 0, got: 4 });
  expect(sums.has('apiServer:')).toBe(false);
});

test('what is older than the window, or yet to come, is no load', () => {
  const at = (seconds: number) => message({ at: seconds * 1e9, from: party('scheduler') });
  expect(loads([at(1), at(5), at(5.5), at(7)], 6e9).get('scheduler:')?.sent).toBe(1);
});
