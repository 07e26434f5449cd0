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

const why = (length: number, leftOut = 0, leftOutAfter = length) => ({
  chain: Array.from({ length }, (_, number) => cause(number, `who ${number}`)),
  leftOut,
  leftOutAfter,
});

test('of equal neighbours the latest stays, and counts', () => {
  const told = links([cause(9, 'kubelet'), cause(8, 'kubelet'), cause(7, 'scheduler'), cause(6, 'kubelet')]);
  expect(told.map(link => [link.cause.event, link.times])).toEqual([
    [9, 2],
    [7, 1],
    [6, 1],
  ]);
});

test('short chains are told whole', () => {
  expect(fold(why(11), false)).toMatchObject({ hidden: 0, opens: false });
});

test('of long chains the middle is hidden until it is asked for', () => {
  const folded = fold(why(30), false);
  expect([folded.near.length, folded.hidden, folded.far.length, folded.opens]).toEqual([6, 20, 4, true]);
  expect(folded.far.at(-1)?.cause.event).toBe(29);
  expect(fold(why(30), true)).toMatchObject({ hidden: 0, opens: false });
});

test('what the model left out itself stays a gap', () => {
  expect(fold(why(60, 500, 40), false)).toMatchObject({ hidden: 550, opens: true });
  const open = fold(why(60, 500, 40), true);
  expect([open.near.length, open.hidden, open.far.length, open.opens]).toEqual([40, 500, 20, false]);
});
