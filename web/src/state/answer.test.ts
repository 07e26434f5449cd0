import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Asker } from './answer';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('asks at once, then not before its time, then once for all that changed meanwhile', async () => {
  const ask = vi.fn(() => Promise.resolve());
  const asker = new Asker(ask, 250);
  asker.wake();
  asker.wake();
  asker.wake();
  expect(ask).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(249);
  expect(ask).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(2);
  expect(ask).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(1000);
  expect(ask).toHaveBeenCalledTimes(2);
});

test('never asks while an answer is under way, nor after it was stopped', async () => {
  let answer = () => {};
  const ask = vi.fn(() => new Promise<void>(resolve => (answer = resolve)));
  const asker = new Asker(ask, 10);
  asker.wake();
  asker.wake();
  await vi.advanceTimersByTimeAsync(500);
  expect(ask).toHaveBeenCalledTimes(1);
  answer();
  await vi.advanceTimersByTimeAsync(11);
  expect(ask).toHaveBeenCalledTimes(2);
  asker.stop();
  answer();
  asker.wake();
  await vi.advanceTimersByTimeAsync(500);
  expect(ask).toHaveBeenCalledTimes(2);
});
