import { expect, test } from 'vitest';
import { cpu, memory } from './amounts';

test('amounts read as in a manifest', () => {
  expect([0, 250, 2000, 1500].map(cpu)).toEqual(['0', '250m', '2', '1500m']);
  expect([0, 512 << 20, 1.5 * 2 ** 30, 16 * 2 ** 30].map(memory)).toEqual(['0', '512Mi', '1.5Gi', '16Gi']);
});
