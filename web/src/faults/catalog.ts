/** What can be broken, and by which line: `sim.faults()` says what there is, this says how it is offered. */
import type { NodeFrame, PodFrame } from '../sim/frames';

/** A part of a node, with its two lines, and how it is seen to be broken (`null`: it can't be seen from outside). */
export interface NodePart {
  readonly name: 'machine' | 'kubelet' | 'runtime' | 'network' | 'disk' | 'proxy' | 'flannel' | 'policy';
  readonly breaks: string;
  readonly mends: string;
  readonly broken: ((node: NodeFrame) => boolean) | null;
}

const parts: readonly NodePart[] = [
  { name: 'machine', breaks: 'kill node NAME', mends: 'restart node NAME', broken: node => !node.powered },
  { name: 'network', breaks: 'cut network of NAME', mends: 'mend network of NAME', broken: node => !node.connected },
  { name: 'kubelet', breaks: 'stop kubelet on NAME', mends: 'start kubelet on NAME', broken: node => !node.kubelet },
  { name: 'runtime', breaks: 'hang runtime on NAME', mends: 'mend runtime on NAME', broken: node => !node.runtime },
  { name: 'proxy', breaks: 'stop kube-proxy on NAME', mends: 'start kube-proxy on NAME', broken: node => !node.proxy },
  { name: 'flannel', breaks: 'stop flanneld on NAME', mends: 'start flanneld on NAME', broken: node => !node.flannel },
  { name: 'policy', breaks: 'stop kube-router on NAME', mends: 'start kube-router on NAME', broken: null },
  { name: 'disk', breaks: 'fill disk of NAME', mends: 'free disk of NAME', broken: null },
];

/** What else can be done to a node, once. */
export const nodeOnce = ['reboot node NAME', 'shut down node NAME'] as const;

/** What concerns the whole cluster. */
export const clusterWide = [
  { name: 'registry', breaks: ['registry down', 'registry slow'], mends: 'registry up' },
  { name: 'dns', breaks: ['dns down'], mends: 'dns up' },
] as const;

/** The words of a usage that stay the same whatever it is about: `fill disk of NAME [to 95%]` begins with `fill disk of NAME`. */
function stem(usage: string): string {
  return usage.replace(/\s*\[.*$/, '');
}

/** Whether the model knows a fault, by the words that it begins with. */
export function knows(usages: readonly string[], fault: string): boolean {
  return usages.some(usage => stem(usage) === fault);
}

/** The parts of a node that the model can break. */
export function nodeParts(usages: readonly string[]): readonly NodePart[] {
  return parts.filter(part => knows(usages, part.breaks) && knows(usages, part.mends));
}

/** Those that can be broken or mended as the node is: of a machine without power, nothing but itself. */
export function partsOf(node: Pick<NodeFrame, 'powered'>, usages: readonly string[]): readonly NodePart[] {
  return nodeParts(usages).filter(part => node.powered || part.name === 'machine');
}

/** The line that breaks or mends something of a node. */
export function nodeLine(fault: string, node: string): string {
  return `fault ${fault.replace('NAME', node)}`;
}

/** The line that does something to a pod's container. */
export function podLine(does: 'crash' | 'leak', pod: Pick<PodFrame, 'namespace' | 'name'>, container: string): string {
  const verb = does === 'crash' ? 'crash' : 'leak memory in';
  const place = pod.namespace === 'default' ? '' : ` in ${pod.namespace}`;
  return `fault ${verb} pod/${pod.name}${container ? ` ${container}` : ''}${place}`;
}
