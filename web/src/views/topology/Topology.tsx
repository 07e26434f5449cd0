/** The view `topology`: the terrarium. Nodes with their pods, what stands before them, and how all are wired. */
import { computed, effect, type Signal, signal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { sim } from '../../sim/client';
import type { PodFrame } from '../../sim/frames';
import type { Id } from '../../sim/module';
import { cluster, epoch } from '../../state/run';
import { select, selection } from '../../state/selection';
import { reducedMotion, shade } from '../../state/settings';
import { Button } from '../../ui/Button';
import { Command } from '../../ui/Command';
import { refOf } from './describe';
import { reveal } from './geometry';
import { listen } from './gestures';
import { byGroup, type Group, type Grouping, group } from './groups';
import type { Thing } from './hit';
import { Legend } from './Legend';
import type { Scene, Stage } from './layout';
import { Outline } from './Outline';
import { words } from './Still';
import { Screen } from './screen';
import { Tip } from './Tip';
import { text } from './text';
import { items } from './tree';
import { count } from './words';
import './topology.css';

/** What a person chose to see: kept while other views are shown. */
const grouping = signal<Grouping>('state');
const namespace = signal('');

interface Pointed {
  readonly thing: Thing;
  readonly x: number;
  readonly y: number;
}

const selectedId = computed(() => (selection.value?.kind === 'object' ? selection.value.object.id : null));

/** Groups follow the pods, and a tick that changes no pod leaves them as they are. */
const pods = computed(() => cluster.value.pods);
const owners = computed(() => cluster.value.owners);
const grouped = computed(() => group(pods.value.values(), grouping.value, owners.value));

/** Whether nodes have VXLAN interfaces: asked of the first node, since all are set up alike. */
function useVxlan(): Signal<boolean> {
  const vxlan = useSignal(true);
  const first = useComputed(() => `${epoch.value} ${cluster.value.nodes.values().next().value?.name ?? ''}`);
  useEffect(
    () =>
      effect(() => {
        const name = first.value.split(' ')[1];
        if (!name) return;
        sim.rules(name, 'interfaces').then(
          shown => {
            vxlan.value = shown.includes('flannel.1');
          },
          // A node that is gone since was asked: the next one will be.
          () => undefined,
        );
      }),
    [],
  );
  return vxlan;
}

/** The canvas, kept in step with the cluster and with what is chosen. */
function useScreen(hovered: Signal<Pointed | null>, focused: Signal<Id | null>) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const screen = useSignal<Screen | null>(null);
  const vxlan = useVxlan();
  useEffect(() => {
    if (!canvas.current) return;
    const made = new Screen(canvas.current);
    screen.value = made;
    const endings = [
      listen(canvas.current, made, {
        hover: (thing, x, y) => {
          if (thing || hovered.peek()) hovered.value = thing && { thing, x, y };
        },
        click: choose,
        enter: thing => (thing ? made.focusOn(thing.id) : made.showAll()),
      }),
      effect(() => {
        const chosen = namespace.value;
        const { of } = grouped.value;
        const groupColor = (pod: PodFrame) => {
          const at = of.get(pod.id);
          return at === undefined ? null : (made.groupColors[at % made.groupColors.length] ?? null);
        };
        made.dress({
          words: words(),
          tint: grouping.value === 'state' ? () => null : groupColor,
          dimmed: pod => chosen !== '' && pod.namespace !== chosen,
          order: grouping.value === 'state' ? undefined : byGroup(of),
          hovered: hovered.value?.thing.id ?? null,
          selected: selectedId.value,
          focused: focused.value,
          reducedMotion: reducedMotion.value,
          vxlan: vxlan.value,
        });
      }),
      showing(made),
      effect(() => {
        void shade.value;
        // The theme's own effect sets the page's attribute in this same turn.
        queueMicrotask(() => made.repaint());
      }),
      () => made.close(),
    ];
    return () => {
      for (const end of endings) end();
    };
  }, []);
  return { canvas, screen };
}

function showing(screen: Screen): () => void {
  let shownEpoch = -1;
  return effect(() => {
    const jump = shownEpoch !== epoch.value;
    shownEpoch = epoch.value;
    screen.show(cluster.value, cluster.value.at / 1e9, jump);
  });
}

function choose(thing: Thing | null): void {
  const object = thing && refOf(cluster.peek(), thing);
  select(object ? { kind: 'object', object } : null);
}

/** How often the tree for keyboard and screen readers follows the cluster, in milliseconds: reading takes longer than a frame. */
const TREE_PACE = 500;

interface Known {
  readonly stage: Stage;
  readonly scene: Scene;
}

function useKnown(screen: Signal<Screen | null>): Signal<Known | null> {
  const known = useSignal<Known | null>(null);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = () => {
      timer = undefined;
      const scene = screen.peek()?.sceneNow;
      known.value = scene ? { stage: cluster.peek(), scene } : null;
    };
    const end = effect(() => {
      void cluster.value;
      void screen.value?.hasScene.value;
      timer ??= setTimeout(look, known.peek() ? TREE_PACE : 0);
    });
    return () => {
      end();
      clearTimeout(timer);
    };
  }, []);
  return known;
}

export function TopologyView() {
  const hovered = useSignal<Pointed | null>(null);
  const current = useSignal<Id | null>(null);
  const reading = useSignal(false);
  const focused = useComputed(() => (reading.value ? current.value : null));
  const { canvas, screen } = useScreen(hovered, focused);
  return (
    <section class="topology" aria-label={text().name}>
      <div class="topology-stage">
        <canvas class="topology-canvas" ref={canvas} />
        <Reading screen={screen} current={current} reading={reading} />
        {reading.value && <p class="topology-keys">{text().keys}</p>}
        <Pointing hovered={hovered} canvas={canvas} />
        <Invitation />
        <div class="topology-zoom">
          <Button variant="quiet" icon="plus" label={text().zoomIn} onClick={() => screen.value?.zoom(1.5)} />
          <Button variant="quiet" icon="minus" label={text().zoomOut} onClick={() => screen.value?.zoom(1 / 1.5)} />
          <Button variant="quiet" icon="fit" label={text().showAll} onClick={() => screen.value?.showAll()} />
        </div>
      </div>
      <Bar />
    </section>
  );
}

function Pointing({
  hovered,
  canvas,
}: {
  hovered: Signal<Pointed | null>;
  canvas: { current: HTMLCanvasElement | null };
}) {
  const at = hovered.value;
  const element = canvas.current;
  if (!at || !element) return null;
  return <Tip stage={cluster.value} {...at} size={{ w: element.clientWidth, h: element.clientHeight }} />;
}

/** The tree, and what keys do to the picture while it has the focus. */
function Reading({
  screen,
  current,
  reading,
}: {
  screen: Signal<Screen | null>;
  current: Signal<Id | null>;
  reading: Signal<boolean>;
}) {
  const open = useSignal<ReadonlySet<Id>>(new Set());
  const known = useKnown(screen).value;
  if (!known || known.scene.nodes.length === 0) return null;
  const onKey = (event: KeyboardEvent): boolean => {
    const on = screen.peek();
    const step = 60;
    const keys: Record<string, () => void> = {
      '+': () => on?.zoom(1.4),
      '=': () => on?.zoom(1.4),
      '-': () => on?.zoom(1 / 1.4),
      '0': () => on?.showAll(),
    };
    const pans: Record<string, [number, number]> = {
      ArrowLeft: [step, 0],
      ArrowRight: [-step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
    };
    const pan = event.shiftKey ? pans[event.key] : undefined;
    if (pan) on?.pan(...pan, false);
    const act = keys[event.key];
    act?.();
    return Boolean(pan || act);
  };
  const toggle = (id: Id) => {
    const next = new Set(open.value);
    if (!next.delete(id)) next.add(id);
    open.value = next;
  };
  return (
    <Outline
      stage={known.stage}
      list={items(known.scene, open.value)}
      current={current.value}
      selected={selectedId.value}
      go={id => {
        current.value = id;
        screen.peek()?.reveal(id, reveal);
      }}
      toggle={toggle}
      choose={choose}
      onKey={onKey}
      onFocus={has => {
        reading.value = has;
      }}
    />
  );
}

/** What to try in a cluster in which nothing runs. */
function Invitation() {
  const { totals, nodes, owners: all } = cluster.value;
  if (totals.pods > 0 || all.size > 0 || nodes.size === 0) return null;
  return (
    <div class="topology-invite">
      <p>{text().inviteTitle}</p>
      <div class="commands">
        <Command line="kubectl create deployment web --image=nginx --replicas=3" />
        <Command line="kubectl run hello --image=nginx" />
      </div>
    </div>
  );
}

function Bar() {
  const t = text();
  const { crowd, totals } = cluster.value;
  const groups: readonly Group[] = grouped.value.groups;
  return (
    <div class="topology-bar">
      <Legend groups={groups} />
      {crowd && <span class="topology-choice">{t.crowd(count(totals.pods), count(totals.nodes))}</span>}
      {!crowd && totals.namespaces.length > 1 && (
        <label class="topology-choice">
          {t.namespace}
          <select
            value={namespace.value}
            onChange={event => {
              namespace.value = event.currentTarget.value;
            }}
          >
            <option value="">{t.allNamespaces}</option>
            {totals.namespaces.map(name => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      {!crowd && (
        <label class="topology-choice">
          {t.colourBy}
          <select
            value={grouping.value}
            onChange={event => {
              grouping.value = event.currentTarget.value as Grouping;
            }}
          >
            {(['state', 'owner', 'revision'] as const).map(by => (
              <option key={by} value={by}>
                {t.groupings[by]}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}
