import { expect, test } from 'vitest';
import { knows, nodeLine, nodeParts, partsOf, podLine } from './catalog';

const usages = [
  'kill node NAME',
  'restart node NAME',
  'fill disk of NAME [to 95%]',
  'free disk of NAME',
  'cut network of NAME',
];

test('only what the model can break and mend is offered', () => {
  expect(nodeParts(usages).map(part => part.name)).toEqual(['machine', 'disk']);
  expect(knows(usages, 'cut network of NAME')).toBe(true);
  expect(knows(usages, 'cut network')).toBe(false);
});

test('a machine without power can only be switched on', () => {
  expect(partsOf({ powered: false }, usages).map(part => part.name)).toEqual(['machine']);
});

test('lines name what they are about', () => {
  expect(nodeLine('fill disk of NAME', 'node-2')).toBe('fault fill disk of node-2');
  expect(podLine('crash', { namespace: 'default', name: 'web-1' }, '')).toBe('fault crash pod/web-1');
  expect(podLine('leak', { namespace: 'dev', name: 'web-1' }, 'app')).toBe('fault leak memory in pod/web-1 app in dev');
});
