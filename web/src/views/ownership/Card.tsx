/** An owner with all that is its own. */
import { useState } from 'preact/hooks';
import type { OwnerFrame } from '../../sim/frames';
import { select, selection } from '../../state/selection';
import { run } from '../../state/terminals';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { inNamespace } from '../../words/objects';
import { Gauge } from './Gauge';
import { DaemonPods, OrdinalPods, Pods } from './Pods';
import { readStrategy } from './rollout';
import { Size } from './Size';
import { text } from './text';
import { isRetired, type Owner } from './tree';

interface CardProps {
  owner: Owner;
  nodes: readonly string[];
  crowd: boolean;
}

function refOf({ id, kind, namespace, name }: OwnerFrame) {
  return { id, kind, namespace, name };
}

/** The name of an owner, which selects it. */
function Name({ frame, of = '' }: { frame: OwnerFrame; of?: string }) {
  const chosen = selection.value?.kind === 'object' && selection.value.object.id === frame.id;
  const short = of && frame.name.startsWith(`${of}-`) ? frame.name.slice(of.length + 1) : frame.name;
  return (
    <button
      type="button"
      class="owner-name"
      aria-current={chosen ? 'true' : undefined}
      title={frame.name}
      onClick={() => select({ kind: 'object', object: refOf(frame) })}
    >
      <span class="owner-kind">{frame.kind}</span> <span class="owner-own-name">{short}</span>
    </button>
  );
}

function StatusPill({ frame }: { frame: OwnerFrame }) {
  const say = text();
  const status = frame.paused ? 'paused' : frame.status;
  if (status !== 'complete' && status !== 'progressing' && status !== 'stalled' && status !== 'paused') {
    return null;
  }
  const icons = { complete: 'check', progressing: 'restart', stalled: 'warning', paused: 'pause' } as const;
  return (
    <span class={`owner-pill ${status}`}>
      <Icon name={icons[status]} size={12} />
      {say[status]}
    </span>
  );
}

function Strategy({ frame }: { frame: OwnerFrame }) {
  const say = text();
  const strategy = readStrategy(frame.strategy);
  switch (strategy.type) {
    case 'RollingUpdate':
      return (
        <>
          {say.rolling} · {say.surge(strategy.maxSurge)} · {say.unavailable(strategy.maxUnavailable)}
        </>
      );
    case 'Recreate':
      return <>{say.recreate}</>;
    case 'OnDelete':
      return <>{say.onDelete}</>;
    case 'other':
      return (
        <>
          {frame.kind === 'CronJob' && `${say.schedule} `}
          {frame.strategy && <code>{frame.strategy}</code>}
        </>
      );
  }
}

/** Buttons for what is done most: each types its command. */
function Doings({ frame }: { frame: OwnerFrame }) {
  const say = text();
  const where = `${frame.kind.toLowerCase()}/${frame.name}`;
  const namespace = inNamespace(frame.namespace);
  const scale = (to: number) => void run(`kubectl scale ${where} --replicas=${to}${namespace}`);
  if (frame.kind !== 'Deployment' && frame.kind !== 'StatefulSet' && !(frame.kind === 'ReplicaSet' && !frame.owner)) {
    return null;
  }
  return (
    <span class="owner-doings">
      <button
        type="button"
        aria-label={say.scaleDown}
        title={say.scaleDown}
        disabled={frame.desired === 0}
        onClick={() => scale(frame.desired - 1)}
      >
        −
      </button>
      <button type="button" aria-label={say.scaleUp} title={say.scaleUp} onClick={() => scale(frame.desired + 1)}>
        +
      </button>
      {frame.kind === 'Deployment' && (
        <Button
          variant="quiet"
          icon={frame.paused ? 'play' : 'pause'}
          label={frame.paused ? say.resume : say.pause}
          onClick={() => void run(`kubectl rollout ${frame.paused ? 'resume' : 'pause'} ${where}${namespace}`)}
        />
      )}
    </span>
  );
}

export function Card({ owner, nodes, crowd }: CardProps) {
  const { frame, children } = owner;
  const say = text();
  const retired = children.filter(isRetired);
  const living = children.filter(child => !isRetired(child));
  const scale = Math.max(1, frame.desired, ...living.map(child => Math.max(child.frame.desired, child.pods.length)));
  return (
    <section class="owner-card" aria-label={`${frame.kind} ${frame.name}`}>
      <header class="owner-head">
        <Name frame={frame} />
        <StatusPill frame={frame} />
        <Doings frame={frame} />
        <Size frame={frame} scale={0} pods={owner.pods} />
        <p class="owner-facts">
          {frame.revision > 0 && <span>{say.revision(frame.revision)}</span>}
          {frame.images.map(image => (
            <code key={image}>{image}</code>
          ))}
          <span>
            <Strategy frame={frame} />
          </span>
          {frame.namespace !== 'default' && <span>{frame.namespace}</span>}
        </p>
        {frame.kind === 'Deployment' && <Gauge frame={frame} sets={living} />}
      </header>
      {living.length > 0 && (
        <ul class="owner-children">
          {living.map((child, number) => (
            <li key={child.frame.id} class="owner-child">
              <div class="owner-child-head">
                <Name frame={child.frame} of={frame.name} />
                {child.frame.revision > 0 && (
                  <span class="owner-revision">
                    {say.revision(child.frame.revision)}
                    {number === 0 && living.length > 1 && ` · ${say.newest}`}
                  </span>
                )}
                {frame.kind !== 'Deployment' && <StatusPill frame={child.frame} />}
                <span class="owner-images">{child.frame.images.join(', ')}</span>
                <Size frame={child.frame} scale={scale} pods={child.pods} />
              </div>
              {!crowd && <Pods pods={child.pods} owner={child.frame.name} />}
            </li>
          ))}
        </ul>
      )}
      {!crowd && children.length === 0 && <Own owner={owner} nodes={nodes} />}
      {retired.length > 0 && <Retired sets={retired} of={frame} />}
    </section>
  );
}

/** The Pods of those who own some themselves. */
function Own({ owner, nodes }: { owner: Owner; nodes: readonly string[] }) {
  switch (owner.frame.kind) {
    case 'StatefulSet':
      return <OrdinalPods pods={owner.pods} desired={owner.frame.desired} />;
    case 'DaemonSet':
      return <DaemonPods pods={owner.pods} nodes={nodes} />;
    default:
      return <Pods pods={owner.pods} owner={owner.frame.name} />;
  }
}

/** Old ReplicaSets: there for a rollback, in the way else. */
function Retired({ sets, of }: { sets: readonly Owner[]; of: OwnerFrame }) {
  const [open, setOpen] = useState(false);
  const say = text();
  return (
    <div class="owner-retired">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)}>
        <Icon name={open ? 'chevron-down' : 'chevron-right'} size={14} />
        {say.retired(sets.length)} <span>{say.retiredHint}</span>
      </button>
      {open && (
        <ul>
          {sets.map(({ frame }) => (
            <li key={frame.id}>
              <Name frame={frame} of={of.name} />
              <span class="owner-revision">{say.revision(frame.revision)}</span>
              <span class="owner-images">{frame.images.join(', ')}</span>
              <Button
                variant="quiet"
                icon="restart"
                onClick={() =>
                  void run(
                    `kubectl rollout undo deployment/${of.name} --to-revision=${frame.revision}${inNamespace(of.namespace)}`,
                  )
                }
              >
                {say.undo}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
