import { expect, test } from 'vitest';
import type { Message } from '../sim/frames';
import { apply, cluster, epoch, messages } from './run';
import { update } from './sketch';

function message(event: number): Message {
  const party = { role: 'etcd', name: '' } as const;
  return {
    event,
    cause: 0,
    sent: event,
    at: event,
    kind: 'commit',
    from: party,
    to: party,
    verb: '',
    resource: '',
    object: null,
    ok: true,
    text: '',
  };
}

const many = (from: number, count: number) => Array.from({ length: count }, (_, index) => message(from + index));

test('messages gather up to a bound, and a jump empties them', async () => {
  await apply(update(1, { whole: true, messages: many(0, 2) }));
  await apply(update(2, { messages: many(2, 1_999) }));
  expect(messages.value.length).toBe(2_000);
  expect(messages.value[0]?.event).toBe(1);
  const jumps = epoch.value;
  await apply(update(1, { whole: true }));
  expect(messages.value).toEqual([]);
  expect(epoch.value).toBe(jumps + 1);
  expect(cluster.value.at).toBe(1);
});

test('back is a jump, and so is another branch that was there; a new one goes on', async () => {
  const named = (...ids: number[]) => ids.map(id => ({ id, name: '', parent: 0, since: 0, horizon: 9 }));
  await apply(update(5, { branches: named(0) }));
  const jumps = epoch.value;
  await apply(update(6, { branches: named(0) }));
  await apply(update(6, { branches: named(0, 1), branch: 1 }));
  expect(epoch.value).toBe(jumps);
  await apply(update(6, { branches: named(0, 1), branch: 0 }));
  expect(epoch.value).toBe(jumps + 1);
  await apply(update(4, { branches: named(0, 1) }));
  expect(epoch.value).toBe(jumps + 2);
  await apply(update(9, { branches: named(0, 1) }), true);
  expect(epoch.value).toBe(jumps + 3);
});

test('an update without messages keeps the list as it is, so that who draws it need not look', async () => {
  await apply(update(3, { messages: many(0, 1) }));
  const before = messages.value;
  await apply(update(4));
  expect(messages.value).toBe(before);
});
