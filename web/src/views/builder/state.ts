/** The draft, and the run in which its solution is recorded. */
import { effect, signal } from '@preact/signals';
import { sim } from '../../sim/client';
import type { Link, TypedLine } from '../../sim/frames';
import type { Cluster } from '../../state/cluster';
import { files } from '../../state/files';
import { journalLink } from '../../state/journal';
import { openRun } from '../../state/open';
import { cluster, opened } from '../../state/run';
import { kept } from '../../state/storage';
import { addLesson, type Entry, findLesson } from '../lessons/catalogue';
import { openLesson } from '../lessons/current';
import { type Draft, emptyDraft, isDraft } from './draft';
import { lessonYaml } from './lesson-yaml';
import { filesOfStart, startYaml, withFiles } from './start';

/** The lesson that is being built; kept in this browser as it is typed. */
export const draft = kept<Draft>('builder.draft', emptyDraft, isDraft);

/** Changes some of its fields. */
export function edit(fields: Partial<Draft>): void {
  draft.value = { ...draft.peek(), ...fields };
}

/** A recording: the cluster and the files as they were at its beginning. */
export interface Recording {
  readonly start: Cluster;
  readonly files: Readonly<Record<string, string>>;
}

/** The recording that goes on, or was made last: what suggests goals. */
export const recording = signal<Recording | null>(null);
/** Whether it goes on. */
export const records = signal(false);

// Whatever else is opened ends a recording.
let recorded: unknown = null;
effect(() => {
  if (opened.value !== recorded) {
    records.value = false;
  }
});

async function acting(lines: readonly TypedLine[]): Promise<TypedLine[]> {
  const found: TypedLine[] = [];
  for (const typed of lines) {
    if ((await sim.acts(typed.line)) > 0) {
      found.push(typed);
    }
  }
  return found;
}

function whole(some: Link['files']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(some ?? {}).flatMap(([name, text]) => (text === undefined ? [] : [[name, text]])),
  );
}

/** Makes the cluster, as it is now, the lesson's start. */
export async function takeStart(): Promise<void> {
  const link = await sim.link();
  const lesson = link.lesson ? await findLesson(link.lesson) : null;
  const start = startYaml({
    scenario: lesson ? lesson.lesson.start : (link.scenario ?? ''),
    seed: link.seed ?? null,
    began: opened.peek()?.update.frame.at ?? 0,
    lines: await acting(link.lines ?? []),
    files: { ...whole(link.files) },
    at: cluster.peek().at,
  });
  edit({ start });
}

/** A start as a scenario that can be played: in a scenario, steps may not be left out. */
export function playable(start: string): string {
  return /^steps:/m.test(start) ? start : `${start.trimEnd()}\nsteps: []\n`;
}

/** Opens the start as a run of its own, whose lines become the solution. A `Problem` is thrown on. */
export async function record(): Promise<void> {
  const { start } = draft.peek();
  await openRun({ version: 1, scenario: playable(start) });
  recorded = opened.peek();
  recording.value = { start: cluster.peek(), files: { ...files.peek(), ...filesOfStart(start) } };
  records.value = true;
}

/** Takes what was typed since `record` as the solution. */
export async function takeSolution(): Promise<void> {
  const began = recording.peek();
  if (!began) {
    return;
  }
  // What only looks, and what lets time pass, is no part of a link; of a solution it is. Ctrl-C is neither.
  const lines = (journalLink().lines ?? []).filter(({ line }) => line !== '\u0003');
  let par = 0;
  const read = new Map<string, string>();
  for (const { line, files: needed } of lines) {
    par += await sim.acts(line);
    for (const [name, text] of Object.entries(whole(needed))) {
      read.set(name, text);
    }
  }
  // A file that the solution reads belongs to the lesson: as it was, and, if it was edited, as it became.
  const brought = Object.fromEntries([...read.keys()].map(name => [name, began.files[name] ?? '']));
  const edits = Object.fromEntries([...read].filter(([name, text]) => text !== brought[name]));
  edit({
    solution: lines.map(({ line }) => line),
    par: Math.max(1, par),
    start: withFiles(draft.peek().start, brought),
    edits,
  });
  records.value = false;
}

/** The lesson as a file. */
export function written(): string {
  return lessonYaml(draft.peek());
}

/** Adds the lesson to the person's own. A `Problem` is thrown on. */
export function keepLesson(): Promise<Entry> {
  return addLesson(draft.peek().name, written());
}

/** Opens the lesson as its learner will. A `Problem` is thrown on. */
export async function tryLesson(): Promise<void> {
  await openLesson(await keepLesson());
}
