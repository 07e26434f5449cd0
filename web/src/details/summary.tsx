/** An object in short, kind by kind, from what frames say of it. */

import { NodeFaults, PodFaults } from '../faults/Faults';
import type { ContainerFrame, IngressFrame, NodeFrame, OwnerFrame, PodFrame, Ref, ServiceFrame } from '../sim/frames';
import { cluster } from '../state/run';
import { StateDot } from '../ui/StateDot';
import { podStates, stateColor } from '../ui/states';
import { duration } from '../words/time';
import { cpu, memory } from './amounts';
import { Field, Fields, Group, Link, Meter } from './parts';
import { text } from './text';

/** Lists are cut where nobody reads on. */
const LIST_MAX = 50;

function podRef({ id, namespace, name }: PodFrame): Ref {
  return { id, kind: 'Pod', namespace, name };
}

function ownerRef({ id, kind, namespace, name }: OwnerFrame): Ref {
  return { id, kind, namespace, name };
}

function Container({ container }: { container: ContainerFrame }) {
  const { name, image, kind, phase, reason, ready, restarts } = container;
  const state =
    phase === 'failed'
      ? 'failing'
      : phase === 'ended'
        ? 'succeeded'
        : phase === 'waiting'
          ? 'pending'
          : ready
            ? 'ready'
            : 'running';
  return (
    <li class="container-row">
      <StateDot state={state} label={false} />
      <span class="container-name">{name}</span>
      <span class="container-image">{image}</span>
      <span class="container-state">
        {[
          kind === 'main' ? '' : text().kinds[kind],
          reason || text().phases[phase],
          restarts > 0 ? `↻ ${restarts}` : '',
        ]
          .filter(Boolean)
          .join(' · ')}
      </span>
    </li>
  );
}

function PodList({ pods }: { pods: readonly PodFrame[] }) {
  return (
    <ul class="object-list">
      {pods.slice(0, LIST_MAX).map(pod => (
        <li key={pod.id}>
          <Link object={podRef(pod)}>
            <StateDot state={pod.state} />
          </Link>
          <span class="object-note">{pod.status}</span>
        </li>
      ))}
      {pods.length > LIST_MAX && <li class="object-note">+ {pods.length - LIST_MAX}</li>}
    </ul>
  );
}

function PodSummary({ pod }: { pod: PodFrame }) {
  const { at, nodes, owners } = cluster.value;
  const node = [...nodes.values()].find(({ name }) => name === pod.node);
  const owner = owners.get(pod.owner);
  const fields = text().fields;
  return (
    <>
      <Fields>
        <Field name={fields.status}>
          <span class="state-words" style={{ color: stateColor(pod.state, true) }}>
            <StateDot state={pod.state} label={false} />
            {pod.status}
          </span>
        </Field>
        <Field name={fields.ready}>
          <span class="numbers">{pod.ready}</span>
        </Field>
        {pod.restarts > 0 && (
          <Field name={fields.restarts}>
            <span class="numbers">{pod.restarts}</span>
          </Field>
        )}
        {node && (
          <Field name={fields.node}>
            <Link object={{ id: node.id, kind: 'Node', namespace: '', name: node.name }} />
          </Field>
        )}
        {pod.ip && (
          <Field name={fields.ip}>
            <code>{pod.ip}</code>
          </Field>
        )}
        {owner && (
          <Field name={fields.owner}>
            <Link object={ownerRef(owner)} />
          </Field>
        )}
        <Field name={fields.namespace}>{pod.namespace}</Field>
        <Field name={fields.requests}>
          <span class="numbers">
            {cpu(pod.requests.milliCpu)} CPU, {memory(pod.requests.memory)}
          </span>
        </Field>
        <Field name={fields.age}>
          <span class="numbers">{duration(Math.max(0, at - pod.created))}</span>
        </Field>
      </Fields>
      <Group title={text().containers} count={pod.containers.length}>
        <ul class="object-list">
          {pod.containers.map(container => (
            <Container key={container.name} container={container} />
          ))}
        </ul>
      </Group>
      <Group title={text().breakIt}>
        <PodFaults pod={pod} />
      </Group>
    </>
  );
}

function NodeSummary({ node }: { node: NodeFrame }) {
  const fields = text().fields;
  const { allocatable: all, requested: used, counts } = node;
  const pods = [...cluster.value.pods.values()].filter(pod => pod.node === node.name);
  const words = [node.ready ? text().nodeReady : text().notReady, node.schedulable ? '' : text().cordoned];
  return (
    <>
      <Fields>
        <Field name={fields.status}>
          <span class="state-words" style={{ color: node.ready ? 'var(--good)' : 'var(--bad)' }}>
            <StateDot state={node.ready ? 'ready' : 'failing'} label={false} />
            {words.filter(Boolean).join(', ')}
          </span>
        </Field>
        <Field name={fields.address}>
          <code>{node.address}</code>
        </Field>
        {node.podCidr && (
          <Field name={fields.podCidr}>
            <code>{node.podCidr}</code>
          </Field>
        )}
        {node.conditions.length > 0 && <Field name={fields.conditions}>{node.conditions.join(', ')}</Field>}
        {node.taints.length > 0 && (
          <Field name={fields.taints}>
            {node.taints.map(taint => (
              <code key={taint} class="taint">
                {taint}
              </code>
            ))}
          </Field>
        )}
      </Fields>
      <Group title={text().allocation}>
        <Meter
          name={text().cpu}
          used={used.milliCpu}
          all={all.milliCpu}
          words={text().of(cpu(used.milliCpu), cpu(all.milliCpu))}
        />
        <Meter
          name={text().memory}
          used={used.memory}
          all={all.memory}
          words={text().of(memory(used.memory), memory(all.memory))}
        />
        <Meter
          name={text().podCount}
          used={used.pods}
          all={all.pods}
          words={text().of(String(used.pods), String(all.pods))}
        />
        <p class="state-counts numbers">
          {podStates
            .filter(state => counts[state] > 0)
            .map(state => (
              <span key={state}>
                <StateDot state={state} /> {counts[state]}
              </span>
            ))}
        </p>
      </Group>
      {pods.length > 0 && (
        <Group title={text().pods} count={pods.length}>
          <PodList pods={pods} />
        </Group>
      )}
      <Group title={text().breakIt}>
        <NodeFaults node={node} />
      </Group>
    </>
  );
}

function OwnerSummary({ owner }: { owner: OwnerFrame }) {
  const fields = text().fields;
  const { owners, pods } = cluster.value;
  const parent = owners.get(owner.owner);
  const children = [...owners.values()].filter(other => other.owner === owner.id);
  const made = [...pods.values()].filter(pod => pod.owner === owner.id);
  return (
    <>
      <Fields>
        {owner.status && <Field name={fields.status}>{owner.status}</Field>}
        <Field name={fields.replicas}>
          <span class="numbers">
            {text().of(String(owner.ready), String(owner.desired))} · {fields.ready}
          </span>
        </Field>
        <Field name={fields.updated}>
          <span class="numbers">{owner.updated}</span>
        </Field>
        <Field name={fields.available}>
          <span class="numbers">{owner.available}</span>
        </Field>
        {owner.revision > 0 && (
          <Field name={fields.revision}>
            <span class="numbers">{owner.revision}</span>
          </Field>
        )}
        <Field name={fields.images}>
          {owner.images.map(image => (
            <code key={image}>{image}</code>
          ))}
        </Field>
        {owner.strategy && <Field name={fields.strategy}>{owner.strategy}</Field>}
        {parent && (
          <Field name={fields.owner}>
            <Link object={ownerRef(parent)} />
          </Field>
        )}
        <Field name={fields.namespace}>{owner.namespace}</Field>
      </Fields>
      {children.length > 0 && (
        <Group title={text().owned} count={children.length}>
          <ul class="object-list">
            {children.map(child => (
              <li key={child.id}>
                <Link object={ownerRef(child)} />
                <span class="object-note numbers">{text().of(String(child.ready), String(child.desired))}</span>
              </li>
            ))}
          </ul>
        </Group>
      )}
      {made.length > 0 && (
        <Group title={text().pods} count={made.length}>
          <PodList pods={made} />
        </Group>
      )}
    </>
  );
}

function ServiceSummary({ service }: { service: ServiceFrame }) {
  const fields = text().fields;
  const { pods } = cluster.value;
  return (
    <>
      <Fields>
        <Field name={fields.type}>{service.type}</Field>
        {service.clusterIp && (
          <Field name={fields.clusterIp}>
            <code>{service.clusterIp}</code>
          </Field>
        )}
        <Field name={fields.ports}>
          <code>{service.ports.join(', ')}</code>
        </Field>
        {service.external && (
          <Field name={fields.external}>
            <code>{service.external}</code>
          </Field>
        )}
        <Field name={fields.namespace}>{service.namespace}</Field>
      </Fields>
      <Group title={text().endpoints} count={service.endpoints.length}>
        {service.endpoints.length === 0 && <p class="details-words">{text().noEndpoints}</p>}
        <ul class="object-list">
          {service.endpoints.map(({ pod, address, ready }) => {
            const frame = pods.get(pod);
            return (
              <li key={`${pod} ${address}`}>
                {frame ? (
                  <Link object={podRef(frame)}>
                    <StateDot state={ready ? 'ready' : 'running'} />
                  </Link>
                ) : (
                  <StateDot state={ready ? 'ready' : 'running'} />
                )}
                <code class="object-note">{address}</code>
              </li>
            );
          })}
        </ul>
      </Group>
    </>
  );
}

function IngressSummary({ ingress }: { ingress: IngressFrame }) {
  return (
    <Group title={text().rules} count={ingress.rules.length}>
      <ul class="object-list">
        {ingress.rules.map(({ host, path, service }) => (
          <li key={`${host}${path}`}>
            <code>
              {host}
              {path}
            </code>
            <span class="object-note">→ {service}</span>
          </li>
        ))}
      </ul>
    </Group>
  );
}

/** An object in short; nothing for kinds that frames don't tell of. */
export function ObjectSummary({ object: { id } }: { object: Ref }) {
  const { pods, nodes, owners, services, ingresses } = cluster.value;
  const pod = pods.get(id);
  if (pod) {
    return <PodSummary pod={pod} />;
  }
  const node = nodes.get(id);
  if (node) {
    return <NodeSummary node={node} />;
  }
  const owner = owners.get(id);
  if (owner) {
    return <OwnerSummary owner={owner} />;
  }
  const service = services.get(id);
  if (service) {
    return <ServiceSummary service={service} />;
  }
  const ingress = ingresses.get(id);
  return ingress ? <IngressSummary ingress={ingress} /> : null;
}
