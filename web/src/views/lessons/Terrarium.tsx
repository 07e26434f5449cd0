/** The terrarium: a leaf for each lesson that was solved. */
import { useId } from 'preact/hooks';
import type { Progress } from './progress';
import { GROUND, grown, HEIGHT, type Leaf, leafShape, type Plant, plants, WIDTH } from './terrarium';
import './Terrarium.css';

export interface Bed {
  readonly part: number;
  readonly lessons: readonly string[];
}

interface Props {
  readonly beds: readonly Bed[];
  readonly progress: Progress;
  /** What it says to whoever can't see it. */
  readonly label: string;
  /** The lesson whose leaf grows now. */
  readonly growing?: string;
  /** Shows one plant only, close by. */
  readonly focus?: number;
}

const GLASS = 'M40 152 C40 76 118 28 240 28 C362 28 440 76 440 152 V246 a26 26 0 0 1 -26 26 H66 a26 26 0 0 1 -26 -26Z';
const SOIL = `M40 ${GROUND + 6} C90 ${GROUND - 6} 130 ${GROUND + 4} 180 ${GROUND + 2} C240 ${GROUND - 8} 290 ${GROUND + 4} 340 ${GROUND} C380 ${GROUND - 5} 410 ${GROUND + 2} 440 ${GROUND + 6} V272 H40Z`;
const PEBBLES = Array.from({ length: 27 }, (_, at) => ({
  x: 52 + at * 14.6 + ((at * 37) % 7),
  y: 262 + ((at * 53) % 7) - (at % 3) * 2,
  rx: 7 + ((at * 29) % 4),
  tone: at % 3,
}));
const STONES = [
  { x: 128, y: GROUND + 3, rx: 15, ry: 9 },
  { x: 146, y: GROUND + 6, rx: 9, ry: 6 },
  { x: 357, y: GROUND + 2, rx: 18, ry: 11 },
];

const TUFTS = [62, 104, 176, 214, 262, 318, 402, 424].map((x, at) => ({ x, size: 0.65 + ((at * 7) % 5) * 0.09 }));

export function Terrarium({ beds, progress, label, growing, focus }: Props) {
  const id = useId();
  const solved = new Set(Object.keys(progress));
  const grove = plants(beds.map(({ part, lessons }) => ({ part, lessons })));
  const chosen = focus === undefined ? undefined : grove.find(plant => plant.part === focus);
  return (
    <svg class={`terrarium ${chosen ? 'close' : ''}`} viewBox={frame(chosen)} role="img" aria-label={label}>
      <defs>
        <clipPath id={`${id}-glass`}>
          <path d={GLASS} />
        </clipPath>
        <linearGradient id={`${id}-air`} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" class="air-top" />
          <stop offset="1" class="air-bottom" />
        </linearGradient>
        <radialGradient id={`${id}-sun`}>
          <stop offset="0.35" class="sun-middle" />
          <stop offset="1" class="sun-rim" />
        </radialGradient>
        <linearGradient id={`${id}-soil`} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" class="soil-top" />
          <stop offset="1" class="soil-bottom" />
        </linearGradient>
      </defs>
      <ellipse class="terrarium-shadow" cx="240" cy="278" rx="196" ry="10" />
      <path d={GLASS} fill={`url(#${id}-air)`} />
      <g clip-path={`url(#${id}-glass)`}>
        <circle cx="352" cy="84" r="120" fill={`url(#${id}-sun)`} />
        {STONES.map(({ x, y, rx, ry }) => (
          <ellipse key={x} class="stone" cx={x} cy={y} rx={rx} ry={ry} />
        ))}
        {TUFTS.map(({ x, size }) => (
          <path
            key={x}
            class="tuft"
            transform={`translate(${x} ${GROUND + 4}) scale(${size})`}
            d="M0 0 C-1 -8 -5 -14 -10 -17 M1 0 C1 -9 0 -17 3 -23 M3 0 C4 -7 8 -12 13 -14"
          />
        ))}
        <path d={SOIL} fill={`url(#${id}-soil)`} />
        <path d={SOIL} class="moss" />
        {PEBBLES.map(({ x, y, rx, tone }) => (
          <ellipse key={x} class={`pebble tone-${tone}`} cx={x} cy={y} rx={rx} ry={5.5} />
        ))}
        {grove.map(plant => (
          <PlantShape key={plant.part} plant={plant} solved={solved} progress={progress} growing={growing} />
        ))}
      </g>
      <path d={GLASS} class="glass" />
      <path d="M62 172 V150 C62 104 102 68 156 54" class="shine" />
      <path d="M62 196 V186" class="shine" />
      <path d="M222 27 C222 12 258 12 258 27" class="knob" />
    </svg>
  );
}

function frame(plant: Plant | undefined): string {
  if (!plant) {
    return `0 0 ${WIDTH} ${HEIGHT}`;
  }
  // As high as the plant, with air above and the pebbles below; under the glass, and twice as wide as high.
  const height = Math.max(130, 262 - plant.tip.y + 34);
  const width = Math.min(height * 2, WIDTH - 88);
  const left = Math.min(Math.max(plant.tip.x - width / 2, 44), WIDTH - 44 - width);
  return `${left} ${262 - height} ${width} ${height}`;
}

function PlantShape({
  plant,
  solved,
  progress,
  growing,
}: {
  plant: Plant;
  solved: ReadonlySet<string>;
  progress: Progress;
  growing: string | undefined;
}) {
  const length = grown(plant, solved);
  const bare = new Set([...solved].filter(lesson => lesson !== growing));
  const blooms = plant.leaves.every(leaf => solved.has(leaf.lesson));
  return (
    <g class={`plant hue-${plant.part % 3}`}>
      <path
        d={plant.stem}
        class={`stem ${growing && plant.leaves.some(leaf => leaf.lesson === growing) ? 'grows' : ''}`}
        pathLength="1"
        style={{ '--from': 1 - grown(plant, bare), '--to': 1 - length }}
      />
      {plant.leaves.every(leaf => !solved.has(leaf.lesson)) && <Seedling at={plant.sprout} />}
      {plant.leaves.map(leaf => (
        <LeafShape
          key={leaf.lesson}
          part={plant.part}
          leaf={leaf}
          state={solved.has(leaf.lesson) ? ((progress[leaf.lesson]?.stars ?? 0) > 0 ? 'own' : 'shown') : 'bud'}
          grows={leaf.lesson === growing}
          hidden={leaf.along > length}
        />
      ))}
      {blooms && <Flower plant={plant} grows={plant.leaves.some(leaf => leaf.lesson === growing)} />}
    </g>
  );
}

function LeafShape({
  part,
  leaf,
  state,
  grows,
  hidden,
}: {
  part: number;
  leaf: Leaf;
  state: 'bud' | 'shown' | 'own';
  grows: boolean;
  /** Whether the stem doesn't reach up there yet. */
  hidden: boolean;
}) {
  if (state === 'bud') {
    return hidden ? null : <circle class="bud" cx={leaf.x} cy={leaf.y} r="3" />;
  }
  return (
    <g transform={`translate(${leaf.x} ${leaf.y}) rotate(${leaf.angle})`}>
      <g class={`leaf ${state} ${grows ? 'grows' : ''}`} style={{ '--size': leaf.size }}>
        <path d={leafShape(part)} vector-effect="non-scaling-stroke" />
        <path d="M.08 0 L.82 0" class="vein" vector-effect="non-scaling-stroke" />
      </g>
    </g>
  );
}

/** Before anything was learned: two leaves no larger than a thought. */
function Seedling({ at: { x, y } }: { at: Plant['sprout'] }) {
  return (
    <g class="leaf-pair" transform={`translate(${x} ${y})`}>
      <path d={leafShape(0)} transform="rotate(-155) scale(8)" />
      <path d={leafShape(0)} transform="rotate(-25) scale(8)" />
    </g>
  );
}

/** At the tip of a plant whose part is done. */
function Flower({ plant, grows }: { plant: Plant; grows: boolean }) {
  const { x, y } = plant.tip;
  return (
    <g transform={`translate(${x} ${y - 3})`}>
      <g class={`flower ${grows ? 'grows' : ''}`}>
        {[0, 72, 144, 216, 288].map(turn => (
          <ellipse key={turn} class="petal" cx="0" cy="-5.6" rx="3.3" ry="5.2" transform={`rotate(${turn})`} />
        ))}
        <circle class="heart" r="2.9" />
      </g>
    </g>
  );
}
