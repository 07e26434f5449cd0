import { beforeEach, expect, test, vi } from 'vitest';
import { update } from './sketch';

const model = vi.hoisted(() => ({ lines: [] as string[] }));

vi.mock('../sim/client', async original => {
  const sim = {
    filesNeeded: async (line: string) => /-f (\S+)/.exec(line)?.slice(1) ?? [],
    line: async (terminal: number, line: string, files: Record<string, string>) => {
      model.lines.push([terminal, line, ...Object.keys(files)].join(' '));
      const waits = line.endsWith('-w');
      return update(0, { prints: [{ terminal, text: [{ error: false, text: 'ok\n' }], done: !waits, code: 0 }] });
    },
    interrupt: async (terminal: number) => update(0, { prints: [{ terminal, text: [], done: true, code: 130 }] }),
  };
  return { ...(await original<typeof import('../sim/client')>()), sim };
});

const { apply } = await import('./run');
const { writeFile } = await import('./files');
const { attachScreen, closeTerminal, missingFiles, openTerminal, resetTerminals, run, shownTerminals, terminals } =
  await import('./terminals');

beforeEach(async () => {
  for (const { id } of terminals.value.slice(1)) {
    await closeTerminal(id);
  }
  resetTerminals();
  model.lines.length = 0;
});

test('a line goes to a terminal that waits for nothing, and to a new one if all wait', async () => {
  await run('get pods -w');
  await run('get rs -w');
  await run('get nodes');
  await run('get nodes');
  expect(model.lines).toEqual(['0 get pods -w', '1 get rs -w', '2 get nodes', '2 get nodes']);
  expect(terminals.value.map(({ busy }) => busy.value)).toEqual([true, true, false]);
});

test('a screen that comes late hears all that was said', async () => {
  await run('get pods');
  const heard: string[] = [];
  attachScreen(0, event => heard.push(event.kind));
  expect(heard.slice(-3)).toEqual(['line', 'text', 'done']);
});

test('files of the editor go along, and those that nobody has are offered', async () => {
  writeFile('web.yaml', 'kind: Pod');
  await run('apply -f web.yaml');
  await run('apply -f other.yaml');
  expect(model.lines).toEqual(['0 apply -f web.yaml web.yaml', '0 apply -f other.yaml']);
  expect(missingFiles.value).toEqual(['other.yaml']);
});

test('three at most are shown side by side; the last terminal stays', async () => {
  for (let opened = 0; opened < 4; opened += 1) {
    openTerminal(true);
  }
  expect(shownTerminals.value.length).toBe(3);
  for (const { id } of terminals.value) {
    await closeTerminal(id);
  }
  expect(terminals.value.length).toBe(1);
  expect(shownTerminals.value).toEqual(terminals.value.map(({ id }) => id));
});

test('what the run does again shows in the terminal that it was done in', async () => {
  const printed = (text: string, done: boolean) => ({ terminal: 7, text: [{ error: false, text }], done, code: 0 });
  await apply(update(1, { prints: [printed('$ kubectl rollout status deployment/web\n', false)] }));
  const terminal = terminals.value.find(({ id }) => id === 7);
  expect([terminal?.busy.value, terminal?.title.value]).toEqual([true, 'kubectl rollout status deployment/web']);
  const heard: string[] = [];
  attachScreen(7, event => heard.push(event.kind));
  await apply(update(2, { prints: [printed('rolled out\n', true)] }));
  expect(heard).toEqual(['line', 'busy', 'text', 'done']);
  expect(terminal?.busy.value).toBe(false);
});

test('a terminal learns that something waits in it, or not any more, when another moment is looked at', async () => {
  const silent = (done: boolean) => ({ terminal: 0, text: [], done, code: 0 });
  await apply(update(5, { prints: [silent(false)] }));
  expect(terminals.value[0]?.busy.value).toBe(true);
  await apply(update(3, { prints: [silent(true)] }));
  expect(terminals.value[0]?.busy.value).toBe(false);
});
