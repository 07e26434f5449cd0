/** Which branches are compared, and what differs between them. */
import type { Branch, Difference, Frame } from '../../sim/frames';
import type { Id } from '../../sim/module';

/** Two branches, by their numbers. */
export interface Sides {
  readonly left: number;
  readonly right: number;
}

/**
 * The branches to compare: those that were chosen, while they exist and differ; else the one that is looked at on the right, and on the left the
 * one that it came from. Of the first branch, which came from none, its latest branch stands on the right. `null`: there is only one.
 */
export function sidesOf(branches: readonly Branch[], current: number, chosen: Partial<Sides>): Sides | null {
  if (branches.length < 2) return null;
  const exists = (id: number | undefined): id is number => branches.some(branch => branch.id === id);
  const own = branches.find(branch => branch.id === current);
  const isFirst = !own || own.parent === own.id || !exists(own.parent);
  const latest = branches.filter(branch => branch.id !== current).at(-1)?.id ?? current;
  const usual = isFirst ? { left: current, right: latest } : { left: own.parent, right: current };
  const left = exists(chosen.left) ? chosen.left : usual.left;
  const right = exists(chosen.right) ? chosen.right : usual.right;
  if (left !== right) return { left, right };
  const other = branches.find(branch => branch.id !== left)?.id ?? left;
  return chosen.right === right ? { left: other, right } : { left, right: other };
}

/** Whether something is only on one side, or on both but not the same. */
export function kindOf(difference: Difference): 'left' | 'right' | 'changed' {
  if (difference.right === '') return 'left';
  return difference.left === '' ? 'right' : 'changed';
}

type Named = { id: Id; name: string; namespace?: string };

/** The key by which an object is the same in two branches: their identities may differ, names don't. */
export function keyOf(kind: string, namespace: string, name: string): string {
  return `${kind}/${namespace}/${name}`;
}

/** The identities that objects have on one side, by their keys: of all that the picture shows. */
export function identities(frame: Frame): ReadonlyMap<string, Id> {
  const found = new Map<string, Id>();
  const add = (kind: string, all: readonly Named[]) => {
    for (const one of all) found.set(keyOf(kind, one.namespace ?? '', one.name), one.id);
  };
  add('Node', frame.nodes);
  add('Pod', frame.pods);
  add('Service', frame.services);
  add('Ingress', frame.ingresses);
  return found;
}

/** The identities of what differs, on one side. */
export function differing(frame: Frame, differences: readonly Difference[]): ReadonlySet<Id> {
  const known = identities(frame);
  const found = new Set<Id>();
  for (const { object } of differences) {
    const id = known.get(keyOf(object.kind, object.namespace, object.name));
    if (id !== undefined) found.add(id);
  }
  return found;
}
