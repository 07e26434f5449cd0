/** Draws the timeline on a canvas: hundreds of lanes, sixty times a second. */
import type { Branch, History, Mark, MarkKind, NodeSpan, PodState } from '../../sim/frames';
import { podStates } from '../../ui/states';
import { moment } from '../../words/time';
import type { Bookmark } from './bookmarks';
import { GROUP_HEIGHT, type Row, stretches } from './rows';
import { type Range, ticks, toX } from './scale';

/** The heights of what stands above the lanes. */
export const RULER = 26;
export const MARKS = 24;
export const HEAD = RULER + MARKS;

/** The theme's colours, read once for each theme. */
export interface Ink {
  surface: string;
  ground: string;
  sunken: string;
  line: string;
  lineStrong: string;
  text: string;
  muted: string;
  faint: string;
  accent: string;
  accentSoft: string;
  good: string;
  bad: string;
  warn: string;
  onAccent: string;
  sans: string;
  mono: string;
  states: Readonly<Record<PodState, string>>;
}

export function readInk(element: Element): Ink {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(`--${name}`).trim();
  const states = Object.fromEntries(podStates.map(state => [state, of(`state-${state}`)])) as Record<PodState, string>;
  return {
    surface: of('surface'),
    ground: of('ground'),
    sunken: of('sunken'),
    line: of('line'),
    lineStrong: of('line-strong'),
    text: of('text'),
    muted: of('muted'),
    faint: of('faint'),
    accent: of('accent'),
    accentSoft: of('accent-soft'),
    good: of('good'),
    bad: of('bad'),
    warn: of('warn'),
    onAccent: of('on-accent'),
    sans: of('sans'),
    mono: of('mono'),
    states,
  };
}

/** A line at which another branch left, or this one began. */
export interface BranchLine {
  at: number;
  words: string;
}

/** Where branches part from the one that is looked at: it began somewhere, and others left it. */
export function branchLines(
  branches: readonly Branch[],
  current: number,
  words: { began: string; left: (name: string) => string },
): BranchLine[] {
  return branches.flatMap(branch => {
    if (branch.id === current) {
      return branch.parent === branch.id ? [] : [{ at: branch.since, words: words.began }];
    }
    return branch.parent === current ? [{ at: branch.since, words: words.left(branch.name) }] : [];
  });
}

export interface Scene {
  width: number;
  height: number;
  gutter: number;
  scroll: number;
  range: Range;
  rows: readonly Row[];
  history: History;
  now: number;
  ink: Ink;
  bookmarks: readonly Bookmark[];
  branchLines: readonly BranchLine[];
  selected: string;
  hover: { x: number; y: number } | null;
  labels: { nodes: string; orphans: string; pods: (count: number) => string };
}

/** Signs around the origin, about 12 pixels wide: a shape for each kind. */
const signs: Readonly<Record<MarkKind, string>> = {
  input: 'M-5 -5h10v10h-10z',
  fault: 'M1.500 -7L-5 1.500h4.500L-1.500 7L5 -1.500H0.500z',
  warning: 'M0 -6L6.500 5.500H-6.500z',
  rollout: 'M0 -5.500a5.500 5.500 0 1 1 0 11a5.500 5.500 0 1 1 0 -11z',
};

export function markColor(kind: MarkKind, ink: Pick<Ink, 'accent' | 'bad' | 'warn' | 'good'>): string {
  return { input: ink.accent, fault: ink.bad, warning: ink.warn, rollout: ink.good }[kind];
}

export function signOf(kind: MarkKind): string {
  return signs[kind];
}

type Context = CanvasRenderingContext2D;

export function draw(context: Context, scene: Scene): void {
  const { width, height, ink, gutter } = scene;
  const lanes = width - gutter;
  context.fillStyle = ink.surface;
  context.fillRect(0, 0, width, height);
  context.save();
  context.beginPath();
  context.rect(gutter, 0, lanes, height);
  context.clip();
  context.translate(gutter, 0);
  grid(context, scene, lanes);
  lanesOf(context, scene, lanes);
  unplayed(context, scene, lanes);
  head(context, scene, lanes);
  lines(context, scene, lanes);
  context.restore();
  labels(context, scene);
  playhead(context, scene, lanes);
}

function grid(context: Context, scene: Scene, lanes: number): void {
  const { ink, range, height } = scene;
  context.strokeStyle = ink.line;
  context.lineWidth = 1;
  context.beginPath();
  for (const tick of ticks(range, lanes)) {
    const x = Math.round(toX(range, lanes, tick.at)) + 0.5;
    context.moveTo(x, HEAD);
    context.lineTo(x, height);
  }
  context.stroke();
}

function lanesOf(context: Context, scene: Scene, lanes: number): void {
  context.save();
  context.beginPath();
  context.rect(0, HEAD, lanes, scene.height - HEAD);
  context.clip();
  for (const row of scene.rows) {
    const y = HEAD + row.top - scene.scroll;
    if (y + row.height < HEAD || y > scene.height) {
      continue;
    }
    switch (row.kind) {
      case 'group':
        context.fillStyle = scene.ink.ground;
        context.fillRect(0, y, lanes, row.height);
        break;
      case 'node':
        nodeLane(context, scene, lanes, row, y);
        break;
      case 'size':
        sizeLane(context, scene, lanes, row, y);
        break;
      case 'pod':
        podLane(context, scene, lanes, row, y);
        break;
    }
  }
  context.restore();
}

/** The pixels of a stretch, at least one wide, and only what is in sight; `null`: none of it is. */
function across(scene: Scene, lanes: number, from: number, to: number): { x: number; w: number } | null {
  const left = Math.max(-4, toX(scene.range, lanes, from));
  const right = Math.min(lanes + 4, toX(scene.range, lanes, to));
  return right < -3 || left > lanes + 3 ? null : { x: left, w: Math.max(1, right - left) };
}

function bar(context: Context, x: number, y: number, w: number, h: number): void {
  context.beginPath();
  context.roundRect(x, y, w, h, Math.min(3, w / 2, h / 2));
}

function words(context: Context, text: string, x: number, y: number, room: number): void {
  if (room < 26) {
    return;
  }
  context.save();
  context.beginPath();
  context.rect(x, y - 12, room, 24);
  context.clip();
  context.fillText(text, x, y);
  context.restore();
}

/** Diagonal lines over a span: it is on its way in or out. */
function hatch(context: Context, x: number, y: number, w: number, h: number, color: string, falling: boolean): void {
  context.save();
  context.beginPath();
  context.rect(x, y, w, h);
  context.clip();
  context.strokeStyle = color;
  context.lineWidth = 1.5;
  context.beginPath();
  const first = Math.floor((x - h) / 6) * 6;
  for (let at = first; at < x + w + h; at += 6) {
    context.moveTo(at, falling ? y : y + h);
    context.lineTo(at + h, falling ? y + h : y);
  }
  context.stroke();
  context.restore();
}

function podLane(context: Context, scene: Scene, lanes: number, row: Row & { kind: 'pod' }, top: number): void {
  const { ink } = scene;
  const thin = row.height < 12;
  const y = top + (thin ? 1 : 3);
  const h = row.height - (thin ? 2 : 6);
  const end = row.lane.gone ?? scene.history.horizon;
  if (row.lane.pod.id === scene.selected) {
    context.fillStyle = ink.accentSoft;
    context.fillRect(0, top, lanes, row.height);
  }
  for (const { span, from, to } of stretches(row.lane.spans, end)) {
    const place = across(scene, lanes, from, to);
    if (!place) {
      continue;
    }
    const color = ink.states[span.state];
    const onTheWay = span.state === 'terminating' || span.state === 'creating' || span.state === 'pending';
    bar(context, place.x, y, place.w, h);
    context.globalAlpha = onTheWay ? 0.22 : 0.9;
    context.fillStyle = color;
    context.fill();
    context.globalAlpha = 1;
    if (onTheWay && place.w > 3) {
      if (span.state !== 'pending') {
        hatch(context, place.x, y, place.w, h, color, span.state === 'terminating');
      }
      context.strokeStyle = color;
      context.lineWidth = 1;
      bar(context, place.x + 0.5, y + 0.5, place.w - 1, h - 1);
      context.stroke();
    }
    if (!thin && span.state !== 'ready') {
      label(context, scene, span.status, place, y, h, onTheWay);
    }
  }
}

/** A span's words: on plain colour in the ground's colour, on hatching on a plate of their own. */
function label(
  context: Context,
  scene: Scene,
  text: string,
  place: { x: number; w: number },
  y: number,
  h: number,
  plate: boolean,
): void {
  const { ink } = scene;
  const x = Math.max(place.x, 0) + 5;
  const room = place.x + place.w - x - 3;
  if (room < 26) {
    return;
  }
  context.font = `500 10.5px ${ink.sans}`;
  context.textBaseline = 'middle';
  if (plate) {
    const w = Math.min(room, context.measureText(text).width);
    context.fillStyle = ink.surface;
    context.globalAlpha = 0.82;
    context.fillRect(x - 3, y + 1, w + 6, h - 2);
    context.globalAlpha = 1;
  }
  context.fillStyle = plate ? ink.text : ink.surface;
  words(context, text, x, y + h / 2 + 0.5, room);
}

function nodeColor(span: NodeSpan, ink: Ink): string {
  if (!span.ready) return ink.bad;
  return span.schedulable ? ink.good : ink.warn;
}

function nodeLane(context: Context, scene: Scene, lanes: number, row: Row & { kind: 'node' }, top: number): void {
  const { ink } = scene;
  if (row.lane.node.id === scene.selected) {
    context.fillStyle = ink.accentSoft;
    context.fillRect(0, top, lanes, row.height);
  }
  const middle = top + row.height / 2;
  for (const { span, from, to } of stretches(row.lane.spans, scene.history.horizon)) {
    const place = across(scene, lanes, from, to);
    if (!place) {
      continue;
    }
    const color = nodeColor(span, ink);
    const well = span.ready && span.schedulable;
    const h = well ? 4 : Math.min(12, row.height - 4);
    context.fillStyle = color;
    context.globalAlpha = well ? 0.55 : 0.22;
    bar(context, place.x, middle - h / 2, place.w, h);
    context.fill();
    context.globalAlpha = 1;
    if (!well) {
      hatch(context, place.x, middle - h / 2, place.w, h, color, !span.ready);
      if (row.height > 12) {
        label(context, scene, span.ready ? 'SchedulingDisabled' : 'NotReady', place, middle - h / 2, h, true);
      }
    }
  }
}

/** A step chart: what is ready filled, what is wanted as a line. */
function sizeLane(context: Context, scene: Scene, lanes: number, row: Row & { kind: 'size' }, top: number): void {
  const { ink } = scene;
  const room = row.height - 10;
  const base = top + row.height - 4;
  const height = (count: number) => (room * count) / row.most;
  context.font = `600 10.5px ${ink.sans}`;
  context.textBaseline = 'bottom';
  let last: number | null = null;
  for (const { span, from, to } of stretches(row.lane.steps, scene.history.horizon)) {
    if (span.desired === null) {
      continue;
    }
    const place = across(scene, lanes, from, to);
    if (!place) {
      last = span.desired;
      continue;
    }
    context.fillStyle = ink.states.ready;
    context.globalAlpha = 0.5;
    context.fillRect(place.x, base - height(span.ready), place.w, height(span.ready));
    context.globalAlpha = 1;
    const y = Math.round(base - height(span.desired)) + 0.5;
    context.strokeStyle = ink.text;
    context.lineWidth = 1.5;
    context.beginPath();
    if (last !== null && last !== span.desired) {
      context.moveTo(place.x, base - height(last));
    } else {
      context.moveTo(place.x, y);
    }
    context.lineTo(place.x, y);
    context.lineTo(place.x + place.w, y);
    context.stroke();
    if (last !== span.desired && place.w > 14) {
      context.fillStyle = ink.text;
      context.fillText(`${span.desired}`, Math.max(place.x, 0) + 4, y > top + 13 ? y - 1 : y + 13);
    }
    last = span.desired;
  }
}

/** What was never played is no time yet. What was played, but lies ahead, is paler. */
function unplayed(context: Context, scene: Scene, lanes: number): void {
  const { ink, range, height, history, now } = scene;
  const end = toX(range, lanes, history.horizon);
  const ahead = toX(range, lanes, now);
  if (ahead < end) {
    context.fillStyle = ink.surface;
    context.globalAlpha = 0.55;
    context.fillRect(ahead, HEAD, end - ahead, height - HEAD);
    context.globalAlpha = 1;
  }
  if (end < lanes) {
    context.fillStyle = ink.sunken;
    context.globalAlpha = 0.7;
    context.fillRect(Math.max(0, end), 0, lanes - Math.max(0, end), height);
    context.globalAlpha = 1;
  }
}

function head(context: Context, scene: Scene, lanes: number): void {
  const { ink, range, history, bookmarks } = scene;
  context.fillStyle = ink.surface;
  context.fillRect(0, 0, Math.min(lanes, Math.max(0, toX(range, lanes, history.horizon))), HEAD);
  context.font = `11px ${ink.sans}`;
  context.textBaseline = 'middle';
  context.strokeStyle = ink.lineStrong;
  context.lineWidth = 1;
  context.beginPath();
  for (const tick of ticks(range, lanes)) {
    const x = Math.round(toX(range, lanes, tick.at)) + 0.5;
    context.moveTo(x, RULER - 6);
    context.lineTo(x, RULER);
    context.fillStyle = ink.muted;
    context.fillText(tick.label, x + 4, RULER / 2);
  }
  context.moveTo(0, RULER + 0.5);
  context.lineTo(lanes, RULER + 0.5);
  context.moveTo(0, HEAD + 0.5);
  context.lineTo(lanes, HEAD + 0.5);
  context.stroke();
  // Warnings come in crowds; what somebody did stands over them.
  const order: MarkKind[] = ['warning', 'rollout', 'fault', 'input'];
  for (const kind of order) {
    for (const mark of history.marks.filter(mark => mark.kind === kind)) {
      sign(context, scene, lanes, mark);
    }
  }
  for (const bookmark of bookmarks) {
    flag(context, scene, lanes, bookmark);
  }
}

function sign(context: Context, scene: Scene, lanes: number, mark: Mark): void {
  const x = toX(scene.range, lanes, mark.at);
  if (x < -8 || x > lanes + 8) {
    return;
  }
  context.save();
  context.translate(x, RULER + MARKS / 2);
  const path = new Path2D(signs[mark.kind]);
  context.lineWidth = 2;
  context.strokeStyle = scene.ink.surface;
  context.stroke(path);
  context.fillStyle = markColor(mark.kind, scene.ink);
  context.fill(path);
  context.restore();
}

function flag(context: Context, scene: Scene, lanes: number, bookmark: Bookmark): void {
  const x = Math.round(toX(scene.range, lanes, bookmark.at)) + 0.5;
  if (x < -100 || x > lanes) {
    return;
  }
  const { ink, height } = scene;
  context.strokeStyle = ink.accent;
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  context.beginPath();
  context.moveTo(x, 4);
  context.lineTo(x, height);
  context.stroke();
  context.setLineDash([]);
  context.fillStyle = ink.accent;
  context.fill(new Path2D(`M${x} 3h9l-3 4l3 4h-9z`));
}

function lines(context: Context, scene: Scene, lanes: number): void {
  const { ink, range, height, hover } = scene;
  context.font = `11px ${ink.sans}`;
  context.textBaseline = 'bottom';
  for (const { at, words } of scene.branchLines) {
    const x = Math.round(toX(range, lanes, at)) + 0.5;
    context.strokeStyle = ink.states.terminating;
    context.lineWidth = 1.5;
    context.setLineDash([6, 4]);
    context.beginPath();
    context.moveTo(x, RULER);
    context.lineTo(x, height);
    context.stroke();
    context.setLineDash([]);
    context.fillStyle = ink.states.terminating;
    context.fillText(words, x + 5, height - 4);
  }
  if (hover && hover.x >= scene.gutter) {
    context.strokeStyle = ink.lineStrong;
    context.lineWidth = 1;
    context.beginPath();
    context.moveTo(Math.round(hover.x - scene.gutter) + 0.5, 0);
    context.lineTo(Math.round(hover.x - scene.gutter) + 0.5, height);
    context.stroke();
  }
}

function labels(context: Context, scene: Scene): void {
  const { ink, gutter, height, rows, scroll } = scene;
  context.fillStyle = ink.surface;
  context.fillRect(0, 0, gutter, height);
  context.save();
  context.beginPath();
  context.rect(0, HEAD, scene.width, height - HEAD);
  context.clip();
  context.textBaseline = 'middle';
  for (const row of rows) {
    const y = HEAD + row.top - scroll;
    if (y + row.height < HEAD || y > height || (row.height < 12 && row.kind !== 'group')) {
      continue;
    }
    const middle = y + row.height / 2 + 0.5;
    if (row.kind === 'group') {
      groupLabel(context, scene, row, y, middle);
      continue;
    }
    const chosen =
      (row.kind === 'pod' && row.lane.pod.id === scene.selected) ||
      (row.kind === 'node' && row.lane.node.id === scene.selected);
    context.fillStyle = chosen ? ink.accent : row.kind === 'size' ? ink.text : ink.muted;
    context.font = `${row.kind === 'size' ? '600 ' : ''}11px ${ink.mono}`;
    words(context, row.label, 20, middle, gutter - 26);
  }
  context.restore();
  context.strokeStyle = ink.lineStrong;
  context.lineWidth = 1;
  context.beginPath();
  context.moveTo(gutter - 0.5, 0);
  context.lineTo(gutter - 0.5, height);
  context.moveTo(0, HEAD + 0.5);
  context.lineTo(gutter, HEAD + 0.5);
  context.stroke();
}

function groupLabel(context: Context, scene: Scene, row: Row & { kind: 'group' }, y: number, middle: number): void {
  const { ink, width } = scene;
  context.fillStyle = ink.ground;
  context.fillRect(0, y, width, GROUP_HEIGHT);
  context.strokeStyle = ink.muted;
  context.lineWidth = 1.5;
  context.beginPath();
  const path = row.open
    ? [7, middle - 2, 10.5, middle + 2, 14, middle - 2]
    : [8.5, middle - 4, 12.5, middle, 8.5, middle + 4];
  context.moveTo(path[0] ?? 0, path[1] ?? 0);
  context.lineTo(path[2] ?? 0, path[3] ?? 0);
  context.lineTo(path[4] ?? 0, path[5] ?? 0);
  context.stroke();
  const label = row.group === 'nodes' ? scene.labels.nodes : row.group === 'orphans' ? scene.labels.orphans : row.label;
  context.fillStyle = ink.text;
  context.font = `600 11.5px ${ink.sans}`;
  // The head has its whole line to itself.
  context.fillText(label, 20, middle);
  if (!row.open) {
    const end = 20 + context.measureText(label).width;
    context.fillStyle = ink.faint;
    context.font = `11px ${ink.sans}`;
    context.fillText(row.group === 'nodes' ? `${row.count}` : scene.labels.pods(row.count), end + 12, middle);
  }
}

function playhead(context: Context, scene: Scene, lanes: number): void {
  const { ink, gutter, range, now, height, width } = scene;
  const x = gutter + toX(range, lanes, now);
  if (x < gutter - 1 || x > width + 1) {
    return;
  }
  context.strokeStyle = ink.accent;
  context.lineWidth = 2;
  context.beginPath();
  context.moveTo(x, RULER);
  context.lineTo(x, height);
  context.stroke();
  const label = moment(now);
  context.font = `600 11px ${ink.sans}`;
  context.textBaseline = 'middle';
  const w = context.measureText(label).width + 12;
  const left = Math.min(Math.max(x - w / 2, gutter), width - w);
  context.fillStyle = ink.accent;
  bar(context, left, 3, w, RULER - 6);
  context.fill();
  context.fillStyle = ink.onAccent;
  context.fillText(label, left + 6, RULER / 2 + 0.5);
}
