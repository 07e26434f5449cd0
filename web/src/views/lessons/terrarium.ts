/**
 * The geometry of the terrarium: a plant for each part, a leaf for each lesson. Pure, so that the same progress always grows the same
 * garden.
 */

export interface Leaf {
  readonly lesson: string;
  readonly x: number;
  readonly y: number;
  /** Degrees; 0 points to the right. */
  readonly angle: number;
  readonly size: number;
  /** How far up its stem, from 0 to 1. */
  readonly along: number;
}

export interface Plant {
  readonly part: number;
  /** An SVG path from the soil to the tip. */
  readonly stem: string;
  readonly leaves: readonly Leaf[];
  readonly tip: Point;
  /** Where its stem ends before it has any leaf. */
  readonly sprout: Point;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** The picture's size; the soil's surface lies at `GROUND`. */
export const WIDTH = 480;
export const HEIGHT = 300;
export const GROUND = 222;

/** How much of a stem there is before anything was learned. */
const SPROUT = 0.2;

type Curve = readonly [Point, Point, Point, Point];

function at([a, b, c, d]: Curve, t: number): Point {
  const s = 1 - t;
  const of = (key: 'x' | 'y') =>
    s * s * s * a[key] + 3 * s * s * t * b[key] + 3 * s * t * t * c[key] + t * t * t * d[key];
  return { x: of('x'), y: of('y') };
}

function direction([a, b, c, d]: Curve, t: number): number {
  const s = 1 - t;
  const of = (key: 'x' | 'y') =>
    3 * (s * s * (b[key] - a[key]) + 2 * s * t * (c[key] - b[key]) + t * t * (d[key] - c[key]));
  return (Math.atan2(of('y'), of('x')) * 180) / Math.PI;
}

// How high each plant of nine may grow, as a share of the room above it: a small one between two tall ones.
const HEIGHTS = [0.72, 0.95, 0.66, 1, 0.76, 0.98, 0.64, 0.94, 0.7];
const MARGIN = 80;
/** What stays free between a plant's tip and the glass. */
const HEADROOM = 30;

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

/** Where the glass is, above a place: it is half an ellipse there. */
export function ceiling(x: number): number {
  const across = Math.min(1, Math.abs(x - WIDTH / 2) / 200);
  return 152 - 124 * Math.sqrt(1 - across * across);
}

/** The plants of these parts, from the left to the right. A plant with more lessons has smaller leaves, closer together. */
export function plants(parts: readonly { part: number; lessons: readonly string[] }[]): Plant[] {
  return parts.map(({ part, lessons }, index) => {
    const share = parts.length === 1 ? 0.5 : index / (parts.length - 1);
    const root: Point = { x: MARGIN + share * (WIDTH - 2 * MARGIN), y: GROUND + 3 };
    // Outer plants lean to the outside at first and to the light at their tips; a sway keeps neighbours from being copies.
    const lean = (share - 0.5) * 26;
    const sway = part % 2 === 0 ? 13 : -13;
    const room = GROUND - Math.max(ceiling(root.x + lean), ceiling(root.x - lean)) - HEADROOM;
    const height = room * (HEIGHTS[(part - 1) % HEIGHTS.length] ?? 0.8) * Math.min(1, 0.62 + lessons.length * 0.11);
    const curve: Curve = [
      root,
      { x: root.x + sway, y: root.y - height * 0.35 },
      { x: root.x + lean - sway, y: root.y - height * 0.7 },
      { x: root.x + lean * 0.8, y: root.y - height },
    ];
    const leaves = lessons.map((lesson, number): Leaf => {
      const along = lessons.length === 1 ? 0.6 : 0.3 + 0.6 * ((number + 0.5) / (lessons.length - 0.5));
      const { x, y } = at(curve, along);
      const side = (number + part) % 2 === 0 ? -1 : 1;
      return {
        lesson,
        x: round(x),
        y: round(y),
        angle: round(direction(curve, along) + side * (lessons.length === 1 ? 42 : 56)),
        size: round(Math.max(17, 36 - lessons.length * 3.2) * (1.1 - 0.2 * along)),
        along: round(along * 100) / 100,
      };
    });
    const [a, b, c, d] = curve.map(({ x, y }) => `${round(x)} ${round(y)}`);
    const sprout = at(curve, SPROUT);
    return {
      part,
      stem: `M${a} C${b} ${c} ${d}`,
      leaves,
      tip: { x: round(curve[3].x), y: round(curve[3].y) },
      sprout: { x: round(sprout.x), y: round(sprout.y) },
    };
  });
}

/** How much of a stem is grown: up to its highest leaf, a sprout before there is one, and all of it once it blooms. */
export function grown(plant: Plant, solved: ReadonlySet<string>): number {
  if (plant.leaves.every(leaf => solved.has(leaf.lesson))) {
    return 1;
  }
  return plant.leaves.reduce((most, leaf) => (solved.has(leaf.lesson) ? Math.max(most, leaf.along) : most), SPROUT);
}

/** A leaf of a plant's kind, from its stalk at the origin to the right, one unit long. */
export function leafShape(part: number): string {
  switch (part % 3) {
    case 0:
      return 'M0 0 C.2 -.42 .75 -.4 1 0 C.75 .4 .2 .42 0 0Z'; // oval
    case 1:
      return 'M0 0 C.3 -.3 .7 -.26 1.08 -.04 C.72 .24 .3 .3 0 0Z'; // lance
    default:
      return 'M0 0 C.02 -.5 .62 -.56 .98 0 C.62 .56 .02 .5 0 0Z'; // heart
  }
}
