/** What the page opens when it is opened: what its address asks for, or an empty cluster. */

import { breakdown } from '../sim/client';
import type { Link } from '../sim/frames';
import { dialogue, embedded, openSide } from '../state/layout';
import { decodeLink, LinkError, readFragment } from '../state/link';
import { emptyCluster, openRun } from '../state/open';
import { notify, report } from '../state/problems';
import { opened } from '../state/run';
import { shown } from '../state/selection';
import { recall, remember } from '../state/storage';
import { text } from './text';

/** Opens a lesson by its name, where a link says that something was done in it already: with that. */
export async function openLesson(name: string, link: Link = { version: 1 }): Promise<boolean> {
  const [{ findLesson, findSource }, { viewsOf }] = await Promise.all([
    import('../views/lessons/catalogue'),
    import('../views/lessons/parts'),
  ]);
  const found = await findSource(name);
  if (!found) {
    notify({ tone: 'problem', message: text().noLesson(name) });
    return false;
  }
  await openRun({ ...link, lesson: name }, found.source);
  const part = (await findLesson(name))?.lesson.part;
  if (part !== undefined && !embedded) {
    shown.value = viewsOf(part);
  }
  openSide('lesson');
  return true;
}

/** Opens a scenario that comes along. */
export async function openScenario(name: string, seed?: number): Promise<boolean> {
  const { scenarios } = await import('../bundle/scenarios');
  const found = scenarios.find(scenario => scenario.name === name);
  if (!found) {
    notify({ tone: 'problem', message: text().noScenario(name) });
    return false;
  }
  await openRun({ version: 1, scenario: found.text, ...(seed === undefined ? {} : { seed }) });
  return true;
}

/** Opens a run as a link or a file holds it. */
export async function openLink(link: Link): Promise<boolean> {
  if (link.lesson) {
    return openLesson(link.lesson, link);
  }
  await openRun(link);
  return true;
}

/** Shows why a link can't be opened; other failures are thrown on. */
export function explainLink(thrown: unknown): void {
  if (!(thrown instanceof LinkError)) {
    throw thrown;
  }
  const message = thrown.fault === 'damaged' ? text().badLink : text().futureLink(thrown.fault.newer);
  // At the start there is no run that could stay.
  const help = opened.peek() ? text().badLinkStays : text().badLinkHelp;
  notify({ tone: 'problem', message, help });
}

/** Opens what the address asks for. Whether it could. */
async function openAsked(): Promise<boolean> {
  const asked = readFragment(location.hash);
  try {
    switch (asked.kind) {
      case 'lesson':
        return await openLesson(asked.name);
      case 'scenario':
        return await openScenario(asked.name);
      case 'run':
        return await openLink(await decodeLink(asked.fragment));
      case 'nothing':
        return false;
    }
  } catch (thrown) {
    if (thrown instanceof LinkError) {
      explainLink(thrown);
    } else {
      report(thrown);
    }
    return false;
  }
}

/** Opens what there is to open, now and when the address changes. */
export async function start(): Promise<void> {
  addEventListener('hashchange', () => {
    if (readFragment(location.hash).kind !== 'nothing') {
      void openAsked();
    }
  });
  if ((await openAsked()) || breakdown.peek()) {
    return;
  }
  try {
    await openRun(emptyCluster);
  } catch (thrown) {
    report(thrown);
    return;
  }
  if (!embedded && location.hash === '' && !recall('welcomed', false)) {
    remember('welcomed', true);
    dialogue.value = 'welcome';
  }
}
