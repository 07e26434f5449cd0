/** The lesson that is open: what was shown, what was used, and whether it is solved. */
import { computed, effect, signal } from '@preact/signals';
import { currentFile, files, removeFile, writeFile } from '../../state/files';
import { openSide } from '../../state/layout';
import { emptyCluster, lesson, lessonTitle, openRun } from '../../state/open';
import { attempt } from '../../state/problems';
import { acted, goals, opened } from '../../state/run';
import { shown } from '../../state/selection';
import { freeName } from '../yaml/names';
import { type Entry, findLesson } from './catalogue';
import { viewsOf } from './parts';
import { progress, record } from './progress';
import { type Stars, stars } from './score';

/** How the lesson that is open went. */
export interface Outcome {
  readonly used: number;
  readonly stars: Stars;
  /** Whether it was never solved before: a leaf grows. */
  readonly first: boolean;
}

/** The lesson that is open; `null`: none. */
export const current = signal<Entry | null>(null);
/** How many of its hints are shown. */
export const hintsShown = signal(0);
/** Whether its solution was typed for the learner. */
export const solutionShown = signal(false);
/** Once all its goals were reached. */
export const outcome = signal<Outcome | null>(null);
/** How many of its goals are reached. */
export const reached = computed(() => goals.value.filter(goal => goal.holds).length);
/** Whether all are reached now. */
export const allReached = computed(() => goals.value.length > 0 && reached.value === goals.value.length);

// A lesson is solved by the first moment at which all holds; what is done afterwards changes nothing any more.
let heldAlready = false;

effect(() => {
  const entry = current.value;
  if (!allReached.value) {
    heldAlready = false;
  }
  if (!entry || !allReached.value || heldAlready || outcome.peek()) {
    return;
  }
  const { name, par } = entry.lesson;
  const used = acted.peek();
  const shown = solutionShown.peek();
  const earned = shown ? 0 : stars(used, par);
  outcome.value = { used, stars: earned, first: progress.peek()[name] === undefined };
  record(name, { best: shown ? null : used, stars: earned });
});

/** The files that the lesson before brought along: they go with it. */
let brought: string[] = [];

function bring(lessonFiles: Readonly<Record<string, string>>): void {
  for (const name of brought) {
    removeFile(name);
  }
  brought = Object.keys(lessonFiles);
  for (const [name, text] of Object.entries(lessonFiles)) {
    const mine = files.peek()[name];
    if (mine !== undefined && mine !== text) {
      writeFile(freeName(name, Object.keys(files.peek())), mine);
    }
    writeFile(name, text);
  }
  currentFile.value = brought[0] ?? currentFile.peek();
}

function begin(entry: Entry | null): void {
  outcome.value = null;
  hintsShown.value = 0;
  solutionShown.value = false;
  // Somebody else's link may open a lesson that is solved in it already: that solves nothing here.
  heldAlready = allReached.peek();
  current.value = entry;
  lessonTitle.value = entry?.lesson.title ?? null;
  bring(entry?.lesson.files ?? {});
}

let beginning: Promise<void> = Promise.resolve();

/** Waits until the lesson of the run that was just opened has begun. */
export function begun(): Promise<void> {
  return beginning;
}

// Whoever opens a run, here, from the gallery or by a link: a lesson begins with it, or ends.
effect(() => {
  const run = opened.value;
  const name = lesson.peek();
  if (run) {
    // Until the new one is known, no lesson is open: what holds in this run isn't the old one's merit.
    current.value = null;
    const found = name === '' ? Promise.resolve(null) : findLesson(name);
    beginning = found.then(entry => {
      if (opened.peek() === run) {
        begin(entry);
      }
    });
    attempt(beginning);
  }
});

/** Opens a lesson. A `Problem` is thrown on. */
export async function openLesson({ lesson: { name, part }, source }: Entry): Promise<void> {
  await openRun({ version: 1, lesson: name }, source);
  shown.value = viewsOf(part);
  openSide('lesson');
}

/** Leaves the lesson, for an empty cluster. */
export async function leaveLesson(): Promise<void> {
  await openRun(emptyCluster);
}
