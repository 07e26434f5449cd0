/** Names of objects in printed text. */
import type { Ref } from '../sim/frames';
import type { Cluster } from '../state/cluster';
import { objectsOf } from '../state/objects';

export interface Found {
  readonly start: number;
  readonly length: number;
  readonly object: Ref;
}

/** The objects of a cluster by name; pods win over what shares their name, since they are printed most. */
function byName(cluster: Cluster): ReadonlyMap<string, Ref> {
  return new Map([...objectsOf(cluster)].map(object => [object.name, object]));
}

let known: { pods: Cluster['pods']; names: ReadonlyMap<string, Ref> } | null = null;

/** Words of a line that are names of objects. In `web.apps/web` and `pod/web`, the part after the slash is. */
export function namesIn(line: string, cluster: Cluster): Found[] {
  if (known?.pods !== cluster.pods) {
    known = { pods: cluster.pods, names: byName(cluster) };
  }
  const found: Found[] = [];
  for (const match of line.matchAll(/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/g)) {
    const object = known.names.get(match[0]);
    if (object) {
      found.push({ start: match.index, length: match[0].length, object });
    }
  }
  return found;
}
