import { expect, test } from 'vitest';
import { concerns, depths, filtered, following, inputs, leadingTo } from './chain';
import { creation, message } from './messages.fixture';

test('depth counts the events between a message and what the user did', () => {
  const depth = depths(creation);
  expect([1, 2, 3, 5, 6, 8, 9, 11].map(event => depth.get(event))).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});

test('a chain whose beginning is forgotten starts at 0', () => {
  expect(depths([message({ event: 9, cause: 4 })]).get(9)).toBe(0);
});

test('an input that several messages came of is one input', () => {
  expect(inputs(creation).map(input => input.event)).toEqual([1]);
});

test('all that follows, and all that led there', () => {
  expect(following(creation, 8).map(each => each.event)).toEqual([8, 9, 10, 11, 12]);
  expect(new Set(leadingTo(creation, 9).map(each => each.event))).toEqual(new Set([1, 2, 3, 5, 6, 8, 9]));
});

test('every word of a filter must be found', () => {
  const create = message({ verb: 'create', resource: 'pods' });
  expect(concerns(create, 'CREATE pod')).toBe(true);
  expect(concerns(create, 'create service')).toBe(false);
  expect(concerns(create, '  ')).toBe(true);
});

test('a filter keeps what led to what it finds', () => {
  const shown = filtered(creation, 'node-2');
  expect(shown.filter(({ matches }) => matches).map(({ message }) => message.event)).toEqual([12]);
  expect(shown[0]).toEqual({ message: creation[0], matches: false });
  expect(filtered(creation, '')).toHaveLength(creation.length);
});
