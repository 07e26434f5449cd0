import { expect, test } from 'vitest';
import { fullAddress, layout, partsAsked } from './ask';

test('what an address asks for', () => {
  const check = (search: string, parts: string[]) => expect(partsAsked(search), search).toEqual(parts);
  check('?embed', ['topology', 'terminal']);
  check('?embed&views=ownership', ['ownership']);
  check('?embed&views=ownership,%20terminal,ownership', ['ownership', 'terminal']);
  check('?embed&views=bananas', ['topology', 'terminal']);
  check('?embed&views=builder,lessons,lesson', ['lesson']);
  check('?embed&views=topology,ownership,timeline,terminal', ['topology', 'ownership', 'timeline']);
});

test('the way to the full page', () => {
  const check = (address: string, full: string) => expect(fullAddress(address, 'v1.abc')).toBe(full);
  check('https://podarium.example/play/?embed&views=topology', 'https://podarium.example/play/#v1.abc');
  check('https://podarium.example/?embed=&lang=zh&theme=dark#v1.old', 'https://podarium.example/?lang=zh#v1.abc');
});

test('how much fits', () => {
  const check = (parts: number, width: number, height: number, expected: string) =>
    expect(layout(parts, width, height)).toBe(expected);
  check(1, 320, 200, 'alone');
  check(2, 480, 320, 'tabs');
  check(2, 640, 360, 'beside');
  check(3, 800, 400, 'tabs');
  check(3, 960, 540, 'beside');
});
