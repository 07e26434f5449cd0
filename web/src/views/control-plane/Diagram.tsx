/** The picture: who is there, and what travels between them. */
import type { Message, NodeFrame } from '../../sim/frames';
import { partyName } from '../../words/objects';
import { ease } from './flight';
import {
  fitting,
  keyOf,
  type Layout,
  OTHERS,
  type Place,
  type Point,
  placeOf,
  pointAt,
  shortName,
  wayOf,
} from './layout';
import type { Load } from './rates';
import { Shape } from './Shape';
import { text } from './text';
import { type Label, labelsOf, type Token, tokensAt, withRoom } from './tokens';

/** The classes of what a message is under way to or from. */
function saidTo(message: Message | undefined): string {
  return message ? `said kind-${message.kind}` : '';
}

export interface DiagramProps {
  layout: Layout;
  messages: readonly Message[];
  /** The moment that is shown. */
  shown: number;
  /** Whether single messages are drawn: else loads are. */
  single: boolean;
  loads: ReadonlyMap<string, Load>;
  nodes: ReadonlyMap<string, NodeFrame>;
  /** Whether anything may move. */
  calm: boolean;
  pick: (message: Message) => void;
  point: (key: string) => void;
}

export function Diagram(props: DiagramProps) {
  const { layout, messages, shown, single, loads, nodes } = props;
  const say = text();
  const tokens = single ? tokensAt(messages, shown) : [];
  const moving = placed(tokens, layout, props.calm);
  const labels = labelled(moving, layout);
  const busy = new Map<string, Message>();
  for (const { message } of tokens) {
    const end = message.from.role === 'apiServer' ? message.to : message.from;
    busy.set(keyOf(end), message);
    busy.set(keyOf(message.to), message);
  }
  const loudest = Math.max(1, ...[...loads.values()].map(load => load.sent + load.got));
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is no picture; everything in it stands in the log as well
    <svg
      class={`plane-diagram ${layout.narrow ? 'narrow' : ''}`}
      width={layout.width}
      height={layout.height}
      viewBox={`0 0 ${layout.width} ${layout.height}`}
      role="group"
      aria-label={say.diagram}
    >
      {layout.frames.map(frame => (
        <g
          key={`${frame.key} ${frame.name}`}
          class={`plane-frame ${frame.key} ${frame.key === 'controllers' ? saidTo(busy.get('controller:')) : ''}`}
        >
          <rect
            x={frame.box.x}
            y={frame.box.y}
            width={frame.box.w}
            height={frame.box.h}
            rx={frame.key === 'control-plane' ? 14 : 9}
          />
          {frame.key === 'control-plane' && (
            <text x={frame.box.x + 14} y={frame.box.y + 20} class="plane-caption">
              {say.controlPlane}
            </text>
          )}
          {frame.key === 'node' && (
            <NodeCaption box={frame.box} name={frame.name} node={nodes.get(frame.name)} more={nodes.size} />
          )}
        </g>
      ))}
      {[...layout.links].map(([key, way]) => {
        const load = single ? undefined : loads.get(key);
        const message = busy.get(key);
        const width = load ? 1.5 + (4 * (load.sent + load.got)) / loudest : 1.5;
        return (
          <polyline
            key={key}
            class={`plane-link ${saidTo(message)} ${load ? 'loaded' : ''}`}
            points={way.map(point => `${point.x},${point.y}`).join(' ')}
            stroke-width={width}
          />
        );
      })}
      {layout.places.map(place => (
        <PlaceBox
          key={place.key}
          place={place}
          node={nodes.get(place.party.name)}
          busy={busy.get(place.key)}
          {...props}
        />
      ))}
      {!single &&
        [...layout.links].map(([key, way]) => {
          const load = loads.get(key);
          const middle = pointAt(way, 0.5);
          return (
            load && (
              <g key={key} class="plane-rate">
                <text x={middle.x} y={middle.y + 4} text-anchor="middle">
                  {say.rate(load.sent + load.got)}
                </text>
              </g>
            )
          );
        })}
      {moving.map(at => (
        <Moving key={at.token.key} at={at} label={labels.get(at.token.key)} pick={props.pick} />
      ))}
      <Thoughts tokens={tokens} layout={layout} pick={props.pick} />
    </svg>
  );
}

function NodeCaption({
  box,
  name,
  node,
  more,
}: {
  box: Place['box'];
  name: string;
  node: NodeFrame | undefined;
  more: number;
}) {
  const say = text();
  const down = node && (!node.powered || !node.kubelet || !node.connected);
  const words = name === OTHERS ? say.otherNodes(more - 5) : name;
  return (
    <>
      <text x={box.x + 12} y={box.y + 20} class={`plane-node-name ${down ? 'down' : ''}`}>
        {words}
      </text>
      {node && (
        <text
          x={box.x + box.w - 12}
          y={box.y + 20}
          text-anchor="end"
          class={`plane-node-state ${node.ready ? '' : 'down'}`}
        >
          {node.ready ? 'Ready' : 'NotReady'}
        </text>
      )}
    </>
  );
}

interface PlaceProps extends DiagramProps {
  place: Place;
  node: NodeFrame | undefined;
  busy: Message | undefined;
}

/** What a box says: its name, and below what it is for. */
function captions(place: Place, narrow: boolean): [string, string] {
  const say = text();
  switch (place.party.role) {
    case 'user':
      return ['kubectl', say.user];
    case 'apiServer':
      return [narrow ? 'API' : 'kube-apiserver', narrow ? '' : say.hub];
    case 'etcd':
      return ['etcd', say.etcd];
    case 'scheduler':
      return ['kube-scheduler', say.scheduler];
    case 'controller':
      return place.party.name ? [shortName(place.party.name), ''] : [say.controllerManager, ''];
    case 'kubelet':
      return [say.kubelet, ''];
    case 'proxy':
      return [say.proxy, ''];
  }
}

function isDown(place: Place, node: NodeFrame | undefined): boolean {
  if (!node) return false;
  if (place.party.role === 'kubelet') return !node.powered || !node.kubelet;
  return place.party.role === 'proxy' && (!node.powered || !node.proxy);
}

function PlaceBox({ place, node, busy, layout, point }: PlaceProps) {
  const { box, party } = place;
  const [name, hint] = captions(place, layout.narrow);
  const down = isDown(place, node);
  const middle = box.y + box.h / 2;
  const two = hint && box.h >= 44;
  const left = party.role === 'controller' && !party.name;
  const x = left ? box.x + 10 : box.x + box.w / 2;
  const anchor = left ? 'start' : 'middle';
  const shownName = fitting(name, box.w - 12);
  const shownHint = two ? fitting(hint, box.w - 8) : '';
  // What is read out begins with what is seen: people who speak to their browser say that.
  const shown = [shownName, shownHint].filter(Boolean).join(' ');
  return (
    // biome-ignore lint/a11y/useSemanticElements: there are no buttons in SVG
    <g
      class={`plane-place ${party.role} ${party.name ? 'named' : ''} ${saidTo(busy)} ${down ? 'down' : ''}`}
      role="button"
      tabIndex={0}
      aria-label={`${shown}, ${partyName(party)}`}
      onClick={() => point(place.key)}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          point(place.key);
        }
      }}
    >
      <title>{partyName(party)}</title>
      <rect x={box.x} y={box.y} width={box.w} height={box.h} rx={party.role === 'controller' ? 6 : 8} />
      <text x={x} y={two ? middle - 3 : middle + 4} text-anchor={anchor} class="plane-name">
        {shownName}
      </text>{' '}
      {two && (
        <text x={x} y={middle + 14} text-anchor={anchor} class="plane-hint">
          {shownHint}
        </text>
      )}
      {down && <path class="plane-cross" d={`M${box.x + 6} ${box.y + 6}L${box.x + box.w - 6} ${box.y + box.h - 6}`} />}
    </g>
  );
}

/** Nearer to the right edge than this, labels stand on the left. */
const LABEL_ROOM = 130;

/** A token where it is. */
interface Placed {
  token: Token;
  point: Point;
  /** Whether it goes from one part to another: else it is at the corner of its own. */
  travels: boolean;
}

function placed(tokens: readonly Token[], layout: Layout, calm: boolean): Placed[] {
  return tokens.flatMap((token): Placed[] => {
    const { message, part } = token;
    const way = wayOf(layout, message.from, message.to);
    if (way) {
      return [{ token, point: pointAt(way, calm ? 0.5 : ease(part)), travels: true }];
    }
    const box = message.text ? placeOf(layout, message.from)?.box : undefined;
    return box ? [{ token, point: { x: box.x + box.w - 4, y: box.y + 3 }, travels: false }] : [];
  });
}

/** What stands beside tokens: nothing among the controllers' names, nothing over another, and in a narrow picture nothing at all. */
function labelled(moving: readonly Placed[], layout: Layout): Map<string, Label> {
  if (layout.narrow) {
    return new Map();
  }
  const names = layout.frames.find(({ key }) => key === 'controllers')?.box;
  const among = ({ x, y }: Point) =>
    names !== undefined && x < names.x + names.w && y > names.y && y < names.y + names.h;
  const words = labelsOf(moving.filter(({ travels }) => travels).map(({ token }) => token));
  const labels = moving.flatMap(({ token, point }): Label[] => {
    const label = words.get(token.key);
    return label && !among(point)
      ? [{ key: token.key, words: label, ...point, left: point.x > layout.width - LABEL_ROOM }]
      : [];
  });
  const kept = withRoom(labels);
  return new Map(labels.filter(({ key }) => kept.has(key)).map(label => [label.key, label]));
}

function Moving({ at, label, pick }: { at: Placed; label: Label | undefined; pick: DiagramProps['pick'] }) {
  const { message } = at.token;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the same message can be reached by keyboard in the log
    <g
      class={`plane-token kind-${message.kind} ${message.ok ? '' : 'refused'}`}
      transform={`translate(${at.point.x} ${at.point.y})`}
      onClick={() => pick(message)}
    >
      <Shape kind={message.kind} ok={message.ok} />
      {label && (
        <text x={label.left ? -14 : 14} y={4} text-anchor={label.left ? 'end' : 'start'} class="plane-token-label">
          {label.words}
        </text>
      )}
    </g>
  );
}

/** Decisions that are told at the same time at most. */
const THOUGHTS_MAX = 2;

/** What controllers decide just now, in the head of the picture: beside their boxes there is no room for sentences. */
function Thoughts({ tokens, layout, pick }: Pick<DiagramProps, 'layout' | 'pick'> & { tokens: readonly Token[] }) {
  const frame = layout.frames.find(({ key }) => key === 'control-plane');
  if (!frame) {
    return null;
  }
  const { x, y, w } = frame.box;
  const latest = tokens.filter(({ message }) => message.kind === 'work' && message.text).slice(0, THOUGHTS_MAX);
  return (
    <>
      {latest.map(({ key, message }, number) => (
        // biome-ignore lint/a11y/noStaticElementInteractions: the same message can be reached by keyboard in the log
        <text
          key={key}
          class="plane-thought"
          x={x + w - 14}
          y={y + 20 + number * 16}
          text-anchor="end"
          onClick={() => pick(message)}
        >
          {fitting(`${partyName(message.from)}: ${message.text}`, w - 120)}
        </text>
      ))}
    </>
  );
}
