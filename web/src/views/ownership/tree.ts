/** Who owns whom: Deployments over ReplicaSets over Pods, CronJobs over Jobs over Pods, and the Pods that nobody owns. */
import type { OwnerFrame, PodFrame } from '../../sim/frames';

/** An owner with all that is its own. */
export interface Owner {
  frame: OwnerFrame;
  /** Those in between, such as a Deployment's ReplicaSets: the newest first. */
  children: Owner[];
  /** Its own Pods, in their order. */
  pods: PodFrame[];
}

/** The whole picture. */
export interface Forest {
  owners: Owner[];
  /** Pods that nobody owns, or whose owner is gone. */
  orphans: PodFrame[];
}

const KINDS = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'CronJob', 'Job'];

function rank(kind: string): number {
  const place = KINDS.indexOf(kind);
  return place < 0 ? KINDS.length : place;
}

/** The number at the end of a StatefulSet's Pod: `2` of `web-2`. `null` for other names. */
export function ordinal(name: string): number | null {
  const digits = /-(\d+)$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

function podOrder(kind: string): (one: PodFrame, other: PodFrame) => number {
  if (kind === 'StatefulSet') {
    return (one, other) => (ordinal(one.name) ?? 0) - (ordinal(other.name) ?? 0);
  }
  if (kind === 'DaemonSet') {
    return (one, other) => one.node.localeCompare(other.node, 'en', { numeric: true }) || one.created - other.created;
  }
  return (one, other) => one.created - other.created || one.name.localeCompare(other.name);
}

function ownerOrder(one: Owner, other: Owner): number {
  return (
    rank(one.frame.kind) - rank(other.frame.kind) ||
    one.frame.namespace.localeCompare(other.frame.namespace) ||
    one.frame.name.localeCompare(other.frame.name)
  );
}

/** Puts the picture together. `namespace`: only what is in it; empty: all. */
export function forest(frames: Iterable<OwnerFrame>, pods: Iterable<PodFrame>, namespace: string): Forest {
  const inside = (one: { namespace: string }) => !namespace || one.namespace === namespace;
  const owners = new Map<string, Owner>();
  for (const frame of frames) {
    if (inside(frame)) {
      owners.set(frame.id, { frame, children: [], pods: [] });
    }
  }
  const orphans: PodFrame[] = [];
  for (const pod of pods) {
    const owner = owners.get(pod.owner);
    if (owner) owner.pods.push(pod);
    else if (inside(pod)) orphans.push(pod);
  }
  const roots: Owner[] = [];
  for (const owner of owners.values()) {
    const above = owners.get(owner.frame.owner);
    (above ? above.children : roots).push(owner);
    owner.pods.sort(podOrder(owner.frame.kind));
  }
  for (const owner of owners.values()) {
    owner.children.sort((one, other) => other.frame.revision - one.frame.revision || ownerOrder(one, other));
  }
  return { owners: roots.sort(ownerOrder), orphans: orphans.sort(podOrder('')) };
}

/** Whether an owner is history: nothing is wanted of it and nothing is left of it. */
export function isRetired(owner: Owner): boolean {
  return (
    owner.frame.kind === 'ReplicaSet' &&
    owner.frame.owner !== '' &&
    owner.frame.desired === 0 &&
    owner.pods.length === 0
  );
}
