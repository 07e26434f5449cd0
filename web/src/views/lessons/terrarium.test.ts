import { expect, test } from 'vitest';
import { ceiling, GROUND, grown, plants, WIDTH } from './terrarium';

const parts = Array.from({ length: 9 }, (_, at) => ({
  part: at + 1,
  lessons: Array.from({ length: (at % 4) + 1 }, (_, number) => `lesson-${at + 1}-${number}`),
}));

test('every lesson has its leaf, under the glass and above the ground', () => {
  const leaves = plants(parts).flatMap(plant => plant.leaves);
  expect(leaves.map(leaf => leaf.lesson)).toEqual(parts.flatMap(({ lessons }) => lessons));
  for (const { x, y } of leaves) {
    expect(x).toBeGreaterThan(44);
    expect(x).toBeLessThan(WIDTH - 44);
    expect(y).toBeGreaterThan(ceiling(x) + 10);
    expect(y).toBeLessThan(GROUND);
  }
});

test('a stem is as long as its highest leaf', () => {
  const [, , , plant] = plants(parts);
  const [first, , last] = plant?.leaves ?? [];
  if (!plant || !first || !last) {
    throw new Error('the fourth part has four lessons');
  }
  expect(grown(plant, new Set())).toBeGreaterThan(0);
  expect(grown(plant, new Set([last.lesson]))).toBe(last.along);
  expect(grown(plant, new Set([last.lesson, first.lesson]))).toBe(last.along);
  expect(grown(plant, new Set(['another']))).toBe(grown(plant, new Set()));
  expect(grown(plant, new Set(plant.leaves.map(leaf => leaf.lesson)))).toBe(1);
});
