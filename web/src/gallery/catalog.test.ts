import { expect, test } from 'vitest';
import { scenarios } from '../bundle/scenarios';
import { lang } from '../i18n';
import { groupOf, headOf, rank } from './catalog';
import { text } from './text';

test('every scenario that comes along has its group, its place and its line in both languages', () => {
  expect(scenarios.length).toBeGreaterThan(30);
  for (const { name } of scenarios) {
    expect(groupOf(name), name).not.toBe('other');
    expect(rank(name)).toBeGreaterThanOrEqual(0);
    for (const one of ['en', 'zh'] as const) {
      lang.value = one;
      expect(text().lines, name).toHaveProperty([name]);
    }
  }
});

test('a file says what it is called and what it shows', () => {
  expect(
    headOf('# x\nname: rolling update\ndescription: |\n  One comes,\n  one goes.\n\ncluster:\n  nodes: 3\n'),
  ).toEqual({
    name: 'rolling update',
    description: 'One comes, one goes.',
  });
  expect(headOf('description: Short.\nsteps: []\n')).toEqual({ name: '', description: 'Short.' });
  for (const { name, text: file } of scenarios) {
    expect(headOf(file).name, name).not.toBe('');
    expect(headOf(file).description, name).not.toBe('');
  }
});
