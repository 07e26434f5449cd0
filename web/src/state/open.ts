/** Opening runs. */
import { signal } from '@preact/signals';
import { isProblem, sim } from '../sim/client';
import type { Both, Link, Opened } from '../sim/frames';
import { pause, play } from './clock';
import { beginJournal, journalLink } from './journal';
import { applyOpened } from './run';
import { select } from './selection';
import { resetTerminals } from './terminals';

/** The default: a cluster of three nodes, in which nothing was done yet. */
export const emptyCluster: Link = { version: 1 };

/** The name of the lesson that is open; empty: none. */
export const lesson = signal('');
/** Its title, once it is known. */
export const lessonTitle = signal<Both | null>(null);

let lessonText: string | undefined;

/**
 * Opens a run in the place of the one before; with the text of a lesson, its start. A `Problem` is thrown on, and the run before stays.
 * A link of a lesson names it: `{ version: 1, lesson: 'first-pod' }`.
 */
export async function openRun(link: Link, text?: string): Promise<void> {
  pause();
  let opened: Opened;
  try {
    opened = await sim.open(link, text);
  } catch (thrown) {
    if (!isProblem(thrown)) {
      // The report of a breakdown is about the run that broke the model, not the one before.
      lessonText = text;
      beginJournal(link);
    }
    throw thrown;
  }
  lessonText = text;
  lesson.value = link.lesson ?? '';
  lessonTitle.value = null;
  beginJournal(link);
  resetTerminals();
  select(null);
  await applyOpened(opened);
  play();
}

/** Opens the same again, as it was before anything was typed. */
export async function openAgain(): Promise<void> {
  const { lines: _, at: __, ...start } = journalLink();
  await openRun(start, lessonText);
}
