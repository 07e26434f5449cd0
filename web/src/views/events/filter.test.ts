import { expect, test } from 'vitest';
import type { EventRow } from '../../sim/frames';
import { choices, everything, news, wanted } from './filter';

const row = (id: string, what: Partial<EventRow> = {}): EventRow => ({
  id,
  last: 0,
  first: 0,
  count: 1,
  warning: false,
  reason: 'Scheduled',
  source: 'default-scheduler',
  about: { id: 'pod:1', kind: 'Pod', namespace: 'default', name: 'web-0' },
  message: 'Successfully assigned default/web-0 to node-1',
  ...what,
});

const node = row('event:2', {
  warning: true,
  reason: 'NodeNotReady',
  about: { id: 'node:1', kind: 'Node', namespace: '', name: 'node-1' },
});

test('every part of a filter narrows', () => {
  expect(wanted(row('event:1'), everything)).toBe(true);
  expect(wanted(row('event:1'), { ...everything, namespace: 'dev' })).toBe(false);
  expect(wanted(row('event:1'), { ...everything, type: 'Warning' })).toBe(false);
  expect(wanted(node, { ...everything, type: 'Warning' })).toBe(true);
  expect(wanted(node, { ...everything, kind: 'Pod' })).toBe(false);
  expect(wanted(row('event:1'), { ...everything, text: 'ASSIGNED web' })).toBe(true);
  expect(wanted(row('event:1'), { ...everything, text: 'assigned db' })).toBe(false);
});

test('there is to choose what there is', () => {
  expect(choices([node, row('event:1'), row('event:3')])).toEqual({ namespaces: ['default'], kinds: ['Node', 'Pod'] });
});

test('an Event that happened again is news', () => {
  const before = [row('event:1'), row('event:3')];
  expect(news(before, [row('event:1', { count: 2 }), row('event:3'), node])).toEqual(new Set(['event:1', 'event:2']));
});
