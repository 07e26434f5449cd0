import { expect, test } from 'vitest';
import type { Cause } from '../../sim/frames';
import { fold, links } from './fold';

const cause = (event: number, who: string): Cause => ({
  at: event,
  event,
  kind: 'request',
  who,
  verb: 'update',
  object: null,
  ok: true,
  text: '',
  sentence: '',
});

const chain = (length: number) => links(Array.from({ length }, (_, number) => cause(number, `who ${number}`)));

test('of equal neighbours the latest stays, and counts', () => {
  const told = links([cause(9, 'kubelet'), cause(8, 'kubelet'), cause(7, 'scheduler'), cause(6, 'kubelet')]);
  expect(told.map(link => [link.cause.event, link.times])).toEqual([
    [9, 2],
    [7, 1],
    [6, 1],
  ]);
});

test('short chains are told whole', () => {
  expect(fold(chain(11), false).hidden).toBe(0);
});

test('of long chains the middle is hidden until it is asked for', () => {
  const folded = fold(chain(30), false);
  expect([folded.near.length, folded.hidden, folded.far.length]).toEqual([6, 20, 4]);
  expect(folded.far.at(-1)?.cause.event).toBe(29);
  expect(fold(chain(30), true).near).toHaveLength(30);
});
