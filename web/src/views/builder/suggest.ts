/** Goals that suggest themselves: what holds in the cluster now, and didn't when the lesson began. */
import type { GoalKind, NodeFrame, OwnerFrame } from '../../sim/frames';
import type { Cluster } from '../../state/cluster';

export interface Suggestion {
  readonly kind: GoalKind;
  readonly that: string;
}

/** More than these help nobody. */
const MOST = 24;

function within(namespace: string): string {
  return namespace === '' || namespace === 'default' ? '' : ` in ${namespace}`;
}

function key({ kind, namespace, name }: { kind: string; namespace: string; name: string }): string {
  return `${kind.toLowerCase()}/${name}${within(namespace)}`;
}

/** Objects by their names: those of the start were other objects, even if nothing changed in them. */
function byName<T extends { kind: string; namespace: string; name: string }>(objects: Iterable<T>): Map<string, T> {
  return new Map([...objects].map(object => [key(object), object]));
}

function deployment(before: OwnerFrame | undefined, now: OwnerFrame, sizes: string, sizesBefore: string): string[] {
  const { name, namespace } = now;
  const place = within(namespace);
  const found: string[] = [];
  if (now.status === 'complete' && before?.status !== 'complete') {
    found.push(`deployment/${name} is complete${place}`);
  }
  if (now.status === 'stalled' && before?.status !== 'stalled') {
    found.push(`deployment/${name} is stalled${place}`);
  }
  if (now.ready !== before?.ready) {
    found.push(`deployment/${name} ready == ${now.ready}${place}`);
  }
  const [image, ...others] = now.images;
  if (image !== undefined && others.length === 0 && image !== before?.images[0]) {
    found.push(`deployment/${name} image == ${image}${place}`);
  }
  if (sizes !== sizesBefore && sizes.includes(',')) {
    found.push(`replicasets of ${name} == ${sizes}${place}`);
  }
  if (now.paused !== (before?.paused ?? false)) {
    found.push(`deployment/${name} .spec.paused == ${now.paused}${place}`);
  }
  return found;
}

/** The sizes of a Deployment's ReplicaSets, the oldest first. */
function sizesOf(cluster: Cluster, owner: OwnerFrame | undefined): string {
  return [...cluster.owners.values()]
    .filter(({ kind, owner: of }) => kind === 'ReplicaSet' && owner !== undefined && of === owner.id)
    .sort((a, b) => a.revision - b.revision)
    .map(({ desired }) => desired)
    .join(', ');
}

function owners(before: Cluster, now: Cluster): string[] {
  const old = byName(before.owners.values());
  const found: string[] = [];
  for (const owner of now.owners.values()) {
    const was = old.get(key(owner));
    if (owner.kind === 'Deployment') {
      found.push(...deployment(was, owner, sizesOf(now, owner), sizesOf(before, was)));
    } else if (owner.kind === 'StatefulSet' || owner.kind === 'DaemonSet') {
      if (!was) {
        found.push(`${owner.kind.toLowerCase()}/${owner.name} exists${within(owner.namespace)}`);
      }
      const counted = owner.kind === 'DaemonSet' ? '.status.numberReady' : '.status.readyReplicas';
      if (owner.ready !== was?.ready) {
        found.push(`${owner.kind.toLowerCase()}/${owner.name} ${counted} == ${owner.ready}${within(owner.namespace)}`);
      }
    }
  }
  return found;
}

function existence(before: Cluster, now: Cluster): string[] {
  const kinds = (cluster: Cluster) => [
    ...[...cluster.owners.values()].filter(({ kind }) => kind !== 'ReplicaSet'),
    ...[...cluster.services.values()].map(service => ({ ...service, kind: 'Service' })),
    ...[...cluster.ingresses.values()].map(ingress => ({ ...ingress, kind: 'Ingress' })),
    ...[...cluster.pods.values()].filter(({ owner }) => owner === '').map(pod => ({ ...pod, kind: 'Pod' })),
  ];
  const [was, is] = [byName(kinds(before)), byName(kinds(now))];
  const found: string[] = [];
  for (const [name, { kind }] of is) {
    // Deployments, StatefulSets and DaemonSets have something better to say.
    if (!was.has(name) && !['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind)) {
      found.push(`${said(name)} exists${suffix(name)}`);
    }
  }
  for (const name of was.keys()) {
    if (!is.has(name)) {
      found.push(`${said(name)} is gone${suffix(name)}`);
    }
  }
  return found;
}

const said = (name: string) => name.replace(/ in .*$/, '');
const suffix = (name: string) => / in .*$/.exec(name)?.[0] ?? '';

function podsOf({ counts }: NodeFrame): number {
  return counts.pending + counts.creating + counts.running + counts.ready + counts.failing + counts.terminating;
}

function nodes(before: Cluster, now: Cluster): string[] {
  const old = new Map([...before.nodes.values()].map(node => [node.name, node]));
  const found: string[] = [];
  for (const node of now.nodes.values()) {
    const was = old.get(node.name);
    if (was && was.ready !== node.ready) {
      found.push(`node/${node.name} is ${node.ready ? '' : 'not '}ready`);
    }
    if (was && podsOf(was) > 0 && podsOf(node) === 0) {
      found.push(`pods on ${node.name} == 0`);
    }
  }
  return found;
}

function services(before: Cluster, now: Cluster): string[] {
  const served = (cluster: Cluster) =>
    new Map([...cluster.services.values()].map(service => [`${service.namespace}/${service.name}`, service]));
  const old = served(before);
  const from = [...now.nodes.values()].find(({ ready }) => ready)?.name;
  const found: string[] = [];
  for (const [name, service] of served(now)) {
    const count = service.endpoints.filter(({ ready }) => ready).length;
    const was = old.get(name)?.endpoints.filter(({ ready }) => ready).length ?? 0;
    const port = /^\d+/.exec(service.ports[0] ?? '')?.[0];
    if (from !== undefined && port !== undefined && service.clusterIp && service.clusterIp !== 'None') {
      if (count > 0 && was === 0) {
        found.push(`node/${from} reaches svc/${service.name}:${port}${within(service.namespace)}`);
      }
    }
  }
  return found;
}

/** What holds now and didn't at the start, as conditions. */
export function conditions(before: Cluster, now: Cluster): Suggestion[] {
  return [...owners(before, now), ...existence(before, now), ...services(before, now), ...nodes(before, now)]
    .slice(0, MOST)
    .map(that => ({ kind: 'that', that }));
}

/** What a learner might have to look at: the lines of the solution that only read. */
export function lookings(lines: readonly string[]): Suggestion[] {
  const found = new Set<string>();
  for (const line of lines) {
    const words = line.trim().replace(/^(kubectl|k)\s+/, '');
    const [verb, ...rest] = words.split(/\s+/);
    if (['get', 'describe', 'logs', 'explain', 'top', 'why', 'trace'].includes(verb ?? '')) {
      // Without names and namespaces: how it was looked at counts, not at which of three Pods.
      const kept = rest.filter((word, at) => word === '-w' || word === '-o' || rest[at - 1] === '-o' || at === 0);
      found.add([verb, ...kept].join(' '));
    }
    if (verb === 'rollout' && (rest[0] === 'status' || rest[0] === 'history')) {
      found.add(`rollout ${rest[0]}`);
    }
  }
  return [...found].map(that => ({ kind: 'typed', that }));
}
