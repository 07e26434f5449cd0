/** The cluster as it is known to the page, and how a frame changes it. */
import type { Frame, IngressFrame, NodeFrame, OwnerFrame, PodFrame, ServiceFrame } from '../sim/frames';
import type { Id } from '../sim/module';

/** The whole of the cluster at a moment: what frames said until now, put together. */
export interface Cluster
  extends Omit<Frame, 'nodes' | 'pods' | 'owners' | 'services' | 'ingresses' | 'gone' | 'whole'> {
  readonly nodes: ReadonlyMap<Id, NodeFrame>;
  readonly pods: ReadonlyMap<Id, PodFrame>;
  readonly owners: ReadonlyMap<Id, OwnerFrame>;
  readonly services: ReadonlyMap<Id, ServiceFrame>;
  readonly ingresses: ReadonlyMap<Id, IngressFrame>;
}

/** Before anything is known. */
export const nothing: Cluster = {
  at: 0,
  epoch: 0,
  horizon: 0,
  next: null,
  revision: 0,
  handled: 0,
  crowd: false,
  nodes: new Map(),
  pods: new Map(),
  owners: new Map(),
  services: new Map(),
  ingresses: new Map(),
  totals: {
    nodes: 0,
    nodesReady: 0,
    pods: 0,
    counts: { pending: 0, creating: 0, running: 0, ready: 0, failing: 0, terminating: 0, succeeded: 0 },
    namespaces: [],
  },
};

function follow<T extends { id: Id }>(
  known: ReadonlyMap<Id, T>,
  fresh: readonly T[],
  gone: readonly Id[],
  whole: boolean,
): ReadonlyMap<Id, T> {
  if (whole) {
    return new Map(fresh.map(one => [one.id, one]));
  }
  if (fresh.length === 0 && !gone.some(id => known.has(id))) {
    return known;
  }
  const map = new Map(known);
  for (const id of gone) {
    map.delete(id);
  }
  for (const one of fresh) {
    map.set(one.id, one);
  }
  return map;
}

/** The cluster after a frame. A map is a new one only if something in it changed, so that views can compare by identity. */
export function merge(known: Cluster, frame: Frame): Cluster {
  const { nodes, pods, owners, services, ingresses, gone, whole, ...rest } = frame;
  return {
    ...rest,
    nodes: follow(known.nodes, nodes, gone, whole),
    pods: follow(known.pods, pods, gone, whole),
    owners: follow(known.owners, owners, gone, whole),
    services: follow(known.services, services, gone, whole),
    ingresses: follow(known.ingresses, ingresses, gone, whole),
  };
}
