import { expect, test } from 'vitest';
import { after, byPart, inOrder } from './parts';

const lessons = [
  { name: 'canary', part: 4, order: 8 },
  { name: 'first-pod', part: 1, order: 1 },
  { name: 'scaling', part: 4, order: 5 },
  { name: 'own', part: 4, order: 0 },
];

test('by part, then by number', () => {
  expect(inOrder(lessons).map(({ name }) => name)).toEqual(['first-pod', 'own', 'scaling', 'canary']);
  expect(byPart(lessons).map(({ part, lessons: group }) => [part.number, group.length])).toEqual([
    [1, 1],
    [4, 3],
  ]);
});

test('one after another', () => {
  expect(after(lessons, 'scaling')?.name).toBe('canary');
  expect(after(lessons, 'canary')).toBeNull();
  expect(after(lessons, 'unknown')).toBeNull();
});
