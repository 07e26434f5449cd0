import { expect, test } from 'vitest';
import { stars } from './score';

test('fewer commands are more stars', () => {
  const check = (par: number, expected: Record<number, number>) => {
    for (const [used, count] of Object.entries(expected)) {
      expect(stars(Number(used), par), `${used} of ${par}`).toBe(count);
    }
  };
  check(1, { 0: 3, 1: 3, 2: 2, 3: 1 });
  check(4, { 4: 3, 5: 2, 6: 2, 7: 1 });
});
