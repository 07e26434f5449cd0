import { expect, test } from 'vitest';
import type { Link } from '../sim/frames';
import { decodeLink, encodeLink, type LinkError, parseRun, readFragment } from './link';

const run: Link = {
  version: 1,
  scenario: 'name: 容器\nsteps: []\n',
  seed: 7,
  files: { 'web.yaml': 'kind: Pod' },
  lines: [{ at: 1_500_000_000, terminal: 0, line: 'get pods "💥"' }],
  at: 2_000_000_000,
};

async function fault(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => 'none',
    (error: LinkError) => error.fault,
  );
}

test('a run comes back as it was', async () => {
  const fragment = await encodeLink(run);
  expect(fragment).toMatch(/^v1\.[\w-]+$/);
  expect(await decodeLink(fragment)).toEqual(run);
});

/** What `podarium link` printed for the scenario below, with `--seed 7 --at 1.5s`. */
const MADE_BY_THE_CLI =
  '#v1.Lc1NCsIwEIbhqwyztqCCCAPeJJs0_SjBdlKS1B9KbyCCRxC8RfE2FTyGXfgu380z8Akx-aAsmxUnB7XRBxZW20Jonu6fx3ueXt_nzahr-pQRhQYNFZLQdjS6nC6J0YKOfQmXGyEXYTOoQteEawvNdEZJReFbW-OgtdeLUV44oGLZr9jmhd-t_40_';

test('a link that the command line made opens here', async () => {
  const asked = readFragment(MADE_BY_THE_CLI);
  expect(asked.kind).toBe('run');
  expect(await decodeLink(MADE_BY_THE_CLI.slice(1))).toEqual({
    version: 1,
    scenario: 'name: 从命令行\ncluster: {nodes: 2}\nsteps:\n- kubectl: create deployment web --image=nginx\n',
    seed: 7,
    at: 1_500_000_000,
  });
});

test('repeated lines hardly cost anything', async () => {
  const lines = Array.from({ length: 200 }, (_, index) => ({ at: index * 1e9, terminal: 0, line: 'get pods' }));
  expect((await encodeLink({ version: 1, lines })).length).toBeLessThan(1_500);
});

test('a link that was cut off, or never was one, is damaged', async () => {
  const fragment = await encodeLink(run);
  expect(await fault(decodeLink(fragment.slice(0, -20)))).toBe('damaged');
  expect(await fault(decodeLink('v1.'))).toBe('damaged');
  expect(await fault(decodeLink('v1.!!!'))).toBe('damaged');
  expect(await fault(decodeLink('hello'))).toBe('damaged');
});

test('what unfolds to gigabytes is not unfolded', async () => {
  const bomb = await encodeLink({ version: 1, scenario: 'x'.repeat(17 << 20) });
  expect(await fault(decodeLink(bomb))).toBe('damaged');
});

test.each<[string, unknown]>([
  ['{"version":2}', { newer: '2' }],
  ['{"lines":[]}', 'damaged'],
  ['{"version":1,"lines":[{"line":"get pods"}]}', 'damaged'],
  ['{"version":1,"files":{"a":1}}', 'damaged'],
  ['[1]', 'damaged'],
  ['null', 'damaged'],
  ['{"version":1', 'damaged'],
  ['{"version":1}', 'none'],
])('%s', async (json, expected) => {
  expect(await fault(Promise.resolve().then(() => parseRun(json)))).toEqual(expected);
});

test('newer formats say so', async () => {
  expect(await fault(decodeLink('v2.abc'))).toEqual({ newer: '2' });
});

test.each([
  ['', { kind: 'nothing' }],
  ['#', { kind: 'nothing' }],
  ['#lesson=first-pod', { kind: 'lesson', name: 'first-pod' }],
  ['#scenario=rolling-update', { kind: 'scenario', name: 'rolling-update' }],
  ['#v1.abc', { kind: 'run', fragment: 'v1.abc' }],
])('%s asks for %j', (fragment, asked) => {
  expect(readFragment(fragment)).toEqual(asked);
});
