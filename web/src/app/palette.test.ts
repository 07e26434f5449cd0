import { expect, test } from 'vitest';
import { type Entry, find } from './palette';

function entry(title: string, note = ''): Entry {
  return { key: title, icon: 'pod', title, note, act: () => undefined };
}

const entries = [
  entry('web-6dfd4cb487-m2jql', 'Pod · dev'),
  entry('my-web', 'Service'),
  entry('web', 'Deployment · dev'),
  entry('cobweb', 'Pod'),
  entry('node-1', 'Node'),
];

test.each([
  ['web', ['web', 'web-6dfd4cb487-m2jql', 'my-web', 'cobweb']],
  ['web dev', ['web', 'web-6dfd4cb487-m2jql']],
  ['M2J', ['web-6dfd4cb487-m2jql']],
  ['node', ['node-1']],
  ['nothing', []],
])('%s', (wanted, titles) => {
  expect(find(entries, wanted).map(found => found.title)).toEqual(titles);
});

test('without a word all come, as they are', () => {
  expect(find(entries, ' ')).toEqual(entries);
});
