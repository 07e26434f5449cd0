/**
 * Where everything is: a pure function of the cluster, the viewport and the pods' places. From above: Ingresses, Services, the tray of pods
 * that wait for a node, the nodes in rows with the network between them below each row.
 */
import type { IngressFrame, NodeFrame, PodFrame, ServiceFrame } from '../../sim/frames';
import type { Id } from '../../sim/module';
import type { Cluster } from '../../state/run';
import type { Box, Size } from './geometry';
import { placesNeeded, type Slots } from './slots';

/** What is drawn of a cluster. */
export type Stage = Pick<Cluster, 'nodes' | 'pods' | 'services' | 'ingresses' | 'owners' | 'crowd' | 'totals'>;

/** A pod's size in units of the world. Texts in it are laid out for this size, and seen when it is large enough on the screen. */
export const POD = { w: 132, h: 92, gap: 14 } as const;

/** A node and what belongs to it. */
export interface NodeBox extends Box {
  readonly node: NodeFrame;
  /** How large its texts are, compared with a node of three pods in a row: a wider panel has a larger head. */
  readonly scale: number;
  /** Name, address, resources. */
  readonly head: Box;
  /** Its pods. */
  readonly yard: Box;
  /** cni0, flannel.1 and eth0. */
  readonly foot: Box;
  /** How many pods stand in a row. */
  readonly columns: number;
}

/** Where a pod belongs. */
export interface PodPlace {
  readonly pod: PodFrame;
  /** The middle. */
  readonly x: number;
  readonly y: number;
  /** Its size, compared with POD. */
  readonly size: number;
  /** Whether it waits in the tray. */
  readonly waits: boolean;
}

/** A Service. */
export interface ServiceBox extends Box {
  readonly service: ServiceFrame;
  readonly scale: number;
}

/** An Ingress. */
export interface IngressBox extends Box {
  readonly ingress: IngressFrame;
  readonly scale: number;
}

/** The tray of pods without a node. */
export interface TrayBox extends Box {
  readonly scale: number;
  readonly count: number;
}

/** The line between the nodes of a row. */
export interface Underlay {
  readonly x1: number;
  readonly x2: number;
  readonly y: number;
}

/** Where everything is. */
export interface Scene {
  /** All of it. */
  readonly box: Box;
  readonly nodes: readonly NodeBox[];
  readonly byNode: ReadonlyMap<string, NodeBox>;
  readonly pods: ReadonlyMap<Id, PodPlace>;
  readonly services: readonly ServiceBox[];
  readonly ingresses: readonly IngressBox[];
  readonly tray: TrayBox;
  /** One line a row of nodes, the uppermost first. */
  readonly underlay: readonly Underlay[];
  /** How large texts outside of nodes are, so that they look the same however large the world is. */
  readonly scale: number;
}

/** How many pods nodes have room for before all of them grow. In steps: else each new pod would move the whole picture. */
const CAPACITIES = [4, 6, 9, 12, 16, 20, 30, 42, 56, 72, 90, 110, 132, 156, 182, 210, 256] as const;

/** The step that has room for so many pods. */
export function capacityFor(pods: number): number {
  return CAPACITIES.find(capacity => capacity >= pods) ?? Math.ceil(pods / 64) * 64;
}

const HEAD = 68;
/** How far the line to the API server stands out of a panel. */
const TETHER = 20;
const FOOT = 58;
const PAD = 16;
const GAP = 40;
/** Below a row of nodes: room for the line that joins them. */
const ROW_GAP = 54;
/** A head is made for a panel of this width. */
const PANEL = 3 * POD.w + 2 * POD.gap + 2 * PAD;
const SERVICE = { w: 190, h: 48, gap: 10 } as const;
/** Between Services, the tray and the nodes. */
const STOREY = 22;
const TRAY = 60;
const MARGIN = 24;
/** The width on the screen at which a panel's head can be read well. */
const WORDS = 300;

/** The width of a viewport under which it is scrolled through from top to bottom, instead of shown whole. */
export const NARROW = 600;

interface Shape {
  /** Nodes in a row. */
  across: number;
  /** Pods in a row. */
  columns: number;
}

interface Measure {
  panel: Size & { scale: number };
  grid: Size;
}

/** How large it all gets in a shape. A crowd's nodes have a tile for their counts instead of pods. */
function measure(shape: Shape, nodes: number, capacity: number, crowd: boolean): Measure {
  const rows = Math.ceil(capacity / shape.columns);
  const inner = crowd ? PANEL - 2 * PAD : shape.columns * (POD.w + POD.gap) - POD.gap;
  const w = inner + 2 * PAD;
  const scale = Math.max(0.8, w / PANEL);
  const yard = crowd ? 96 : rows * (POD.h + POD.gap) - POD.gap;
  const h = HEAD * scale + yard + 2 * PAD * scale + FOOT * scale;
  const lines = Math.max(1, Math.ceil(nodes / shape.across));
  const gap = GAP * scale;
  const grid = { w: shape.across * (w + gap) - gap, h: lines * (h + ROW_GAP * scale) };
  return { panel: { w, h, scale }, grid };
}

/** How large texts outside of nodes are: so that they look the same when the whole world is seen, however wide it is. */
function textScale(width: number, viewport: Size): number {
  return Math.max(0.75, width / Math.min(1180, Math.max(400, viewport.w - 2 * MARGIN)));
}

function rowsAbove(count: number, item: { w: number; gap: number }, width: number, scale: number): number {
  const perRow = Math.max(1, Math.floor((width + item.gap * scale) / ((item.w + item.gap) * scale)));
  return Math.ceil(count / perRow);
}

/** Whether a few Services stand beside the tray instead of above it, and how much of the width they take then. */
function besideTray(stage: Stage, width: number, scale: number): number {
  const wanted = stage.services.size * (SERVICE.w + SERVICE.gap) * scale;
  return stage.ingresses.size === 0 && wanted <= width * 0.55 ? wanted : 0;
}

function heightAbove(stage: Stage, width: number, scale: number): number {
  if (besideTray(stage, width, scale) > 0) return (TRAY + STOREY) * scale;
  const rows =
    rowsAbove(stage.ingresses.size, SERVICE, width, scale) + rowsAbove(stage.services.size, SERVICE, width, scale);
  return (rows * (SERVICE.h + SERVICE.gap) + TRAY + 2 * STOREY) * scale;
}

/** The shape in which the whole is seen largest; in a narrow viewport, one node a row and pods wide enough to be read. */
function bestShape(stage: Stage, viewport: Size, capacity: number): Shape {
  const nodes = Math.max(1, stage.nodes.size);
  if (viewport.w < NARROW) {
    const readable = Math.max(2, Math.floor(viewport.w / 100));
    return {
      across: stage.crowd ? Math.ceil(Math.sqrt(nodes / 2)) : 1,
      columns: Math.min(readable, Math.max(2, capacity)),
    };
  }
  let best: Shape = { across: 1, columns: 2 };
  let bestWorth = 0;
  const widest = stage.crowd ? 1 : Math.min(capacity, Math.max(2, Math.ceil(Math.sqrt(capacity) * 2)));
  for (let columns = stage.crowd ? 1 : 2; columns <= widest; columns += 1) {
    for (let across = 1; across <= nodes; across += Math.max(1, Math.floor(across / 8))) {
      const { panel, grid } = measure({ across, columns }, nodes, capacity, stage.crowd);
      const scale = textScale(grid.w, viewport);
      const height = grid.h + heightAbove(stage, grid.w, scale);
      const zoom = Math.min(viewport.w / (grid.w + 2 * MARGIN), viewport.h / (height + 2 * MARGIN));
      // Panels too narrow for their own words are worth less, however large their pods are.
      const worth = zoom * Math.min(1, (panel.w * zoom) / (stage.crowd ? 1 : WORDS)) ** 0.7;
      if (worth > bestWorth) {
        bestWorth = worth;
        best = { across, columns };
      }
    }
  }
  return best;
}

/** Nodes by name, numbers in names as numbers: node-2 stands before node-10. */
export function byName(a: { name: string }, b: { name: string }): number {
  return COLLATOR.compare(a.name, b.name);
}
const COLLATOR = new Intl.Collator('en', { numeric: true });

/**
 * Works out where everything is. `capacity` is how many pods a node has room for at least: the caller keeps the largest that was needed, so
 * that the picture doesn't shrink and grow while pods come and go.
 */
export function layout(stage: Stage, slots: Slots, viewport: Size, capacityLeast = 0): Scene & { capacity: number } {
  let needed = capacityLeast;
  for (const [node, on] of slots) if (node !== '') needed = Math.max(needed, placesNeeded(on));
  const capacity = capacityFor(needed);
  const shape = bestShape(stage, viewport, capacity);
  const { panel, grid } = measure(shape, stage.nodes.size, capacity, stage.crowd);
  const width = grid.w;
  const scale = textScale(width, viewport);
  let y = 0;
  const ingresses: IngressBox[] = [];
  const services: ServiceBox[] = [];
  const asService = (service: ServiceFrame, box: Box) => services.push({ ...box, service, scale });
  const beside = besideTray(stage, width, scale);
  if (beside > 0) {
    const shift = { x: width - beside + SERVICE.gap * scale, y: ((TRAY - SERVICE.h) / 2) * scale };
    chips([...stage.services.values()].sort(byNamespace), beside, scale, 0, (service, box) =>
      asService(service, { ...box, x: box.x + shift.x - (SERVICE.gap / 2) * scale, y: box.y + shift.y }),
    );
  } else {
    const doors = [...stage.ingresses.values()].sort(byNamespace);
    y = chips(doors, width, scale, y, (ingress, box) => ingresses.push({ ...box, ingress, scale }));
    y = chips([...stage.services.values()].sort(byNamespace), width, scale, y, asService);
    if (y > 0) y += (STOREY - SERVICE.gap) * scale;
  }
  const pods = new Map<Id, PodPlace>();
  const names = new Set(Array.from(stage.nodes.values(), node => node.name));
  // A pod whose node was deleted has no place of its own any more: it waits for the garbage collector here.
  const waiting = stage.crowd ? [] : [...stage.pods.values()].filter(pod => !names.has(pod.node));
  const tray: TrayBox = {
    x: 0,
    y,
    w: width - beside,
    h: TRAY * scale,
    scale,
    count: stage.crowd ? stage.totals.counts.pending : waiting.length,
  };
  seat(waiting, slots.get(''), tray, pods);
  // The first row's lines to the API server need room.
  y += tray.h + STOREY * scale + TETHER * panel.scale;
  const { nodes, underlay, bottom } = rank(stage, shape, panel, y);
  const byNode = new Map(nodes.map(box => [box.node.name, box]));
  if (!stage.crowd) place(stage, slots, byNode, pods);
  const box = { x: -MARGIN * scale, y: -MARGIN * scale, w: width + 2 * MARGIN * scale, h: bottom + 2 * MARGIN * scale };
  return { box, nodes, byNode, pods, services, ingresses, tray, underlay, scale, capacity };
}

function byNamespace(a: { namespace: string; name: string }, b: { namespace: string; name: string }): number {
  return COLLATOR.compare(a.namespace, b.namespace) || byName(a, b);
}

/** Puts chips into rows, and says where the next row begins. */
function chips<T>(
  items: readonly T[],
  width: number,
  scale: number,
  top: number,
  put: (item: T, box: Box) => void,
): number {
  const stepX = (SERVICE.w + SERVICE.gap) * scale;
  const perRow = Math.max(1, Math.floor((width + SERVICE.gap * scale) / stepX));
  items.forEach((item, at) => {
    const row = Math.floor(at / perRow);
    const inRow = Math.min(perRow, items.length - row * perRow);
    // Each row in the middle: what is asked stands above those who answer.
    const left = (width - (inRow * stepX - SERVICE.gap * scale)) / 2;
    const x = left + (at % perRow) * stepX;
    put(item, { x, y: top + row * (SERVICE.h + SERVICE.gap) * scale, w: SERVICE.w * scale, h: SERVICE.h * scale });
  });
  return top + Math.ceil(items.length / perRow) * (SERVICE.h + SERVICE.gap) * scale;
}

/** Seats waiting pods in the tray, as large as lets all of them in. The tray itself never grows: else the nodes would move with each pod. */
function seat(
  waiting: readonly PodFrame[],
  slots: ReadonlyMap<Id, number> | undefined,
  tray: TrayBox,
  into: Map<Id, PodPlace>,
): void {
  if (waiting.length === 0) return;
  const label = 150 * tray.scale;
  const pad = 10 * tray.scale;
  const room = { x: tray.x + label, y: tray.y + pad, w: tray.w - label - pad, h: tray.h - 2 * pad };
  const order = [...waiting].sort((a, b) => (slots?.get(a.id) ?? 0) - (slots?.get(b.id) ?? 0));
  let rows = 1;
  let size = 0;
  let perRow = 1;
  for (; rows < 200; rows += 1) {
    size = room.h / (rows * (POD.h + POD.gap));
    perRow = Math.floor(room.w / ((POD.w + POD.gap) * size));
    if (rows * perRow >= order.length) break;
  }
  order.forEach((pod, at) => {
    const x = room.x + ((at % perRow) + 0.5) * (POD.w + POD.gap) * size;
    const y = room.y + (Math.floor(at / perRow) + 0.5) * (POD.h + POD.gap) * size;
    into.set(pod.id, { pod, x, y, size: Math.min(1, size), waits: true });
  });
}

let ranks: ReadonlyMap<string, number> = new Map();

/** The nodes by name. Comparing names is slow, and in a crowd nodes change all the time while their names don't: the order is remembered. */
function inOrder(stage: Stage): NodeFrame[] {
  const nodes = [...stage.nodes.values()];
  if (ranks.size !== nodes.length || nodes.some(node => !ranks.has(node.name))) {
    ranks = new Map([...nodes].sort(byName).map((node, rank) => [node.name, rank]));
  }
  return nodes.sort((a, b) => (ranks.get(a.name) ?? 0) - (ranks.get(b.name) ?? 0));
}

/** Puts nodes into rows. */
function rank(stage: Stage, shape: Shape, panel: Measure['panel'], top: number) {
  const { w, h, scale } = panel;
  const sorted = inOrder(stage);
  const nodes = sorted.map((node, at): NodeBox => {
    const x = (at % shape.across) * (w + GAP * scale);
    const y = top + Math.floor(at / shape.across) * (h + ROW_GAP * scale);
    const head = { x: x + PAD, y: y + PAD * 0.75 * scale, w: w - 2 * PAD, h: HEAD * scale };
    const foot = { x: x + PAD, y: y + h - FOOT * scale, w: w - 2 * PAD, h: FOOT * scale - PAD * 0.5 * scale };
    const yardTop = head.y + head.h + PAD * 0.5 * scale;
    const yard = { x: x + PAD, y: yardTop, w: w - 2 * PAD, h: foot.y - yardTop };
    return { x, y, w, h, node, scale, head, yard, foot, columns: shape.columns };
  });
  const underlay: Underlay[] = [];
  for (let at = 0; at < nodes.length; at += shape.across) {
    const first = nodes[at];
    const last = nodes[Math.min(at + shape.across, nodes.length) - 1];
    if (!first || !last) break;
    underlay.push({ x1: first.x + first.w / 2, x2: last.x + last.w / 2, y: first.y + h + ROW_GAP * 0.5 * scale });
  }
  const end = underlay.at(-1);
  return { nodes, underlay, bottom: end ? end.y + ROW_GAP * 0.25 * scale : top };
}

/** Puts pods onto their nodes. */
function place(stage: Stage, slots: Slots, byNode: ReadonlyMap<string, NodeBox>, into: Map<Id, PodPlace>): void {
  for (const pod of stage.pods.values()) {
    const box = byNode.get(pod.node);
    if (!box) continue;
    const slot = slots.get(pod.node)?.get(pod.id) ?? 0;
    const x = box.yard.x + (slot % box.columns) * (POD.w + POD.gap) + POD.w / 2;
    const y = box.yard.y + Math.floor(slot / box.columns) * (POD.h + POD.gap) + POD.h / 2;
    into.set(pod.id, { pod, x, y, size: 1, waits: false });
  }
}
