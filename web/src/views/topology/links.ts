/** Who is joined to whom: Services to the pods behind them, Ingresses to Services. */
import type { IngressFrame, ServiceFrame } from '../../sim/frames';
import type { Id } from '../../sim/module';
import type { Stage } from './layout';

/** A link from something above to a pod or a Service below. */
export interface Link {
  readonly from: Id;
  readonly to: Id;
  /** Whether traffic goes that way now. */
  readonly ready: boolean;
}

/** A Service's links to its pods. */
export function linksOfService(service: ServiceFrame): Link[] {
  const links: Link[] = [];
  for (const endpoint of service.endpoints) {
    if (endpoint.pod) links.push({ from: service.id, to: endpoint.pod, ready: endpoint.ready });
  }
  return links;
}

/** An Ingress's links to its Services, each once. */
export function linksOfIngress(ingress: IngressFrame, services: Iterable<ServiceFrame>): Link[] {
  const named = new Set(ingress.rules.map(rule => rule.service));
  const links: Link[] = [];
  for (const service of services) {
    if (service.namespace !== ingress.namespace || !named.has(service.name)) continue;
    links.push({ from: ingress.id, to: service.id, ready: service.endpoints.some(endpoint => endpoint.ready) });
  }
  return links;
}

/**
 * All links that have to do with an object: of an Ingress also its Services' own, of a pod those of the Services that send to it, of an owner
 * those of its pods.
 */
export function linksAbout(stage: Stage, id: Id | null): Link[] {
  if (!id) return [];
  const service = stage.services.get(id);
  if (service) return [...ingressesTo(stage, service), ...linksOfService(service)];
  const ingress = stage.ingresses.get(id);
  if (ingress) {
    const links = linksOfIngress(ingress, stage.services.values());
    return links.flatMap(link => {
      const behind = stage.services.get(link.to);
      return behind ? [link, ...linksOfService(behind)] : [link];
    });
  }
  if (!stage.pods.has(id)) return [];
  return [...stage.services.values()].flatMap(one => linksOfService(one).filter(link => link.to === id));
}

function ingressesTo(stage: Stage, service: ServiceFrame): Link[] {
  return [...stage.ingresses.values()].flatMap(ingress => linksOfIngress(ingress, [service]));
}

/** The pods of an object, whose links or selection they are to be seen with: those whose chain of owners has it. */
export function podsOf(stage: Stage, id: Id | null): ReadonlySet<Id> {
  const found = new Set<Id>();
  if (!id || !stage.owners.has(id)) return found;
  for (const pod of stage.pods.values()) {
    let owner = pod.owner;
    // Chains are short (CronJob, Job, pod); the bound only guards against a ring.
    for (let depth = 0; owner && depth < 8; depth += 1) {
      if (owner === id) found.add(pod.id);
      owner = stage.owners.get(owner)?.owner ?? '';
    }
  }
  return found;
}
