/** What is under a point of the world, and how one gets from one thing to the next by keyboard. */
import type { Id } from '../../sim/module';
import { type Box, contains } from './geometry';
import { type NodeBox, POD, type PodPlace, type Scene } from './layout';

/** Something that can be pointed at. */
export type Thing =
  | { readonly kind: 'pod'; readonly id: Id }
  | { readonly kind: 'node'; readonly id: Id }
  | { readonly kind: 'service'; readonly id: Id }
  | { readonly kind: 'ingress'; readonly id: Id };

/** Where a pod's place is. */
export function podBox(place: PodPlace): Box {
  const w = POD.w * place.size;
  const h = POD.h * place.size;
  return { x: place.x - w / 2, y: place.y - h / 2, w, h };
}

/** What is at a point: pods before the nodes that they stand on. Pods count as being where they head for, so that a moving one can be caught. */
export function hit(scene: Scene, x: number, y: number): Thing | null {
  const ingress = scene.ingresses.find(box => contains(box, x, y));
  if (ingress) return { kind: 'ingress', id: ingress.ingress.id };
  const service = scene.services.find(box => contains(box, x, y));
  if (service) return { kind: 'service', id: service.service.id };
  const node = scene.nodes.find(box => contains(box, x, y));
  if (!node && !contains(scene.tray, x, y)) return null;
  for (const place of scene.pods.values()) {
    if (contains(podBox(place), x, y)) return { kind: 'pod', id: place.pod.id };
  }
  return node ? { kind: 'node', id: node.node.id } : null;
}

/** Where a thing is; `null` if it is nowhere (any more). */
export function boxOf(scene: Scene, id: Id): Box | null {
  const pod = scene.pods.get(id);
  if (pod) return podBox(pod);
  const of = <T extends Box>(boxes: readonly T[], idOf: (box: T) => Id) => boxes.find(box => idOf(box) === id) ?? null;
  return (
    of(scene.nodes, (box: NodeBox) => box.node.id) ??
    of(scene.services, box => box.service.id) ??
    of(scene.ingresses, box => box.ingress.id)
  );
}
