/** The cluster's objects by name, for search and for links. */
import type { Ref } from '../sim/frames';
import { inNamespace } from '../words/objects';
import type { Cluster } from './cluster';

/** Kinds as kubectl writes them before a slash. */
const SHORT: Readonly<Record<string, string>> = {
  Pod: 'pod',
  Node: 'node',
  Deployment: 'deployment',
  ReplicaSet: 'rs',
  StatefulSet: 'sts',
  DaemonSet: 'ds',
  Job: 'job',
  CronJob: 'cronjob',
  Service: 'svc',
  Ingress: 'ingress',
};

/** An object as a command names it: `pod/web-1`, and its namespace where that isn't the default. */
export function asArgument(object: Ref): string {
  const kind = SHORT[object.kind] ?? object.kind.toLowerCase();
  return `${kind}/${object.name}${inNamespace(object.namespace)}`;
}

/** All objects that are drawn. */
export function* objectsOf(cluster: Cluster): Generator<Ref> {
  for (const { id, name } of cluster.nodes.values()) {
    yield { id, kind: 'Node', namespace: '', name };
  }
  for (const { id, kind, namespace, name } of cluster.owners.values()) {
    yield { id, kind, namespace, name };
  }
  for (const { id, namespace, name } of cluster.services.values()) {
    yield { id, kind: 'Service', namespace, name };
  }
  for (const { id, namespace, name } of cluster.ingresses.values()) {
    yield { id, kind: 'Ingress', namespace, name };
  }
  for (const { id, namespace, name } of cluster.pods.values()) {
    yield { id, kind: 'Pod', namespace, name };
  }
}
