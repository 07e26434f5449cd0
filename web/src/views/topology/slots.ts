/**
 * Which place a pod has on its node. A pod keeps its place for as long as it lives, so that only what happens moves: its neighbours stay
 * where they are when it goes, and the next pod takes the first place that is free.
 */
import type { PodFrame } from '../../sim/frames';
import type { Id } from '../../sim/module';

/** The places of all pods: a node's name, then pod by pod the number of its place. The empty name stands for pods without a node. */
export type Slots = ReadonlyMap<string, ReadonlyMap<Id, number>>;

/** Pods in the order in which they are given places: as they were created, and by name if together. */
export function byAge(a: PodFrame, b: PodFrame): number {
  if (a.created !== b.created) return a.created - b.created;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/**
 * Gives each pod a place, those that had one the same as before. With an order given, all places are given anew by it: what belongs together
 * stands together then.
 */
export function assign(before: Slots, pods: Iterable<PodFrame>, order?: (a: PodFrame, b: PodFrame) => number): Slots {
  const byNode = new Map<string, PodFrame[]>();
  for (const pod of pods) {
    const on = byNode.get(pod.node);
    if (on) on.push(pod);
    else byNode.set(pod.node, [pod]);
  }
  const after = new Map<string, ReadonlyMap<Id, number>>();
  for (const [node, on] of byNode) after.set(node, order ? ranked(on, order) : kept(before.get(node), on));
  return after;
}

function ranked(pods: PodFrame[], order: (a: PodFrame, b: PodFrame) => number): Map<Id, number> {
  return new Map(pods.sort(order).map((pod, rank) => [pod.id, rank]));
}

function kept(before: ReadonlyMap<Id, number> | undefined, pods: PodFrame[]): ReadonlyMap<Id, number> {
  const slots = new Map<Id, number>();
  const taken = new Set<number>();
  const fresh: PodFrame[] = [];
  for (const pod of pods) {
    const slot = before?.get(pod.id);
    if (slot === undefined) {
      fresh.push(pod);
    } else {
      slots.set(pod.id, slot);
      taken.add(slot);
    }
  }
  // The usual case: nobody came or went.
  if (before && fresh.length === 0 && slots.size === before.size) return before;
  let free = 0;
  for (const pod of fresh.sort(byAge)) {
    while (taken.has(free)) free += 1;
    slots.set(pod.id, free);
    free += 1;
  }
  return slots;
}

/** How many places a node must have so that all its pods have theirs. */
export function placesNeeded(slots: ReadonlyMap<Id, number> | undefined): number {
  let most = 0;
  for (const slot of slots?.values() ?? []) most = Math.max(most, slot + 1);
  return most;
}
