/** What the address of an embedded page asks for: `?embed&views=topology,terminal&theme=dark&lang=zh#scenario=canary`. */
import type { ViewName } from '../state/selection';

/** What can be shown: a view of the cluster, a terminal, the text of the lesson. */
export type Part = ViewName | 'terminal' | 'lesson';

const VIEWS: readonly ViewName[] = [
  'topology',
  'control-plane',
  'ownership',
  'timeline',
  'packet',
  'yaml',
  'events',
  'metrics',
  'compare',
  'story',
];
/** More don't fit. */
const PARTS_MAX = 3;

const isPart = (name: string): name is Part =>
  name === 'terminal' || name === 'lesson' || VIEWS.some(view => view === name);

/** The parts that are asked for, each once; the topology and a terminal if nothing sensible is. */
export function partsAsked(search: string): Part[] {
  const asked = (new URLSearchParams(search).get('views') ?? '').split(',').map(name => name.trim());
  const parts = [...new Set(asked)].filter(isPart).slice(0, PARTS_MAX);
  return parts.length > 0 ? parts : ['topology', 'terminal'];
}

/** Where the same can be seen in full: the address without what only an embedded page needs. */
export function fullAddress(address: string, fragment: string): string {
  const url = new URL(address);
  for (const name of ['embed', 'views', 'theme']) {
    url.searchParams.delete(name);
  }
  // `?lang=zh` stays; an empty question mark doesn't.
  url.hash = fragment;
  return url.href;
}

/** How the parts are laid out in so much room, in pixels: beside each other, or one at a time behind tabs. */
export function layout(parts: number, width: number, height: number): 'alone' | 'beside' | 'tabs' {
  if (parts === 1) {
    return 'alone';
  }
  return width >= 300 * parts && height >= 200 ? 'beside' : 'tabs';
}
