/** Opening runs. */
import { sim } from '../sim/client';
import type { Link } from '../sim/frames';
import { pause, play } from './clock';
import { applyOpened } from './run';
import { select } from './selection';

/** Opens a run in the place of the one before; with the text of a lesson, its start. A `Problem` is thrown on. */
export async function openRun(link: Link, lesson?: string): Promise<void> {
  pause();
  const opened = await sim.open(link, lesson);
  select(null);
  await applyOpened(opened);
  play();
}

/** The default: a cluster of three nodes, in which nothing was done yet. */
export const emptyCluster: Link = { version: 1 };
