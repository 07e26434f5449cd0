/** Who could send, and to whom: what the cluster offers for the two fields of the question. */
import type { ServiceFrame } from '../../sim/frames';
import type { Cluster } from '../../state/run';

/** Something to choose. */
export interface Candidate {
  /** What is put into the field. */
  readonly value: string;
  /** What is told beside it. */
  readonly hint: string;
  readonly group: 'pods' | 'nodes' | 'services' | 'names' | 'web' | 'outside';
  /** The namespace in which the value is to be read; empty if it doesn't matter. */
  readonly namespace: string;
}

type Known = Pick<Cluster, 'pods' | 'nodes' | 'services' | 'ingresses'>;

/** More of a kind are not listed: who knows their names can type them. */
const LISTED = 200;

function sorted<T extends { namespace?: string; name: string }>(all: ReadonlyMap<string, T>): T[] {
  const inDefault = (one: T) => (one.namespace === undefined || one.namespace === 'default' ? 0 : 1);
  return [...all.values()]
    .sort((a, b) => inDefault(a) - inDefault(b) || a.name.localeCompare(b.name, 'en', { numeric: true }))
    .slice(0, LISTED);
}

/** Who could send: pods with a network, nodes, the world outside. */
export function senders(known: Known): Candidate[] {
  const pods = sorted(known.pods).filter(pod => pod.sandbox);
  return [
    ...pods.map((pod): Candidate => {
      const hint = [pod.namespace === 'default' ? '' : pod.namespace, pod.ip, pod.node].filter(Boolean).join(' · ');
      return { value: `pod/${pod.name}`, hint, group: 'pods', namespace: pod.namespace };
    }),
    ...sorted(known.nodes)
      .filter(node => node.powered)
      .map((node): Candidate => ({ value: `node/${node.name}`, hint: node.address, group: 'nodes', namespace: '' })),
    { value: 'outside', hint: '198.51.100.7', group: 'outside', namespace: '' },
  ];
}

/** A Service's port as it is written: `80:30080/TCP` is port 80, and 30080 on each node. */
export function readPort(text: string): { port: string; nodePort: string } {
  const [ports = ''] = text.split('/');
  const [port = '', nodePort = ''] = ports.split(':');
  return { port, nodePort };
}

function ofService(service: ServiceFrame, namespace: string, nodes: readonly string[]): Candidate[] {
  const suffix = service.namespace === namespace ? '' : `.${service.namespace}`;
  const list: Candidate[] = [];
  for (const { port, nodePort } of service.ports.map(readPort)) {
    const hint = [service.type, service.clusterIp].filter(Boolean).join(' · ');
    if (service.type !== 'ExternalName')
      list.push({ value: `svc/${service.name}${suffix}:${port}`, hint, group: 'services', namespace: '' });
    if (service.external && service.type === 'LoadBalancer') {
      list.push({
        value: `lb/${service.name}${suffix}:${port}`,
        hint: service.external,
        group: 'services',
        namespace: '',
      });
    }
    const name = suffix ? `${service.name}.${service.namespace}.svc.cluster.local` : service.name;
    list.push({ value: `${name}:${port}`, hint: 'DNS', group: 'names', namespace: '' });
    if (!nodePort) continue;
    for (const node of nodes)
      list.push({
        value: `node/${node}:${nodePort}`,
        hint: `NodePort · ${service.name}`,
        group: 'nodes',
        namespace: '',
      });
  }
  return list;
}

/** Nodes at whose ports a Service is offered: all do the same. */
const NODES_NAMED = 3;

/** To whom something could be sent, for a sender in a namespace. A pod of another namespace is named by its address. */
export function receivers(known: Known, namespace: string): Candidate[] {
  const nodes = sorted(known.nodes).map(node => node.name);
  const services = sorted(known.services).flatMap(service =>
    ofService(service, namespace, nodes.slice(0, NODES_NAMED)),
  );
  const pods = sorted(known.pods)
    .filter(pod => pod.ip !== '')
    .map((pod): Candidate => {
      const value = pod.namespace === namespace ? `pod/${pod.name}:80` : `${pod.ip}:80`;
      const hint = pod.namespace === namespace ? `${pod.ip} · ${pod.node}` : `${pod.namespace}/${pod.name}`;
      return { value, hint, group: 'pods', namespace: '' };
    });
  const web = [...known.ingresses.values()].flatMap(ingress =>
    ingress.rules.map(
      (rule): Candidate => ({
        value: `http://${rule.host.replace('*', 'any.example')}${rule.path || '/'}`,
        hint: `→ ${rule.service}`,
        group: 'web',
        namespace: '',
      }),
    ),
  );
  const order = ['services', 'pods', 'names', 'nodes', 'web', 'outside'];
  const all = [
    ...services,
    ...pods,
    ...web,
    { value: '1.1.1.1:443', hint: '', group: 'outside', namespace: '' } as const,
  ];
  return all.sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group));
}

/** Those of which the typed words are a part; each word must be. */
export function matching(all: readonly Candidate[], typed: string): readonly Candidate[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return all;
  return all.filter(one => words.every(word => `${one.value} ${one.hint}`.toLowerCase().includes(word)));
}

/** A question worth asking first: a pod, and a Service that somebody answers for; on another node, if there is such a pod. */
export function firstQuestion(known: Known): { from: string; to: string; namespace: string } | null {
  const service = sorted(known.services).find(one => one.endpoints.some(endpoint => endpoint.ready && endpoint.pod));
  const pods = sorted(known.pods).filter(pod => pod.sandbox && pod.state === 'ready');
  const behind = new Set(service?.endpoints.map(endpoint => endpoint.pod));
  const homes = new Set([...behind].map(id => known.pods.get(id)?.node));
  const from =
    pods.find(pod => !behind.has(pod.id) && !homes.has(pod.node)) ?? pods.find(pod => !behind.has(pod.id)) ?? pods[0];
  if (!from) return null;
  const port = service?.ports[0];
  if (service && port) {
    const suffix = service.namespace === from.namespace ? '' : `.${service.namespace}`;
    return {
      from: `pod/${from.name}`,
      namespace: from.namespace,
      to: `svc/${service.name}${suffix}:${readPort(port).port}`,
    };
  }
  const other =
    pods.find(pod => pod.id !== from.id && pod.node !== from.node && pod.namespace === from.namespace) ??
    pods.find(pod => pod.id !== from.id && pod.namespace === from.namespace);
  return other ? { from: `pod/${from.name}`, namespace: from.namespace, to: `pod/${other.name}:80` } : null;
}
