/** Clusters for tests. */
import type { ContainerFrame, NodeFrame, OwnerFrame, PodFrame, PodState, ServiceFrame } from '../../sim/frames';
import { nothing } from '../../state/cluster';
import type { Stage } from './layout';

const none = { milliCpu: 0, memory: 0, pods: 0 };

export function node(name: string, more: Partial<NodeFrame> = {}): NodeFrame {
  return {
    id: `node:${name}`,
    name,
    ready: true,
    schedulable: true,
    conditions: [],
    taints: [],
    address: '192.168.0.10',
    podCidr: '10.244.0.0/24',
    powered: true,
    kubelet: true,
    connected: true,
    runtime: true,
    proxy: true,
    flannel: true,
    allocatable: { milliCpu: 4000, memory: 16 * 1024 ** 3, pods: 110 },
    requested: none,
    counts: nothing.totals.counts,
    ...more,
  };
}

export function container(name: string, more: Partial<ContainerFrame> = {}): ContainerFrame {
  return {
    name,
    image: 'nginx:1.17.1',
    kind: 'main',
    phase: 'running',
    reason: '',
    ready: true,
    restarts: 0,
    ...more,
  };
}

export function pod(name: string, on: string, state: PodState = 'ready', more: Partial<PodFrame> = {}): PodFrame {
  return {
    id: `pod:${name}`,
    namespace: 'default',
    name,
    node: on,
    owner: '',
    state,
    status: 'Running',
    ready: '1/1',
    restarts: 0,
    sandbox: on !== '',
    ip: on === '' ? '' : '10.244.0.2',
    containers: [container('nginx')],
    requests: none,
    created: 0,
    ...more,
  };
}

export function owner(kind: string, name: string, more: Partial<OwnerFrame> = {}): OwnerFrame {
  return {
    id: `${kind}:${name}`,
    kind,
    namespace: 'default',
    name,
    owner: '',
    desired: 0,
    current: 0,
    ready: 0,
    available: 0,
    updated: 0,
    revision: 0,
    images: [],
    strategy: '',
    paused: false,
    status: '',
    ...more,
  };
}

export function service(name: string, pods: readonly PodFrame[], more: Partial<ServiceFrame> = {}): ServiceFrame {
  return {
    id: `service:${name}`,
    namespace: 'default',
    name,
    type: 'ClusterIP',
    clusterIp: '10.96.0.20',
    ports: ['80/TCP'],
    external: '',
    endpoints: pods.map(one => ({ pod: one.id, address: one.ip, ready: one.state === 'ready' })),
    ...more,
  };
}

function byId<T extends { id: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map(all.map(one => [one.id, one]));
}

export function stage(
  of: {
    nodes?: readonly NodeFrame[];
    pods?: readonly PodFrame[];
    owners?: readonly OwnerFrame[];
    services?: readonly ServiceFrame[];
    crowd?: boolean;
  } = {},
): Stage {
  return {
    nodes: byId(of.nodes ?? []),
    pods: byId(of.pods ?? []),
    owners: byId(of.owners ?? []),
    services: byId(of.services ?? []),
    ingresses: new Map(),
    crowd: of.crowd ?? false,
    totals: nothing.totals,
  };
}
