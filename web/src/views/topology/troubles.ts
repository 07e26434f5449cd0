/** What is wrong with a node, in the order in which one would look: is there power, who runs, who is reached, what does the API say. */
import type { NodeFrame } from '../../sim/frames';

/** Something that is wrong with a node, or that keeps pods away from it. */
export type Trouble =
  | { readonly kind: 'power' | 'network' | 'kubelet' | 'runtime' | 'proxy' | 'flannel' | 'notReady' | 'cordoned' }
  | { readonly kind: 'condition'; readonly name: string };

/** How bad it is: `dead` breaks the node, `ill` a part of it, `note` is somebody's wish. */
export function weight(trouble: Trouble): 'dead' | 'ill' | 'note' {
  switch (trouble.kind) {
    case 'power':
    case 'network':
    case 'notReady':
      return 'dead';
    case 'cordoned':
      return 'note';
    default:
      return 'ill';
  }
}

/** What is wrong with a node. Without power nothing else is worth saying but what the API still believes. */
export function troubles(node: NodeFrame): Trouble[] {
  const found: Trouble[] = [];
  if (!node.powered) {
    found.push({ kind: 'power' });
  } else {
    if (!node.connected) found.push({ kind: 'network' });
    if (!node.kubelet) found.push({ kind: 'kubelet' });
    if (!node.runtime) found.push({ kind: 'runtime' });
    if (!node.proxy) found.push({ kind: 'proxy' });
    if (!node.flannel) found.push({ kind: 'flannel' });
  }
  if (!node.ready) found.push({ kind: 'notReady' });
  if (!node.schedulable) found.push({ kind: 'cordoned' });
  for (const name of node.conditions) found.push({ kind: 'condition', name });
  return found;
}
