/** The goals: those that suggest themselves, and those that are written. */
import { useEffect, useState } from 'preact/hooks';
import { sim } from '../../sim/client';
import type { GoalKind } from '../../sim/frames';
import { attempt } from '../../state/problems';
import { cluster } from '../../state/run';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { type DraftGoal, nobody } from './draft';
import { BothField, Field } from './Fields';
import { conditionFault } from './lesson-yaml';
import { draft, edit, recording } from './state';
import { conditions, lookings, type Suggestion } from './suggest';
import { text } from './text';

const KINDS: readonly GoalKind[] = ['that', 'once', 'typed'];
/** How long nothing must be typed until a condition is checked, in milliseconds. */
const CHECK_AFTER = 350;

export function Goals() {
  const { goals } = draft.value;
  const put = (at: number, goal: DraftGoal) => edit({ goals: goals.map((one, index) => (index === at ? goal : one)) });
  return (
    <>
      <Suggestions />
      <ol class="builder-goals">
        {goals.map((goal, at) => (
          <li key={at}>
            <GoalFields goal={goal} change={next => put(at, next)} />
            <div class="builder-row-tools">
              {at > 0 && (
                <Button
                  variant="quiet"
                  icon="chevron-up"
                  label={text().up}
                  onClick={() => edit({ goals: moved(goals, at) })}
                />
              )}
              <Button
                variant="quiet"
                icon="trash"
                label={text().remove}
                onClick={() => edit({ goals: goals.filter((_, index) => index !== at) })}
              />
            </div>
          </li>
        ))}
      </ol>
      <Button icon="plus" onClick={() => edit({ goals: [...goals, { kind: 'that', that: '', say: nobody }] })}>
        {text().addGoal}
      </Button>
    </>
  );
}

/** One place up. */
function moved<T>(list: readonly T[], at: number): T[] {
  const next = [...list];
  const [one] = next.splice(at, 1);
  if (one !== undefined) {
    next.splice(at - 1, 0, one);
  }
  return next;
}

function Suggestions() {
  const { goals, solution } = draft.value;
  const began = recording.value;
  const had = new Set(goals.map(({ kind, that }) => `${kind} ${that}`));
  const all: Suggestion[] = [...(began ? conditions(began.start, cluster.value) : []), ...lookings(solution)];
  const fresh = all.filter(({ kind, that }) => !had.has(`${kind} ${that}`));
  if (fresh.length === 0) {
    return began || goals.length > 0 ? null : <p class="builder-help">{text().noSuggestions}</p>;
  }
  return (
    <div class="suggestions">
      <p>{text().suggestions}</p>
      {fresh.map(({ kind, that }) => (
        <button
          key={`${kind} ${that}`}
          type="button"
          class="suggestion"
          onClick={() => edit({ goals: [...goals, { kind, that, say: nobody }] })}
        >
          <Icon name="plus" size={12} />
          {kind === 'typed' ? <span>{text().kinds.typed}:</span> : null}
          <code>{that}</code>
        </button>
      ))}
    </div>
  );
}

/** What the model says of a condition; `null`: nothing is wrong. */
function useFault({ kind, that }: DraftGoal): string | null {
  const [fault, setFault] = useState<string | null>(null);
  useEffect(() => {
    if (kind === 'typed' || that.trim() === '') {
      setFault(null);
      return undefined;
    }
    let gone = false;
    const timer = setTimeout(
      () =>
        attempt(
          conditionFault(that, source => sim.checkScenario(source)).then(found => {
            if (!gone) {
              setFault(found);
            }
          }),
        ),
      CHECK_AFTER,
    );
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [kind, that]);
  return fault;
}

function GoalFields({ goal, change }: { goal: DraftGoal; change: (goal: DraftGoal) => void }) {
  const fault = useFault(goal);
  return (
    <div class="builder-goal">
      <div class="builder-condition">
        <select
          class="field"
          aria-label={text().kindLabel}
          value={goal.kind}
          onChange={event => {
            const kind = KINDS.find(one => one === event.currentTarget.value);
            if (kind) {
              change({ ...goal, kind });
            }
          }}
        >
          {KINDS.map(kind => (
            <option key={kind} value={kind}>
              {text().kinds[kind]}
            </option>
          ))}
        </select>
        <Field label={goal.kind === 'typed' ? text().fields.words : text().fields.condition} fault={fault}>
          {id => (
            <input
              id={id}
              class="field code"
              spellcheck={false}
              value={goal.that}
              aria-invalid={fault !== null}
              onInput={event => change({ ...goal, that: event.currentTarget.value })}
            />
          )}
        </Field>
      </div>
      <BothField label={text().fields.say} value={goal.say} change={say => change({ ...goal, say })} />
    </div>
  );
}
