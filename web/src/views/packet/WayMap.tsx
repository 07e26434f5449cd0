/** The packet's way as a picture: places side by side, in them the interfaces; the way there above, the answer's below, and the packet on it. */
import { useEffect, useRef } from 'preact/hooks';
import { reducedMotion } from '../../state/settings';
import { compare, ends, readHeaders } from './headers';
import { text } from './text';
import { METRIC, type Place, positions, type Step, type Way } from './way';

/** How small it is drawn at most, before one has to scroll. */
const SMALLEST = 0.8;
const HEIGHT = 226;
const TOP = 52;
const THERE = 108;
const BACK = 164;
const BOTTOM = 214;

function nameOf(place: Place): string {
  const t = text();
  if (place.kind === 'underlay') return t.underlay;
  // A pod's namespace is said in the list of steps; here is room for its name only.
  return place.name.slice(place.name.indexOf('/') + 1) || t.outside;
}

/** A text in at most so many characters: its end is kept, for there names differ. */
function fitted(name: string, most: number): string {
  return name.length <= most ? name : `${name.slice(0, Math.max(1, most - 8))}…${name.slice(-7)}`;
}

function Card({ place, x, w, current }: { place: Place; x: number; w: number; current: boolean }) {
  const most = Math.floor((w - 28) / 7.4);
  return (
    <g class={`packet-place ${place.kind} ${current ? 'current' : ''}`}>
      <rect x={x} y={TOP - 44} width={w} height={BOTTOM - TOP + 52} rx="14" />
      <text class="packet-kind" x={x + 14} y={TOP - 24}>
        {text().places[place.kind]}
      </text>
      <text class="packet-name" x={x + 14} y={TOP - 7}>
        {fitted(nameOf(place), most)}
      </text>
    </g>
  );
}

function pathOf(steps: readonly Step[], xs: readonly number[], y: number): string {
  return steps.map((step, at) => `${at === 0 ? 'M' : 'L'}${xs[step.station] ?? 0} ${y}`).join(' ');
}

/** The packet: an envelope, in another one while it is wrapped. */
function Token({ step, x, y }: { step: Step; x: number; y: number }) {
  const { verdict, after, before } = step.hop;
  const seen = step.hop.direction === 'Out' ? after : before;
  const wrapped = readHeaders(seen).outer !== null;
  const { from, to } = ends(seen);
  const lost = verdict === 'drop' || verdict === 'reject';
  return (
    <g class={`packet-token ${lost ? 'lost' : ''}`} style={{ transform: `translate(${x}px, ${y}px)` }}>
      {wrapped && <rect class="packet-wrap" x="-19" y="-15" width="38" height="30" rx="6" />}
      <rect class="packet-envelope" x="-13" y="-9.500" width="26" height="19" rx="3.500" />
      {lost ? (
        <path class="packet-flap" d="M-6 -5L6 5M6 -5L-6 5" />
      ) : (
        <path class="packet-flap" d="M-11 -6.500L0 2.500L11 -6.500" />
      )}
      <title>{`${from} → ${to}`}</title>
    </g>
  );
}

export function WayMap({ way, current, choose }: { way: Way; current: Step; choose: (step: Step) => void }) {
  const scroller = useRef<HTMLDivElement>(null);
  const { stations: xs, places, width } = positions(way.places);
  const x = xs[current.station] ?? 0;
  useEffect(() => {
    const box = scroller.current;
    if (!box) return;
    const left = x * (box.scrollWidth / width) - box.clientWidth / 2;
    box.scrollTo({ left, behavior: reducedMotion.peek() ? 'auto' : 'smooth' });
  }, [x, way]);
  const there = way.steps.filter(step => !step.back);
  const back = way.steps.filter(step => step.back);
  const index = way.steps.indexOf(current);
  return (
    <div class="packet-map" ref={scroller}>
      <svg
        style={{ maxWidth: `${width}px`, minWidth: `${width * SMALLEST}px` }}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        aria-label={text().way}
      >
        {way.places.map((place, at) => {
          const box = places[at];
          const inside = place.stations.some(station => station.index === current.station);
          return box && <Card key={at} place={place} {...box} current={inside} />;
        })}
        <path class="packet-rail" d={pathOf(there, xs, THERE)} />
        {back.length > 0 && <path class="packet-rail back" d={`${bend(there, back, xs)} ${pathOf(back, xs, BACK)}`} />}
        {way.places.flatMap(place =>
          place.stations.map(station => (
            <text
              key={station.index}
              class="packet-interface"
              x={xs[station.index]}
              y={(THERE + BACK) / 2 + 4}
              text-anchor="middle"
            >
              {fitted(station.interface, 13)}
            </text>
          )),
        )}
        {way.steps.map((step, at) => (
          <Stop
            key={at}
            step={step}
            x={xs[step.station] ?? 0}
            passed={at <= index}
            here={step === current}
            choose={choose}
          />
        ))}
        <Token step={current} x={x} y={current.back ? BACK : THERE} />
      </svg>
    </div>
  );
}

/** From the end of the way there down to where the answer begins. */
function bend(there: readonly Step[], back: readonly Step[], xs: readonly number[]): string {
  const end = xs[there.at(-1)?.station ?? 0] ?? 0;
  const start = xs[back[0]?.station ?? 0] ?? 0;
  const out = Math.max(end, start) + METRIC.station * 0.4;
  return `M${end} ${THERE} C${out} ${THERE} ${out} ${BACK} ${start} ${BACK}`;
}

/** A hop on the rail. What is done to the packet there is written beside it. */
function Stop({
  step,
  x,
  passed,
  here,
  choose,
}: {
  step: Step;
  x: number;
  passed: boolean;
  here: boolean;
  choose: (step: Step) => void;
}) {
  const y = step.back ? BACK : THERE;
  const t = text();
  const { effects } = compare(step.came, step.hop.after);
  // The MAC address and the TTL change at every router: on the map, only what is special is told.
  const told = effects
    .filter(effect => effect !== 'ttl' && effect !== 'mac' && effect !== 'mark')
    .map(effect => t.short[effect]);
  const lost = step.hop.verdict === 'drop' || step.hop.verdict === 'reject';
  const words = lost ? t.verdicts[step.hop.verdict === 'drop' ? 'drop' : 'reject'] : told.join(' + ');
  return (
    // By keyboard one goes through the list of steps and the slider: as many tab stops again would only be in the way.
    // biome-ignore lint/a11y/useSemanticElements: SVG has no button
    <g
      role="button"
      tabIndex={-1}
      aria-label={`${words ? `${words}, ` : ''}${step.number}: ${step.hop.interface}`}
      onKeyDown={event => event.key === 'Enter' && choose(step)}
      class={`packet-stop ${passed ? 'passed' : ''} ${here ? 'here' : ''} ${lost ? 'lost' : ''}`}
      onClick={() => choose(step)}
    >
      <circle class="packet-target" cx={x} cy={y} r="18" />
      <circle cx={x} cy={y} r="5" />
      {words && (
        <text
          class="packet-effect"
          x={Math.max(x, words.length * 3.6 + 10)}
          y={step.back ? y + 28 : y - 22}
          text-anchor="middle"
        >
          {words}
        </text>
      )}
    </g>
  );
}
