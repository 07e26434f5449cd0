/** The view `compare`: two branches of time side by side, at the same moment. */
import { effect, signal, useSignal } from '@preact/signals';
import { useEffect, useMemo } from 'preact/hooks';
import { isProblem, sim } from '../../sim/client';
import type { Branch, Comparison, Difference, Frame } from '../../sim/frames';
import { merge, nothing } from '../../state/cluster';
import { apply, branch, branches, cluster, epoch } from '../../state/run';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { ObjectLink } from '../../ui/ObjectLink';
import { StateDot } from '../../ui/StateDot';
import { podStates } from '../../ui/states';
import { text as uiText } from '../../ui/text';
import { moment } from '../../words/time';
import { capacityOf, Still } from '../topology/Still';
import { differing, identities, keyOf, kindOf, type Sides, sidesOf } from './sides';
import { text } from './text';
import './compare.css';

/** What was chosen: kept while other views are shown. */
const chosen = signal<Partial<Sides>>({});
const inStep = signal(true);

/** How often branches are compared while time passes, in milliseconds: a comparison carries two whole clusters. */
const PACE = 700;

function useComparison(sides: Sides | null): { comparison: Comparison | null; refusal: string } {
  const comparison = useSignal<Comparison | null>(null);
  const refusal = useSignal('');
  const left = sides?.left;
  const right = sides?.right;
  useEffect(() => {
    if (left === undefined || right === undefined) return;
    let current = true;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const compare = async () => {
      try {
        const found = await sim.compare(left, right);
        if (!current) return;
        comparison.value = found;
        refusal.value = '';
      } catch (thrown) {
        if (current) refusal.value = isProblem(thrown) ? thrown.message : String(thrown);
      }
    };
    void compare();
    let leap = epoch.peek();
    const end = effect(() => {
      void cluster.value.handled;
      void cluster.value.at;
      const leapt = leap !== epoch.value;
      leap = epoch.value;
      if (!inStep.value && !leapt) return;
      timer ??= setTimeout(() => {
        timer = undefined;
        void compare();
      }, PACE);
    });
    return () => {
      current = false;
      end();
      clearTimeout(timer);
    };
  }, [left, right]);
  return { comparison: comparison.value, refusal: refusal.value };
}

function nameOf(one: Branch): string {
  if (one.name) return one.name;
  return one.id === 0 ? text().trunk : text().branchName(one.id);
}

export function CompareView() {
  const t = text();
  const sides = sidesOf(branches.value, branch.value, chosen.value);
  const { comparison, refusal } = useComparison(sides);
  const pointed = useSignal<string | null>(null);
  if (!sides) {
    return (
      <Empty icon="compare" title={t.emptyTitle}>
        <p>{t.emptyText}</p>
        <p class="compare-fork">
          <Button icon="branch" variant="primary" onClick={async () => apply(await sim.fork(t.forkName))}>
            {t.fork}
          </Button>
        </p>
      </Empty>
    );
  }
  return (
    <section class="compare">
      <div class="compare-bar">
        {comparison && (
          <span class="numbers">
            {t.at} {moment(comparison.at)}
          </span>
        )}
        <Button
          pressed={inStep.value}
          title={t.inStepHint}
          onClick={() => {
            inStep.value = !inStep.value;
          }}
        >
          {t.inStep}
        </Button>
        <Button
          icon="compare"
          variant="quiet"
          onClick={() => {
            chosen.value = { left: sides.right, right: sides.left };
          }}
        >
          {t.swap}
        </Button>
      </div>
      {refusal && <p role="alert">{refusal}</p>}
      {comparison && <Both comparison={comparison} sides={sides} pointed={pointed.value} />}
      {comparison && (
        <Differences
          differences={comparison.differences}
          point={key => {
            pointed.value = key;
          }}
        />
      )}
    </section>
  );
}

function Both({ comparison, sides, pointed }: { comparison: Comparison; sides: Sides; pointed: string | null }) {
  const left = useMemo(() => merge(nothing, comparison.left), [comparison]);
  const right = useMemo(() => merge(nothing, comparison.right), [comparison]);
  const capacity = Math.max(capacityOf(left), capacityOf(right));
  const side = (name: 'left' | 'right') => {
    const frame = comparison[name];
    return (
      <Side
        side={name}
        id={sides[name]}
        frame={frame}
        stage={name === 'left' ? left : right}
        differences={comparison.differences}
        at={comparison.at}
        pointed={pointed}
        capacity={capacity}
      />
    );
  };
  return (
    <div class="compare-sides">
      {side('left')}
      {side('right')}
    </div>
  );
}

function Side({
  side,
  id,
  frame,
  stage,
  differences,
  at,
  pointed,
  capacity,
}: {
  side: 'left' | 'right';
  id: number;
  frame: Frame;
  stage: ReturnType<typeof merge>;
  differences: readonly Difference[];
  at: number;
  pointed: string | null;
  capacity: number;
}) {
  const t = text();
  const own = branches.value.find(one => one.id === id);
  const marked = useMemo(() => differing(frame, differences), [frame, differences]);
  const known = useMemo(() => identities(frame), [frame]);
  const { totals } = frame;
  const name = own ? nameOf(own) : '';
  return (
    <section class={`compare-side ${side}`} aria-label={`${t[side]}: ${name}`}>
      <header>
        <label>
          <span class="visually-hidden">{t[side]}</span>
          <select
            value={id}
            onChange={event => {
              chosen.value = { ...chosen.value, [side]: Number(event.currentTarget.value) };
            }}
          >
            {branches.value.map(one => (
              <option key={one.id} value={one.id}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        </label>
        {own && <span class="numbers">{t.playedTo(moment(own.horizon))}</span>}
        {id !== branch.value && (
          <Button variant="quiet" onClick={async () => apply(await sim.switchBranch(id))}>
            {t.goThere}
          </Button>
        )}
      </header>
      <Still
        label={`${t.picture(name)}: ${t.totals(totals.counts.ready, totals.pods, totals.nodesReady)}`}
        stage={stage}
        marked={marked}
        pointed={pointed === null ? null : (known.get(pointed) ?? null)}
        capacity={capacity}
      />
      {/* At the foot of both, so that the pictures above are of one size. */}
      <div class="compare-foot">
        {own && frame.at < at && <p class="compare-shorter">{t.shorter(moment(frame.at))}</p>}
        <ul class="compare-totals">
          {podStates
            .filter(state => totals.counts[state] > 0)
            .map(state => (
              <li key={state}>
                <StateDot state={state} label={false} /> <b>{totals.counts[state].toLocaleString()}</b>{' '}
                {uiText().states[state]}
              </li>
            ))}
        </ul>
      </div>
    </section>
  );
}

/** More rows than this say nothing any more. */
const ROWS = 300;

function Differences({
  differences,
  point,
}: {
  differences: readonly Difference[];
  point: (key: string | null) => void;
}) {
  const t = text();
  if (differences.length === 0) return <p class="compare-same">{t.same}</p>;
  return (
    <div class="compare-differences">
      <h3>{t.differences(differences.length)}</h3>
      <table>
        <thead>
          <tr>
            <th scope="col">{t.object}</th>
            <th scope="col">{t.left}</th>
            <th scope="col">{t.right}</th>
          </tr>
        </thead>
        <tbody>
          {differences.slice(0, ROWS).map(one => {
            const { kind, namespace, name } = one.object;
            const key = keyOf(kind, namespace, name);
            return (
              <tr
                key={key}
                class={kindOf(one)}
                onMouseEnter={() => point(key)}
                onMouseLeave={() => point(null)}
                onFocusCapture={() => point(key)}
                onBlurCapture={() => point(null)}
              >
                <th scope="row">
                  <ObjectLink object={one.object} />
                </th>
                <td class={one.left ? '' : 'absent'}>{one.left || t.absent}</td>
                <td class={one.right ? '' : 'absent'}>{one.right || t.absent}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {differences.length > ROWS && <p>+{differences.length - ROWS}</p>}
    </div>
  );
}
