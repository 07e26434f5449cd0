/** "Break things": what can go wrong with nodes, pods and the cluster, each a line in a terminal. */
import './faults.css';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { sim } from '../sim/client';
import type { NodeFrame, PodFrame } from '../sim/frames';
import { attempt } from '../state/problems';
import { cluster, opened } from '../state/run';
import { selection } from '../state/selection';
import { run } from '../state/terminals';
import { Button } from '../ui/Button';
import { clusterWide, knows, nodeLine, nodeOnce, partsOf, podLine } from './catalog';
import { text } from './text';

/** What the model can break. */
function useUsages(): readonly string[] {
  const usages = useSignal<readonly string[]>([]);
  useEffect(() => {
    sim.faults().then(
      known => {
        usages.value = known;
      },
      () => undefined,
    );
  }, [opened.value]);
  return usages.value;
}

function Line({ line, mends = false, children }: { line: string; mends?: boolean; children: string }) {
  return (
    <Button
      variant={mends ? 'plain' : 'danger'}
      icon={mends ? 'mend' : 'fault'}
      title={line}
      onClick={() => attempt(run(line))}
    >
      {children}
    </Button>
  );
}

/** What can be broken about a node: here, and beside the node's details. */
export function NodeFaults({ node }: { node: NodeFrame }) {
  const usages = useUsages();
  return (
    <div class="fault-rows">
      {partsOf(node, usages).map(part => {
        const words = text().parts[part.name];
        const broken = part.broken?.(node) ?? false;
        return (
          <div key={part.name} class="fault-row" data-broken={broken}>
            <span class="fault-name">
              {words.name}
              {broken && <span class="fault-mark">{text().broken}</span>}
            </span>
            {(!broken || !part.broken) && <Line line={nodeLine(part.breaks, node.name)}>{words.breaks}</Line>}
            {(broken || !part.broken) && (
              <Line line={nodeLine(part.mends, node.name)} mends>
                {words.mends}
              </Line>
            )}
          </div>
        );
      })}
      <div class="fault-row">
        {nodeOnce
          .filter(fault => node.powered && knows(usages, fault))
          .map(fault => (
            <Line key={fault} line={nodeLine(fault, node.name)}>
              {text().once[fault]}
            </Line>
          ))}
      </div>
    </div>
  );
}

/** What can be broken about a pod. */
export function PodFaults({ pod }: { pod: PodFrame }) {
  const container = useSignal('');
  const names = pod.containers.filter(one => one.kind !== 'init').map(one => one.name);
  return (
    <div class="fault-rows">
      {names.length > 1 && (
        <label class="field">
          <span>{text().container}</span>
          <select
            value={container.value}
            onChange={event => {
              container.value = event.currentTarget.value;
            }}
          >
            {names.map((name, index) => (
              <option key={name} value={index === 0 ? '' : name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <div class="fault-row">
        <Line line={podLine('crash', pod, container.value)}>{text().crash}</Line>
        <Line line={podLine('leak', pod, container.value)}>{text().leak}</Line>
      </div>
    </div>
  );
}

/** Chooses one of many by name; what is selected in the page is chosen at first. */
function Chooser<T extends { id: string; name: string }>({
  label,
  all,
  current,
  choose,
}: {
  label: string;
  all: readonly T[];
  current: T;
  choose: (id: string) => void;
}) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={current.id} onChange={event => choose(event.currentTarget.value)}>
        {all.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function selectedId(): string {
  const selected = selection.value;
  return selected?.kind === 'object' ? selected.object.id : '';
}

export function Faults() {
  const usages = useUsages();
  const node = useSignal('');
  const pod = useSignal('');
  const nodes = [...cluster.value.nodes.values()];
  const pods = [...cluster.value.pods.values()];
  const thisNode = nodes.find(({ id }) => id === (node.value || selectedId())) ?? nodes[0];
  const thisPod = pods.find(({ id }) => id === (pod.value || selectedId())) ?? pods[0];
  return (
    <div class="faults">
      <p class="faults-intro">{text().intro}</p>
      {thisNode && (
        <section class="fault-group">
          <h2>{text().nodes}</h2>
          <Chooser
            label={text().node}
            all={nodes}
            current={thisNode}
            choose={id => {
              node.value = id;
            }}
          />
          <NodeFaults node={thisNode} />
        </section>
      )}
      <section class="fault-group">
        <h2>{text().pods}</h2>
        {thisPod ? (
          <>
            <Chooser
              label={text().pod}
              all={pods}
              current={thisPod}
              choose={id => {
                pod.value = id;
              }}
            />
            <PodFaults key={thisPod.id} pod={thisPod} />
          </>
        ) : (
          <p class="faults-intro">{text().noPods}</p>
        )}
      </section>
      <section class="fault-group">
        <h2>{text().cluster}</h2>
        <div class="fault-rows">
          {clusterWide
            .filter(({ mends }) => knows(usages, mends))
            .map(({ name, breaks, mends }) => (
              <div key={name} class="fault-row">
                <span class="fault-name">{text()[name]}</span>
                {breaks.map(fault => (
                  <Line key={fault} line={`fault ${fault}`}>
                    {text().faults[fault]}
                  </Line>
                ))}
                <Line line={`fault ${mends}`} mends>
                  {text().faults[mends]}
                </Line>
              </div>
            ))}
        </div>
      </section>
    </div>
  );
}
