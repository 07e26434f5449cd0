/** What happens, step by step, in sentences for somebody who sees it for the first time. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Message } from '../../sim/frames';
import { select } from '../../state/selection';
import { MomentLink } from '../../ui/MomentLink';
import { ObjectLink } from '../../ui/ObjectLink';
import { duration, MILLI } from '../../words/time';
import { following, inputs } from './chain';
import { narrate, type Step } from './narration';
import { KindSign } from './Shape';
import { tell } from './telling';
import { text } from './text';

const kinds = { typed: 'input', asks: 'request', stored: 'commit', heard: 'watch' } as const;

/** A step that begins so much after the one before is set apart. */
const PAUSE = 100 * MILLI;

/** Who has scrolled to within so many pixels of the end goes on with it. */
const FOLLOWS = 48;

export function Story({ messages }: { messages: readonly Message[] }) {
  const say = text();
  const typed = useMemo(() => inputs(messages), [messages]);
  // What somebody chose, or the latest input.
  const [chosen, setChosen] = useState(0);
  const event = typed.some(input => input.event === chosen) ? chosen : (typed.at(-1)?.event ?? 0);
  const steps = useMemo(() => narrate(event ? following(messages, event) : messages), [messages, event]);
  const list = useRef<HTMLOListElement>(null);
  const [follows, setFollows] = useState(true);
  // Not scrollIntoView: on a phone that would scroll the picture away as well.
  useEffect(() => {
    if (follows) {
      list.current?.scrollTo({ top: list.current.scrollHeight });
    }
  }, [steps, follows]);
  return (
    <div class="plane-story">
      {typed.length > 0 && (
        <label class="plane-story-of">
          <span>{say.of}</span>
          <select value={event} onChange={change => setChosen(Number(change.currentTarget.value))}>
            {typed.map(input => (
              <option key={input.event} value={input.event}>
                {input.text || say.kinds.input}
              </option>
            ))}
          </select>
        </label>
      )}
      {steps.length === 0 && <p class="plane-none">{say.emptyTitle}</p>}
      <ol
        ref={list}
        onScroll={event => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          setFollows(scrollHeight - scrollTop - clientHeight < FOLLOWS);
        }}
      >
        {steps.map((step, number) => {
          const before = steps[number - 1];
          const pause = before ? step.from - before.to : 0;
          return (
            <li
              key={step.key}
              class={number === steps.length - 1 ? 'latest' : ''}
              aria-current={number === steps.length - 1 ? 'step' : undefined}
            >
              {pause > PAUSE && <span class="plane-quiet numbers">{duration(pause)}</span>}
              <Told step={step} number={number + 1} />
            </li>
          );
        })}
      </ol>
    </div>
  );
}

function Told({ step, number }: { step: Step; number: number }) {
  const say = text();
  return (
    <div class={`plane-step ${step.ok ? '' : 'refused'}`}>
      <button
        type="button"
        class="plane-step-number"
        aria-label={`${number}`}
        onClick={() => select({ kind: 'message', message: step.first })}
      >
        {number}
      </button>
      <div class="plane-step-words">
        <p class="plane-step-when">
          <KindSign kind={kinds[step.kind]} ok={step.ok} />
          <MomentLink at={step.from} />
          {step.to - step.from > MILLI && <span>+{duration(step.to - step.from)}</span>}
        </p>
        <p>
          {tell(step).map((piece, place) =>
            typeof piece === 'string' ? piece : <ObjectLink key={place} object={piece} />,
          )}
        </p>
        {step.text &&
          (step.kind === 'typed' ? (
            <code class="plane-typed">{step.text}</code>
          ) : (
            <p class="plane-step-why">
              {say.decidedWhy} <q lang="en">{step.text}</q>
            </p>
          ))}
      </div>
    </div>
  );
}
