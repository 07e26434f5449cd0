/** Pods as chips: state, short name, and what is wrong with them. */
import type { ComponentChildren } from 'preact';
import type { PodFrame } from '../../sim/frames';
import { select, selection } from '../../state/selection';
import { StateDot } from '../../ui/StateDot';
import { text } from './text';
import { ordinal } from './tree';

/** Beyond these, chips lose their names; beyond those, they are only counted. */
const NAMED_MAX = 60;
const SHOWN_MAX = 600;

function shortName(name: string, owner: string): string {
  return owner && name.startsWith(`${owner}-`) ? name.slice(owner.length + 1) : name;
}

/** What is to be said of a Pod besides its colour: nothing, if it is as it should be. */
function noteOf(pod: PodFrame): string {
  return pod.state === 'ready' && pod.status === 'Running' ? '' : pod.status;
}

function Chip({ pod, name, bare = false }: { pod: PodFrame; name: string; bare?: boolean }) {
  const say = text();
  const chosen = selection.value?.kind === 'object' && selection.value.object.id === pod.id;
  const note = noteOf(pod);
  const { id, namespace } = pod;
  // What is read out begins with what is seen.
  const seen = bare ? '' : [name, note, pod.restarts > 0 ? `↻${pod.restarts}` : ''].filter(Boolean).join(' ');
  const restarts = pod.restarts > 0 ? `, ${say.restarts(pod.restarts)}` : '';
  return (
    <button
      type="button"
      class={`owner-pod ${pod.state} ${bare ? 'bare' : ''}`}
      aria-current={chosen ? 'true' : undefined}
      aria-label={`${seen} ${pod.name}: ${pod.status} ${pod.ready}${restarts}`.trim()}
      title={`${pod.name}\n${pod.status} ${pod.ready}${restarts}${pod.node ? `\n${pod.node}` : ''}`}
      onClick={() => select({ kind: 'object', object: { id, kind: 'Pod', namespace, name: pod.name } })}
    >
      <StateDot state={pod.state} size={bare ? 14 : 12} label={false} />
      {!bare && (
        <>
          <span class="owner-pod-name">{name}</span> {note && <span class="owner-pod-note">{note}</span>}{' '}
          {pod.restarts > 0 && <span class="owner-pod-restarts">↻{pod.restarts}</span>}
        </>
      )}
    </button>
  );
}

function Missing({ words, children }: { words: string; children: ComponentChildren }) {
  return (
    <span class="owner-pod missing" title={words}>
      <span class="visually-hidden">{words}</span>
      <span aria-hidden="true">{children}</span>
    </span>
  );
}

export function Pods({ pods, owner }: { pods: readonly PodFrame[]; owner: string }) {
  const say = text();
  const bare = pods.length > NAMED_MAX;
  const shown = pods.slice(0, SHOWN_MAX);
  return (
    <div class={`owner-pods ${bare ? 'bare' : ''}`}>
      {pods.length === 0 && <span class="owner-none">{say.noPods}</span>}
      {shown.map(pod => (
        <Chip key={pod.id} pod={pod} name={shortName(pod.name, owner)} bare={bare} />
      ))}
      {pods.length > SHOWN_MAX && <span class="owner-none">{say.more(pods.length - SHOWN_MAX)}</span>}
    </div>
  );
}

/** A StatefulSet's Pods: one place for each number, whether somebody sits there or not. */
export function OrdinalPods({ pods, desired }: { pods: readonly PodFrame[]; desired: number }) {
  const say = text();
  const byOrdinal = new Map(pods.map(pod => [ordinal(pod.name), pod]));
  const highest = Math.max(desired - 1, ...[...byOrdinal.keys()].map(number => number ?? 0));
  const places = Math.min(highest + 1, SHOWN_MAX);
  return (
    <div class="owner-pods">
      {Array.from({ length: places }, (_, number) => {
        const pod = byOrdinal.get(number);
        return pod ? (
          <Chip key={pod.id} pod={pod} name={`${number}`} />
        ) : (
          <Missing key={`slot ${number}`} words={say.slot(number)}>
            {number}
          </Missing>
        );
      })}
    </div>
  );
}

/** A DaemonSet's Pods: one place for each node. */
export function DaemonPods({ pods, nodes }: { pods: readonly PodFrame[]; nodes: readonly string[] }) {
  const say = text();
  const bare = nodes.length > NAMED_MAX;
  const byNode = new Map<string, PodFrame[]>();
  for (const pod of pods) {
    byNode.set(pod.node, [...(byNode.get(pod.node) ?? []), pod]);
  }
  const homeless = byNode.get('') ?? [];
  return (
    <div class={`owner-pods ${bare ? 'bare' : ''}`}>
      {nodes.slice(0, SHOWN_MAX).flatMap(node => {
        const own = byNode.get(node);
        return own ? (
          own.map(pod => <Chip key={pod.id} pod={pod} name={node} bare={bare} />)
        ) : (
          <Missing key={node} words={say.without(node)}>
            {bare ? '' : node}
          </Missing>
        );
      })}
      {homeless.map(pod => (
        <Chip key={pod.id} pod={pod} name={pod.name} bare={bare} />
      ))}
    </div>
  );
}
