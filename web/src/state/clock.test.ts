import { beforeEach, expect, test, vi } from 'vitest';
import type { Update } from '../sim/frames';
import { update } from './sketch';

/** The model: answers when it is let to. */
const model = vi.hoisted(() => ({ asked: [] as string[], answer: (() => undefined) as (update: Update) => void }));

vi.mock('../sim/client', async original => {
  const ask = (what: string) =>
    new Promise<Update>(resolve => {
      model.asked.push(what);
      model.answer = resolve;
    });
  const sim = { seek: (at: number) => ask(`seek ${at}`), tick: (span: number) => ask(`tick ${span}`) };
  return { ...(await original<typeof import('../sim/client')>()), sim };
});

const frames: FrameRequestCallback[] = [];
vi.stubGlobal('requestAnimationFrame', (callback: FrameRequestCallback) => frames.push(callback));
const { pause, play, seek, speed } = await import('./clock');

async function settle(): Promise<void> {
  await new Promise(resolve => setTimeout(resolve, 0));
}

/** The browser draws once more, so many milliseconds later. */
async function draw(now: number): Promise<void> {
  for (const callback of frames.splice(0)) {
    callback(now);
  }
  await settle();
}

beforeEach(async () => {
  pause();
  model.answer(update(0));
  await draw(0);
  model.asked.length = 0;
});

test('of many places that are dragged over, the first and the latest are gone to', async () => {
  const first = seek(1);
  seek(2);
  const last = seek(3);
  model.answer(update(1));
  await settle();
  model.answer(update(3));
  await Promise.all([first, last]);
  expect(model.asked).toEqual(['seek 1', 'seek 3']);
});

test('one tick is in flight at most, and the next makes up for it', async () => {
  const start = performance.now();
  speed.value = 2;
  play();
  await draw(start + 16);
  await draw(start + 32);
  expect(model.asked.length).toBe(1);
  model.answer(update(1));
  await settle();
  await draw(start + 66);
  expect(model.asked.length).toBe(2);
  expect(model.asked[1]).toBe('tick 100000000');
});

test('pausing and playing at once leaves one loop', async () => {
  play();
  pause();
  play();
  await draw(performance.now() + 16);
  expect(model.asked.length).toBe(1);
});
