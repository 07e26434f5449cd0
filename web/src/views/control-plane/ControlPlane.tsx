/** The view `control-plane`: what happens when somebody creates a Deployment, message by message. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { MessageKind, NodeFrame } from '../../sim/frames';
import { playing, speed } from '../../state/clock';
import { cluster, messages } from '../../state/run';
import { select } from '../../state/selection';
import { reducedMotion } from '../../state/settings';
import { useThrottled } from '../../state/throttle';
import { Button } from '../../ui/Button';
import { Command } from '../../ui/Command';
import { Empty } from '../../ui/Empty';
import { Tabs } from '../../ui/Tabs';
import { Diagram } from './Diagram';
import { flight, SLOW } from './flight';
import { Log } from './Log';
import { layout, OTHERS, shortName } from './layout';
import { again, nextMessage, type Picture, toggleSlowMotion, usePicture } from './picture';
import { loads } from './rates';
import { KindSign } from './Shape';
import { Story } from './Story';
import { text } from './text';
import './ControlPlane.css';

/** How often the lists beside the picture look for what is new. */
const LISTS_MS = 180;

const kinds: readonly MessageKind[] = ['input', 'request', 'commit', 'watch', 'answer', 'work'];

/** The controllers that have spoken, in the order of a Deployment's way, then by name. */
const USUAL = ['deployment-controller', 'replicaset-controller', 'endpointslice-controller'];

function controllersIn(known: ReadonlySet<string>): string[] {
  const place = (name: string) => (USUAL.includes(name) ? USUAL.indexOf(name) : USUAL.length);
  return [...known].sort((one, other) => place(one) - place(other) || one.localeCompare(other));
}

function useWidth() {
  const ref = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    if (ref.current) {
      observer.observe(ref.current);
    }
    return () => observer.disconnect();
  }, []);
  return { ref, width };
}

export function ControlPlaneView() {
  const picture = usePicture();
  const [tab, setTab] = useState<'story' | 'log'>('story');
  const [query, setQuery] = useState('');
  const said = useThrottled(messages, LISTS_MS);
  const shown = useThrottled(picture.shown, LISTS_MS);
  const single = speed.value <= SLOW || !playing.value;
  // The lists tell what the picture has shown, and nothing that is still to come.
  const told = useMemo(
    () => (single ? said.filter(message => flight(message).from <= shown) : said),
    [said, shown, single],
  );
  const say = text();
  return (
    <div class="plane">
      <div class="plane-tools" role="toolbar" aria-label={say.title}>
        <Button icon="timeline" pressed={speed.value <= SLOW} title={say.slowMotionHint} onClick={toggleSlowMotion}>
          {say.slowMotion}
        </Button>
        <Button icon="restart" onClick={() => void again()} disabled={said.length === 0}>
          {say.replay}
        </Button>
        <Button icon="step-event" onClick={() => void nextMessage()}>
          {say.stepMessage}
        </Button>
        <ul class="plane-legend" aria-label={say.legend}>
          {kinds.map(kind => (
            <li key={kind}>
              <KindSign kind={kind} />
              {say.kinds[kind]}
            </li>
          ))}
        </ul>
      </div>
      <div class="plane-stage">
        <Stage
          picture={picture}
          single={single}
          point={name => {
            setQuery(name);
            setTab('log');
          }}
        />
      </div>
      <aside class="plane-side">
        {said.length === 0 ? (
          <Empty icon="control-plane" title={say.emptyTitle}>
            <p>{say.emptyText}</p>
            <div class="commands">
              <Command line={say.tryDeployment} />
            </div>
          </Empty>
        ) : (
          <>
            <Tabs
              label={say.tabs}
              tabs={[
                { name: 'story', title: say.story, icon: 'story' },
                { name: 'log', title: say.log, icon: 'events' },
              ]}
              current={tab}
              choose={setTab}
            />
            {tab === 'story' ? <Story messages={told} /> : <Log messages={told} query={query} filter={setQuery} />}
          </>
        )}
      </aside>
    </div>
  );
}

/** The picture itself: the only part that is drawn anew with every frame. */
function Stage({ picture, single, point }: { picture: Picture; single: boolean; point: (query: string) => void }) {
  const { ref, width } = useWidth();
  const known = useSignal<ReadonlySet<string>>(new Set());
  const names = new Set(known.value);
  for (const { from, to } of messages.value) {
    for (const party of [from, to]) {
      if (party.role === 'controller' && party.name) names.add(party.name);
    }
  }
  useEffect(() => {
    if (names.size > known.peek().size) {
      known.value = names;
    }
  });
  const nodes = cluster.value.nodes;
  const byName = useMemo(() => new Map<string, NodeFrame>([...nodes.values()].map(node => [node.name, node])), [nodes]);
  const controllers = controllersIn(names);
  const nodeNames = [...byName.keys()].sort((one, other) => one.localeCompare(other, 'en', { numeric: true }));
  const place = [width, ...controllers, '|', ...nodeNames].join(' ');
  const shape = useMemo(() => layout(width, controllers, nodeNames), [place]);
  return (
    <div class="plane-canvas" ref={ref}>
      {width > 0 && (
        <Diagram
          layout={shape}
          messages={picture.drawn.value}
          shown={picture.shown.value}
          single={single}
          loads={single ? new Map() : loads(messages.value, cluster.value.at)}
          nodes={byName}
          calm={reducedMotion.value}
          pick={message => select({ kind: 'message', message })}
          point={key => {
            const name = key.slice(key.indexOf(':') + 1);
            point(name && name !== OTHERS ? shortName(name) : key.slice(0, key.indexOf(':')));
          }}
        />
      )}
    </div>
  );
}
