/** What is told of a thing that the pointer is over. */
import type { ComponentChildren } from 'preact';
import { StateDot } from '../../ui/StateDot';
import { troubleWord } from './describe';
import type { Size } from './geometry';
import type { Thing } from './hit';
import type { Stage } from './layout';
import { text } from './text';
import { troubles } from './troubles';
import { bytes, cpus, imageName } from './words';

type Rows = readonly (readonly [string, ComponentChildren])[];

function Facts({ rows }: { rows: Rows }) {
  return (
    <dl>
      {rows.map(
        ([name, value]) =>
          value !== '' && (
            <>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </>
          ),
      )}
    </dl>
  );
}

function PodTip({ stage, id }: { stage: Stage; id: string }) {
  const pod = stage.pods.get(id);
  if (!pod) return null;
  const { tip, kinds, phases } = text();
  const owner = stage.owners.get(pod.owner);
  const containers = pod.containers.map(one => {
    const kind = kinds[one.kind];
    return `${one.name} (${[kind, imageName(one.image), one.reason || phases[one.phase]].filter(Boolean).join(', ')})`;
  });
  return (
    <>
      <h3>
        <StateDot state={pod.state} />
        {pod.name}
      </h3>
      <Facts
        rows={[
          [tip.status, pod.status],
          [tip.readyContainers, pod.ready],
          [tip.restarts, pod.restarts > 0 ? String(pod.restarts) : ''],
          [tip.ip, pod.ip || tip.none],
          [tip.node, pod.node || tip.none],
          [tip.owner, owner ? `${owner.kind}/${owner.name}` : ''],
          [tip.containers, containers.join(', ')],
        ]}
      />
    </>
  );
}

function NodeTip({ stage, id }: { stage: Stage; id: string }) {
  const node = stage.nodes.get(id);
  if (!node) return null;
  const t = text();
  const { requested, allocatable } = node;
  const found = troubles(node);
  return (
    <>
      <h3>{node.name}</h3>
      <Facts
        rows={[
          [t.tip.address, node.address],
          [t.tip.podCidr, node.podCidr || t.tip.none],
          [t.cpu, `${cpus(requested.milliCpu)} / ${cpus(allocatable.milliCpu)}`],
          [t.memory, `${bytes(requested.memory)} / ${bytes(allocatable.memory)}`],
          [t.pods, `${requested.pods} / ${allocatable.pods}`],
          [t.tip.taints, node.taints.join(', ')],
        ]}
      />
      {found.length > 0 && <p>{found.map(troubleWord).join(' · ')}</p>}
    </>
  );
}

function ServiceTip({ stage, id }: { stage: Stage; id: string }) {
  const service = stage.services.get(id);
  if (!service) return null;
  const t = text();
  const ready = service.endpoints.filter(endpoint => endpoint.ready).length;
  return (
    <>
      <h3>{service.name}</h3>
      <Facts
        rows={[
          [t.tip.type, service.type],
          [t.tip.clusterIp, service.clusterIp],
          [t.tip.ports, service.ports.join(', ')],
          [t.tip.external, service.external],
          [t.tip.endpoints, t.endpoints(ready, service.endpoints.length)],
        ]}
      />
    </>
  );
}

function IngressTip({ stage, id }: { stage: Stage; id: string }) {
  const ingress = stage.ingresses.get(id);
  if (!ingress) return null;
  return (
    <>
      <h3>{ingress.name}</h3>
      <Facts rows={ingress.rules.map(rule => [`${rule.host}${rule.path}`, `→ ${rule.service}`] as const)} />
    </>
  );
}

const TIPS = { pod: PodTip, node: NodeTip, service: ServiceTip, ingress: IngressTip } as const;

/** The room that a tip takes at most: near an edge it stands on the other side of the pointer. */
const ROOM = { w: 330, h: 210 } as const;

export function Tip({ stage, thing, x, y, size }: { stage: Stage; thing: Thing; x: number; y: number; size: Size }) {
  const About = TIPS[thing.kind];
  const style = {
    ...(x + ROOM.w > size.w && x > size.w / 2 ? { right: `${size.w - x + 14}px` } : { left: `${x + 14}px` }),
    ...(y + ROOM.h > size.h && y > size.h / 2 ? { bottom: `${size.h - y + 14}px` } : { top: `${y + 14}px` }),
  };
  return (
    <div class="topology-tip" style={style} aria-hidden="true">
      <About stage={stage} id={thing.id} />
    </div>
  );
}
