/** The view `ownership`: Deployments over ReplicaSets over Pods, with their sizes as they move. */
import { useMemo, useState } from 'preact/hooks';
import type { OwnerFrame, PodFrame } from '../../sim/frames';
import { cluster } from '../../state/run';
import { Command } from '../../ui/Command';
import { Empty } from '../../ui/Empty';
import { Card } from './Card';
import { Pods } from './Pods';
import { text } from './text';
import { forest } from './tree';
import './Ownership.css';

/** Beside the answer's own namespaces: those that hold owners or Pods. */
function namespacesIn(owners: Iterable<OwnerFrame>, pods: Iterable<PodFrame>): string[] {
  const names = new Set<string>();
  for (const one of owners) names.add(one.namespace);
  for (const one of pods) names.add(one.namespace);
  return [...names].sort();
}

export function OwnershipView() {
  const { owners, pods, nodes, crowd } = cluster.value;
  const [chosen, setChosen] = useState('');
  const say = text();
  const namespaces = useMemo(() => namespacesIn(owners.values(), pods.values()), [owners, pods]);
  const namespace = namespaces.includes(chosen) ? chosen : '';
  const picture = useMemo(() => forest(owners.values(), pods.values(), namespace), [owners, pods, namespace]);
  const names = useMemo(
    () =>
      [...nodes.values()]
        .map(node => node.name)
        .sort((one, other) => one.localeCompare(other, 'en', { numeric: true })),
    [nodes],
  );
  if (owners.size === 0 && pods.size === 0) {
    return (
      <Empty icon="ownership" title={say.emptyTitle}>
        <p>{say.emptyText}</p>
        <div class="commands">
          <Command line={say.tryDeployment} />
          <span>{say.next}</span>
          <Command line={say.tryUpdate} />
        </div>
      </Empty>
    );
  }
  return (
    <div class="owners">
      {namespaces.length > 1 && (
        <div class="owners-tools">
          <label>
            {say.namespace}
            <select value={namespace} onChange={event => setChosen(event.currentTarget.value)}>
              <option value="">{say.allNamespaces}</option>
              {namespaces.map(name => (
                <option key={name}>{name}</option>
              ))}
            </select>
          </label>
          {crowd && <span>{say.counted}</span>}
        </div>
      )}
      <div class="owners-body">
        {picture.owners.map(owner => (
          <Card key={owner.frame.id} owner={owner} nodes={names} crowd={crowd} />
        ))}
        {picture.orphans.length > 0 && (
          <section class="owner-card orphans" aria-label={say.orphans}>
            <header class="owner-head">
              <h3>{say.orphans}</h3>
              <p class="owner-facts">{say.orphansHint}</p>
            </header>
            <Pods pods={picture.orphans} owner="" />
          </section>
        )}
      </div>
    </div>
  );
}
