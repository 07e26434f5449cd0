/** What pods have in common, to colour them by: who owns them, or which revision they are of. */
import type { OwnerFrame, PodFrame } from '../../sim/frames';
import type { Id } from '../../sim/module';
import { byAge } from './slots';

/** By what pods are coloured. */
export type Grouping = 'state' | 'owner' | 'revision';

/** A group of pods. */
export interface Group {
  readonly key: string;
  readonly label: string;
  readonly count: number;
}

type Owners = ReadonlyMap<Id, OwnerFrame>;

/** The first of a pod's owners: its Deployment, not its ReplicaSet. */
function root(pod: PodFrame, owners: Owners): OwnerFrame | undefined {
  let owner = owners.get(pod.owner);
  // Chains are short; the bound only guards against a ring.
  for (let depth = 0; owner?.owner && depth < 8; depth += 1) {
    const above = owners.get(owner.owner);
    if (!above) break;
    owner = above;
  }
  return owner;
}

function labelOf(pod: PodFrame, by: Grouping, owners: Owners): [key: string, label: string] {
  const own = owners.get(pod.owner);
  const first = root(pod, owners);
  if (!own || !first) return [`${pod.namespace}/`, ''];
  const key = `${first.namespace}/${first.kind}/${first.name}`;
  if (by === 'owner' || own.revision === 0) return [key, first.name];
  return [`${key}/${String(own.revision).padStart(6, '0')}`, `${first.name} · ${own.revision}`];
}

/** The groups in the order of their names and revisions, and which pod is in which. Pods without an owner are one group with no label. */
export function group(
  pods: Iterable<PodFrame>,
  by: Grouping,
  owners: Owners,
): { groups: readonly Group[]; of: ReadonlyMap<Id, number> } {
  if (by === 'state') return { groups: [], of: new Map() };
  const members = new Map<string, { label: string; ids: Id[] }>();
  for (const pod of pods) {
    const [key, label] = labelOf(pod, by, owners);
    const known = members.get(key);
    if (known) known.ids.push(pod.id);
    else members.set(key, { label, ids: [pod.id] });
  }
  const sorted = [...members].sort(([a], [b]) => (a < b ? -1 : 1));
  const of = new Map<Id, number>();
  sorted.forEach(([, { ids }], at) => {
    for (const id of ids) of.set(id, at);
  });
  return { groups: sorted.map(([key, { label, ids }]) => ({ key, label, count: ids.length })), of };
}

/** The order in which pods of a group stand together. */
export function byGroup(of: ReadonlyMap<Id, number>): (a: PodFrame, b: PodFrame) => number {
  return (a, b) => (of.get(a.id) ?? 0) - (of.get(b.id) ?? 0) || byAge(a, b);
}
