/** An icon for each kind of object. */
import type { IconName } from '../ui/Icon';

const icons: Readonly<Record<string, IconName>> = {
  Pod: 'pod',
  Node: 'node',
  Service: 'service',
  Ingress: 'ingress',
  Deployment: 'workload',
  ReplicaSet: 'workload',
  StatefulSet: 'workload',
  DaemonSet: 'workload',
  Job: 'workload',
  CronJob: 'workload',
};

export function kindIcon(kind: string): IconName {
  return icons[kind] ?? 'file';
}
