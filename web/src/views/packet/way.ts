/**
 * A walk as a picture: places from left to right in the order in which the packet comes through them, in each the interfaces that it passes.
 * The answer goes back through the same places, from right to left.
 */
import type { Hop, Packet, PlaceKind, Walk } from '../../sim/frames';

/** An interface that a packet passes. */
export interface Station {
  readonly interface: string;
  /** Its number in the whole picture, from the left. */
  readonly index: number;
}

/** Where a packet is for a while. */
export interface Place {
  readonly kind: PlaceKind;
  readonly name: string;
  readonly stations: readonly Station[];
}

/** A step of a packet's way: one hop, at one station. */
export interface Step {
  readonly hop: Hop;
  /** Which walk it belongs to: with a proxy in between there are two. */
  readonly walk: number;
  /** Whether it is on the answer's way. */
  readonly back: boolean;
  readonly station: number;
  /** Its number within its way, from 1. */
  readonly number: number;
  /** The headers as the packet left the hop before: wrapping happens between two interfaces. */
  readonly came: readonly string[];
}

/** The picture of a walk. */
export interface Way {
  readonly places: readonly Place[];
  readonly stations: number;
  readonly steps: readonly Step[];
}

interface Stop {
  kind: PlaceKind;
  name: string;
  interface: string;
}

function stopOf(hop: Hop): Stop {
  return { kind: hop.place, name: hop.name, interface: hop.interface };
}

function isSamePlace(a: Stop, b: Stop): boolean {
  return a.kind === b.kind && a.name === b.name;
}

function isSame(a: Stop, b: Stop): boolean {
  return isSamePlace(a, b) && a.interface === b.interface;
}

/** Draws a walk. */
export function wayOf(walk: Walk, walkNumber: number): Way {
  const stops: Stop[] = [];
  const there: number[] = [];
  for (const hop of walk.hops) {
    const stop = stopOf(hop);
    const last = stops.at(-1);
    if (!last || !isSame(last, stop)) stops.push(stop);
    there.push(stops.length - 1);
  }
  const back: number[] = [];
  let at = stops.length - 1;
  for (const hop of walk.answer) {
    at = returning(stops, stopOf(hop), at, [there, back]);
    back.push(at);
  }
  const step = (hops: readonly Hop[], hop: Hop, station: number, isBack: boolean, number: number): Step => ({
    hop,
    walk: walkNumber,
    back: isBack,
    station,
    number: number + 1,
    came: hops[number - 1]?.after ?? hop.before,
  });
  const steps = [
    ...walk.hops.map((hop, number) => step(walk.hops, hop, there[number] ?? 0, false, number)),
    ...walk.answer.map((hop, number) => step(walk.answer, hop, back[number] ?? 0, true, number)),
  ];
  return { places: placesOf(stops), stations: stops.length, steps };
}

/**
 * Where an answer stops: the next such interface to the left, or any, or else a new one just left of where it is, for an answer may take another
 * way than what it answers. A new one pushes those right of it on, in the lists of steps too.
 */
function returning(stops: Stop[], stop: Stop, at: number, lists: number[][]): number {
  for (let left = at; left >= 0; left -= 1) {
    const known = stops[left];
    if (known && isSame(known, stop)) return left;
  }
  const anywhere = stops.findIndex(known => isSame(known, stop));
  if (anywhere >= 0) return anywhere;
  const here = stops[at];
  const place = here && isSamePlace(here, stop) ? at : Math.max(0, at);
  stops.splice(place, 0, stop);
  for (const list of lists) {
    list.forEach((station, number) => {
      if (station >= place) list[number] = station + 1;
    });
  }
  return place;
}

function placesOf(stops: readonly Stop[]): Place[] {
  const places: { kind: PlaceKind; name: string; stations: Station[] }[] = [];
  stops.forEach((stop, index) => {
    const last = places.at(-1);
    const station = { interface: stop.interface, index };
    if (last && last.kind === stop.kind && last.name === stop.name) last.stations.push(station);
    else places.push({ kind: stop.kind, name: stop.name, stations: [station] });
  });
  return places;
}

/** All steps of a packet, walk by walk, and the pictures that they happen in. */
export function stepsOf(packet: Packet): { ways: readonly Way[]; steps: readonly Step[] } {
  const ways = packet.walks.map(wayOf);
  return { ways, steps: ways.flatMap(way => way.steps) };
}

/** The step to look at first: where it fails, or else the first at which something is done to the packet's addresses; or the first. */
export function firstStep(steps: readonly Step[]): number {
  return Math.max(
    0,
    steps.findIndex(step => step.hop.verdict === 'drop' || step.hop.verdict === 'reject'),
  );
}

/** How wide things are in the picture, in pixels. */
export const METRIC = { station: 92, pad: 18, gap: 26, least: 132 } as const;

/** Where each station is, and each place's left edge and width. */
export function positions(places: readonly Place[]): {
  stations: readonly number[];
  places: readonly { x: number; w: number }[];
  width: number;
} {
  const stations: number[] = [];
  const boxes: { x: number; w: number }[] = [];
  let x = 2;
  for (const place of places) {
    const w = Math.max(METRIC.least, place.stations.length * METRIC.station + 2 * METRIC.pad - 12);
    place.stations.forEach((station, at) => {
      stations[station.index] = x + w / 2 + (at - (place.stations.length - 1) / 2) * METRIC.station;
    });
    boxes.push({ x, w });
    x += w + METRIC.gap;
  }
  return { stations, places: boxes, width: Math.max(0, x - METRIC.gap + 2) };
}
