/** Words about things: their references, and what is said of them aloud. */
import type { NodeFrame, Ref } from '../../sim/frames';
import { text as uiText } from '../../ui/text';
import type { Thing } from './hit';
import type { Stage } from './layout';
import { text } from './text';
import { type Trouble, troubles } from './troubles';

/** A trouble in a word or two. */
export function troubleWord(trouble: Trouble): string {
  return trouble.kind === 'condition' ? trouble.name : text().troubles[trouble.kind];
}

/** How a node is, in words. */
export function nodeWord(node: NodeFrame): string {
  const found = troubles(node);
  return found.length === 0 ? text().ready : found.map(troubleWord).join(', ');
}

/** The reference by which a thing is selected; `null` if it is gone. */
export function refOf(stage: Stage, thing: Thing): Ref | null {
  const { id } = thing;
  switch (thing.kind) {
    case 'node': {
      const node = stage.nodes.get(id);
      return node ? { id, kind: 'Node', namespace: '', name: node.name } : null;
    }
    case 'pod':
      return named(id, 'Pod', stage.pods.get(id));
    case 'service':
      return named(id, 'Service', stage.services.get(id));
    case 'ingress':
      return named(id, 'Ingress', stage.ingresses.get(id));
  }
}

function named(id: string, kind: string, object: { namespace: string; name: string } | undefined): Ref | null {
  return object ? { id, kind, namespace: object.namespace, name: object.name } : null;
}

/** A thing in a sentence, for who doesn't see the picture. */
export function say(stage: Stage, thing: Thing): string {
  const t = text();
  const { id } = thing;
  switch (thing.kind) {
    case 'node': {
      const node = stage.nodes.get(id);
      return node ? t.say.node(node.name, nodeWord(node), node.requested.pods) : '';
    }
    case 'pod': {
      const pod = stage.pods.get(id);
      return pod ? t.say.pod(pod.name, `${uiText().states[pod.state]} (${pod.status})`, pod.ready) : '';
    }
    case 'service': {
      const service = stage.services.get(id);
      if (!service) return '';
      const ready = service.endpoints.filter(endpoint => endpoint.ready).length;
      return t.say.service(service.name, service.type, t.endpoints(ready, service.endpoints.length));
    }
    case 'ingress': {
      const ingress = stage.ingresses.get(id);
      return ingress ? t.say.ingress(ingress.name, ingress.rules.length) : '';
    }
  }
}
