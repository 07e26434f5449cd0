import { beforeEach, expect, test, vi } from 'vitest';

/** A worker that answers what it is told to, in place of the real one. */
const worker = vi.hoisted(() => ({
  asked: [] as string[],
  answer: async (_what: string): Promise<unknown> => undefined,
}));

vi.mock('comlink', () => {
  const ask = (what: string) => {
    worker.asked.push(what);
    return worker.answer(what);
  };
  const remote = {
    version: async () => '0.0.0',
    open: () => ask('open'),
    checkScenario: () => ask('check'),
    call: (method: string) => ask(method),
  };
  return { wrap: () => remote };
});

class NoWorker {
  addEventListener(): void {}
  terminate(): void {}
}
vi.stubGlobal('Worker', NoWorker);

async function fresh(): Promise<typeof import('./client')> {
  vi.resetModules();
  return import('./client');
}

beforeEach(() => {
  worker.asked.length = 0;
  worker.answer = async () => undefined;
});

test('who asks before a run is open waits for it', async () => {
  const { sim } = await fresh();
  const history = sim.history();
  await sim.checkScenario('');
  await sim.open({ version: 1 });
  await history;
  expect(worker.asked).toEqual(['check', 'open', 'history']);
});

test('calls never overlap', async () => {
  const { sim } = await fresh();
  await sim.open({ version: 1 });
  let under = 0;
  worker.answer = async () => {
    under += 1;
    expect(under).toBe(1);
    await new Promise(resolve => setTimeout(resolve, 1));
    under -= 1;
  };
  await Promise.all([sim.tick(1), sim.seek(2), sim.history()]);
  expect(worker.asked.slice(1)).toEqual(['tick', 'seek', 'history']);
});

test('a problem is the caller’s; anything else is a breakdown, until a run is opened anew', async () => {
  const { sim, breakdown, revive } = await fresh();
  await sim.open({ version: 1 });
  const problem = { message: 'no such pod', help: '', file: '', line: 0, column: 0 };
  worker.answer = async () => Promise.reject(problem);
  await expect(sim.why('pod:1')).rejects.toBe(problem);
  expect(breakdown.value).toBe(null);
  worker.answer = async () => Promise.reject(new Error('unreachable'));
  await expect(sim.tick(1)).rejects.toThrow('unreachable');
  expect(breakdown.value?.message).toBe('unreachable');
  revive();
  worker.answer = async () => 'opened';
  await expect(sim.open({ version: 1 })).resolves.toBe('opened');
  await expect(sim.tick(1)).resolves.toBe('opened');
});
