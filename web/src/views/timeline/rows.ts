/** The swim lanes from top to bottom: nodes, then everything that makes Pods with its sizes and its Pods, then Pods that nobody made. */
import type { History, NodeLane, PodLane, SizeLane } from '../../sim/frames';

/** A row. `top` counts from the top of all rows. */
export type Row = { top: number; height: number; label: string; group: string } & (
  | { kind: 'group'; open: boolean; count: number }
  | { kind: 'node'; lane: NodeLane }
  | { kind: 'size'; lane: SizeLane; most: number }
  | { kind: 'pod'; lane: PodLane }
);

export const GROUP_HEIGHT = 26;
export const LANE_HEIGHT = 20;
const SIZE_HEIGHT = 34;
/** Lanes of groups with many Pods have no room for words. */
const THIN_HEIGHT = 7;
const MANY = 60;

/** The groups that are there for themselves. */
export const NODES = 'nodes';
export const ORPHANS = 'orphans';

/** `x7k2p` of `web-5d89bdfbf9-x7k2p`, if the group says the rest already. */
export function shortPod(name: string, owner: string): string {
  return owner && name.startsWith(`${owner}-`) ? name.slice(owner.length + 1) : name;
}

interface Group {
  key: string;
  label: string;
  sizes: SizeLane[];
  pods: PodLane[];
}

/** `deployment/web` of the ReplicaSet `web-5d89bdfbf9`: the Deployment itself may be gone, and its frame with it. */
function parentLabel(lane: SizeLane): string {
  return lane.parent
    ? `deployment/${lane.owner.name.replace(/-[^-]+$/, '')}`
    : `${lane.owner.kind.toLowerCase()}/${lane.owner.name}`;
}

function groups(history: History, namespace: string): Group[] {
  const inside = (of: { namespace: string }) => !namespace || of.namespace === namespace;
  const found = new Map<string, Group>();
  const groupOf = new Map<string, string>();
  for (const lane of history.sizes.filter(lane => inside(lane.owner))) {
    const key = lane.parent || lane.owner.id;
    groupOf.set(lane.owner.id, key);
    const group = found.get(key) ?? { key, label: parentLabel(lane), sizes: [], pods: [] };
    group.sizes.push(lane);
    found.set(key, group);
  }
  for (const lane of history.pods.filter(lane => inside(lane.pod))) {
    const key = groupOf.get(lane.owner) ?? (lane.owner || ORPHANS);
    const label = lane.ownerName || '';
    const group = found.get(key) ?? { key, label, sizes: [], pods: [] };
    group.pods.push(lane);
    found.set(key, group);
  }
  return [...found.values()].sort((one, other) => Number(one.key === ORPHANS) - Number(other.key === ORPHANS));
}

/** The most Pods that a lane ever wanted or had: its chart reaches up to there. */
function most(lane: SizeLane): number {
  return Math.max(1, ...lane.steps.map(step => Math.max(step.desired ?? 0, step.ready)));
}

/** All rows. `closed`: the groups of which only the head is shown. */
export function rows(history: History, namespace: string, closed: ReadonlySet<string>): Row[] {
  const all: Row[] = [];
  let top = 0;
  const add = (row: Row) => {
    all.push(row);
    top += row.height;
  };
  const head = (key: string, label: string, count: number) => {
    const open = !closed.has(key);
    add({ kind: 'group', top, height: GROUP_HEIGHT, label, group: key, open, count });
    return open;
  };
  if (history.nodes.length > 0 && head(NODES, '', history.nodes.length)) {
    const height = history.nodes.length > MANY ? THIN_HEIGHT : LANE_HEIGHT;
    for (const lane of history.nodes) {
      add({ kind: 'node', top, height, label: lane.node.name, group: NODES, lane });
    }
  }
  for (const group of groups(history, namespace)) {
    if (!head(group.key, group.label, group.pods.length)) {
      continue;
    }
    // One scale for a whole group: what one ReplicaSet loses is as tall as what the other wins.
    const scale = Math.max(1, ...group.sizes.map(most));
    for (const lane of group.sizes) {
      const label = lane.parent ? lane.owner.name.replace(/^.*-/, '') : lane.owner.name;
      add({ kind: 'size', top, height: SIZE_HEIGHT, label, group: group.key, lane, most: scale });
    }
    const height = group.pods.length > MANY ? THIN_HEIGHT : LANE_HEIGHT;
    for (const lane of group.pods) {
      add({ kind: 'pod', top, height, label: shortPod(lane.pod.name, lane.ownerName), group: group.key, lane });
    }
  }
  return all;
}

/** How tall all rows are together. */
export function heightOf(all: readonly Row[]): number {
  const last = all.at(-1);
  return last ? last.top + last.height : 0;
}

/** The row at a height, by halving: there may be hundreds. */
export function rowAt(all: readonly Row[], y: number): Row | null {
  let low = 0;
  let high = all.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const row = all[middle];
    if (row && row.top + row.height <= y) low = middle + 1;
    else high = middle;
  }
  const row = all[low];
  return row && y >= row.top ? row : null;
}

/** The span in force at a moment: the last one that began before. */
export function spanAt<T extends { from: number }>(spans: readonly T[], at: number): T | null {
  return spans.findLast(span => span.from <= at) ?? null;
}

/** Spans with their ends: each lasts until the next begins, the last one until `end`. Those of no length are left out. */
export function stretches<T extends { from: number }>(
  spans: readonly T[],
  end: number,
): { span: T; from: number; to: number }[] {
  return spans
    .map((span, number) => ({ span, from: span.from, to: spans[number + 1]?.from ?? Math.max(end, span.from) }))
    .filter(stretch => stretch.to > stretch.from);
}
