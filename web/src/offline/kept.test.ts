import { expect, test } from 'vitest';
import { isHashed, keptFile } from './kept';
import { isKept } from './plugin';

test('what is kept', () => {
  const check = (name: string, kept: boolean) => expect(isKept(name), name).toBe(kept);
  check('index.html', true);
  check('assets/podarium_bg-3fk2a9Qz.wasm', true);
  check('icons/icon-192.png', true);
  check('assets/index-3fk2a9Qz.js.map', false);
  check('service-worker.js', false);
  check('.nojekyll', false);
});

test('names that tell a content', () => {
  expect(isHashed('assets/index-3fk2a9Qz.js')).toBe(true);
  expect(isHashed('assets/podarium_bg-x_-fa9Qz.wasm')).toBe(true);
  expect(isHashed('index.html')).toBe(false);
  expect(isHashed('icon.svg')).toBe(false);
});

test('requests and their files', () => {
  const files = new Set(['index.html', 'icon.svg', 'assets/a-3fk2a9Qz.js']);
  expect(keptFile('', files)).toBe('index.html');
  expect(keptFile('index.html', files)).toBe('index.html');
  expect(keptFile('icon.svg', files)).toBe('icon.svg');
  expect(keptFile('docs/', files)).toBeNull();
  expect(keptFile('assets/b-3fk2a9Qz.js', files)).toBeNull();
});
