/** Owners and Pods to test with. */
import type { OwnerFrame, PodFrame } from '../../sim/frames';

export function owner(id: string, what: Partial<OwnerFrame> = {}): OwnerFrame {
  const kind = id.startsWith('rs') ? 'ReplicaSet' : 'Deployment';
  return {
    id,
    kind,
    namespace: 'default',
    name: id,
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
    ...what,
  };
}

export function pod(name: string, what: Partial<PodFrame> = {}): PodFrame {
  return {
    id: `pod:${name}`,
    namespace: 'default',
    name,
    node: '',
    owner: '',
    state: 'ready',
    status: 'Running',
    ready: '1/1',
    restarts: 0,
    sandbox: true,
    ip: '',
    containers: [],
    requests: { milliCpu: 0, memory: 0, pods: 1 },
    created: 0,
    ...what,
  };
}
