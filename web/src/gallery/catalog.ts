/** The scenarios in groups, each in a line: those that aren't told of here are shown with their own words. */

export const groups = ['rollouts', 'healing', 'workloads', 'config', 'nodes', 'network', 'other'] as const;
export type Group = (typeof groups)[number];

const catalog: Readonly<Record<Exclude<Group, 'other'>, readonly string[]>> = {
  rollouts: [
    'rolling-update',
    'surge-1-0',
    'surge-0-1',
    'surge-100',
    'recreate',
    'canary',
    'rollback',
    'rollout-loses-requests',
    'rollout-loses-none',
    'canary-by-weight',
  ],
  healing: ['self-healing', 'crash-loop', 'failing-liveness', 'slow-image', 'registry-down'],
  workloads: ['statefulset-rolling', 'daemonset-rolling', 'sidecars', 'wait-for-service'],
  config: ['config-update', 'data-survives', 'dynamic-volume', 'pvc-in-the-wrong-zone'],
  nodes: ['node-failure', 'network-cut', 'node-reboot', 'drain-with-budget', 'memory-pressure', 'node-without-flannel'],
  network: ['pod-network', 'host-gw', 'services', 'dns', 'ingress', 'network-policy', 'traffic-policy', 'proxy-lag'],
};

/** The group that a scenario belongs to. */
export function groupOf(name: string): Group {
  return groups.find(group => group !== 'other' && catalog[group].includes(name)) ?? 'other';
}

/** Where a scenario stands in its group. */
export function rank(name: string): number {
  return Object.values(catalog).flat().indexOf(name);
}

/** The name and the first words of the description of a scenario's file, as far as they can be read without a parser of YAML. */
export function headOf(text: string): { name: string; description: string } {
  const name = /^name:[ \t]*(.+)$/m.exec(text)?.[1] ?? '';
  const block = /^description:[ \t]*[|>][-+]?[ \t]*\n((?:[ \t]+.*\n|\n)+)/m.exec(text)?.[1];
  const line = /^description:[ \t]*([^|>\s].*)$/m.exec(text)?.[1] ?? '';
  return { name: name.trim(), description: (block ?? line).replaceAll(/\s+/g, ' ').trim() };
}
