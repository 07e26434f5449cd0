/**
 * The same content as the canvas, as a tree to walk through by keyboard and to be read aloud: Ingresses, Services, pods that wait, nodes with
 * their pods. Nodes are opened and closed; of a long tree only the part around the current item needs to be there.
 */
import type { Id } from '../../sim/module';
import type { Thing } from './hit';
import type { Scene } from './layout';

/** An item of the tree. */
export interface Item {
  readonly thing: Thing;
  readonly level: 1 | 2;
  /** The node whose pod it is. */
  readonly parent: Id | null;
  /** Whether it is open; `null` if there is nothing in it. */
  readonly open: boolean | null;
  /** Its number among its siblings, from 1, and how many they are. */
  readonly position: number;
  readonly siblings: number;
}

/** The items that can be reached, in order. */
export function items(scene: Scene, open: ReadonlySet<Id>): Item[] {
  const byNode = new Map<string, Id[]>();
  const waiting: Id[] = [];
  for (const [id, place] of scene.pods) {
    if (place.waits) {
      waiting.push(id);
      continue;
    }
    const on = byNode.get(place.pod.node);
    if (on) on.push(id);
    else byNode.set(place.pod.node, [id]);
  }
  const siblings = scene.ingresses.length + scene.services.length + waiting.length + scene.nodes.length;
  const list: Item[] = [];
  let position = 0;
  const top = (thing: Thing, isOpen: boolean | null) => {
    position += 1;
    list.push({ thing, level: 1, parent: null, open: isOpen, position, siblings });
  };
  for (const { ingress } of scene.ingresses) top({ kind: 'ingress', id: ingress.id }, null);
  for (const { service } of scene.services) top({ kind: 'service', id: service.id }, null);
  for (const id of waiting) top({ kind: 'pod', id }, null);
  for (const { node } of scene.nodes) {
    const pods = byNode.get(node.name) ?? [];
    const isOpen = pods.length > 0 && open.has(node.id);
    top({ kind: 'node', id: node.id }, pods.length > 0 ? isOpen : null);
    if (!isOpen) continue;
    pods.forEach((id, at) => {
      list.push({
        thing: { kind: 'pod', id },
        level: 2,
        parent: node.id,
        open: null,
        position: at + 1,
        siblings: pods.length,
      });
    });
  }
  return list;
}

/** Where a key leads: to an item, or to a node that opens or closes. */
export type Move = { readonly to: Id } | { readonly toggle: Id } | null;

/** What a key does at an item, as trees do it everywhere: up and down, in and out, first and last. */
export function move(list: readonly Item[], current: Id | null, key: string): Move {
  const at = list.findIndex(item => item.thing.id === current);
  const item = list[at];
  const go = (target: Item | undefined): Move => (target ? { to: target.thing.id } : null);
  switch (key) {
    case 'ArrowDown':
      return go(list[at + 1]);
    case 'ArrowUp':
      return at > 0 ? go(list[at - 1]) : null;
    case 'Home':
      return go(list[0]);
    case 'End':
      return go(list.at(-1));
    case 'ArrowRight':
      if (item?.open === false) return { toggle: item.thing.id };
      return item?.open ? go(list[at + 1]) : null;
    case 'ArrowLeft':
      if (item?.open) return { toggle: item.thing.id };
      return item?.parent ? { to: item.parent } : null;
    default:
      return null;
  }
}

/** The part of a list around an item, at most twice `reach` and one long. */
export function around<T>(list: readonly T[], at: number, reach: number): { from: number; part: readonly T[] } {
  const from = Math.max(0, Math.min(at, list.length - 1) - reach);
  return { from, part: list.slice(from, from + 2 * reach + 1) };
}
