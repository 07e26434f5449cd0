/** The terrarium: a leaf for each lesson that was solved. */
import { useId } from 'preact/hooks';
import { GROUND, grown, HEIGHT, type Leaf, leafShape, type Plant, plants, WIDTH } from './terrarium';
import type { Progress } from './progress';
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
        <linearGradient id={`${id}-soil`} x1="0" y1="0" x2="0" y2="1">
          <stop offset="0" class="soil-top" />
          <stop offset="1" class="soil-bottom" />
        </linearGradient>
      </defs>
      <ellipse class="terrarium-shadow" cx="240" cy="278" rx="196" ry="10" />
      <path d={GLASS} fill={`url(#${id}-air)`} />
      <g clip-path={`url(#${id}-glass)`}>
        <circle class="terrarium-sun" cx="348" cy="92" r="96" />
        {STONES.map(({ x, y, rx, ry }) => (
          <ellipse key={x} class="stone" cx={x} cy={y} rx={rx} ry={ry} />
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
  const middle = Math.min(Math.max((plant.tip.x + Number.parseFloat(plant.stem.slice(1))) / 2, 130), WIDTH - 130);
  return `${middle - 110} ${plant.tip.y - 34} 220 ${HEIGHT - plant.tip.y - 4}`;
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
  const blooms = plant.leaves.every(leaf => solved.has(leaf.lesson));
  const bare = new Set([...solved].filter(lesson => lesson !== growing));
  return (
    <g class={`plant hue-${plant.part % 3}`}>
      <path
        d={plant.stem}
        class={`stem ${growing && plant.leaves.some(leaf => leaf.lesson === growing) ? 'grows' : ''}`}
        pathLength="1"
        style={{ '--from': 1 - grown(plant, bare), '--to': 1 - grown(plant, solved) }}
      />
      {plant.leaves.map(leaf => (
        <LeafShape
          key={leaf.lesson}
          part={plant.part}
          leaf={leaf}
          state={solved.has(leaf.lesson) ? ((progress[leaf.lesson]?.stars ?? 0) > 0 ? 'own' : 'shown') : 'bud'}
          grows={leaf.lesson === growing}
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
}: {
  part: number;
  leaf: Leaf;
  state: 'bud' | 'shown' | 'own';
  grows: boolean;
}) {
  if (state === 'bud') {
    return <circle class="bud" cx={leaf.x} cy={leaf.y} r="1.9" />;
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

/** At the tip of a plant whose part is done. */
function Flower({ plant, grows }: { plant: Plant; grows: boolean }) {
  const { x, y } = plant.tip;
  return (
    <g transform={`translate(${x} ${y - 3})`}>
      <g class={`flower ${grows ? 'grows' : ''}`}>
        {[0, 72, 144, 216, 288].map(turn => (
          <ellipse key={turn} class="petal" cx="0" cy="-4.6" rx="2.7" ry="4.2" transform={`rotate(${turn})`} />
        ))}
        <circle class="heart" r="2.3" />
      </g>
    </g>
  );
}
