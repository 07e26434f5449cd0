/** Why something is as it is: the chain of causes as a thread, the latest first, back to what somebody typed. */
import { useState } from 'preact/hooks';
import { sim } from '../../sim/client';
import type { CauseKind, Why } from '../../sim/frames';
import { useAnswer } from '../../state/answer';
import { seek } from '../../state/clock';
import { cluster } from '../../state/run';
import type { Selection } from '../../state/selection';
import { Button } from '../../ui/Button';
import { Command } from '../../ui/Command';
import { Empty } from '../../ui/Empty';
import { Icon, type IconName } from '../../ui/Icon';
import { MomentLink } from '../../ui/MomentLink';
import { ObjectLink } from '../../ui/ObjectLink';
import { duration, moment } from '../../words/time';
import { fold, type Link } from './fold';
import { text } from './text';
import { words } from './words';
import './Why.css';

/** How long to wait before an object that changes is asked about again. */
const AGAIN_MS = 400;

const icons: Readonly<Record<CauseKind, IconName>> = {
  input: 'terminal',
  request: 'packet',
  decision: 'why',
  heard: 'eye',
  runtime: 'restart',
  step: 'step-event',
};

function ask(about: Selection): Promise<Why> {
  switch (about.kind) {
    case 'object':
      return sim.why(about.object.id);
    case 'event':
      return sim.whyEvent(about.event);
    case 'message':
      return sim.whyEvent(about.message.event);
  }
}

/** What is asked about, as one text: the same question isn't asked twice. */
function questionOf(about: Selection): string {
  switch (about.kind) {
    case 'object':
      return about.object.id;
    case 'event':
      return `event ${about.event}`;
    case 'message':
      return `event ${about.message.event}`;
  }
}

/** Nothing is selected yet: what to do. */
export function WhyEmpty() {
  const say = text();
  return (
    <Empty icon="why" title={say.title}>
      <p>{say.pick}</p>
      {cluster.value.owners.size === 0 && (
        <div class="commands">
          <span>{say.try}</span>
          <Command line="kubectl create deployment web --image=nginx --replicas=3" />
        </div>
      )}
    </Empty>
  );
}

export function WhyView({ about }: { about: Selection }) {
  const [trail, setTrail] = useState<{ from: string; events: number[] }>({ from: '', events: [] });
  const question = questionOf(about);
  // A trail belongs to the selection that it began at.
  const events = trail.from === question ? trail.events : [];
  const deepest = events.at(-1);
  const asked: Selection = deepest === undefined ? about : { kind: 'event', event: deepest };
  // Objects change; an event stays what it was.
  const changes = () => (asked.kind === 'object' ? cluster.value.revision : 0);
  const { value, problem } = useAnswer(questionOf(asked), changes, () => ask(asked), AGAIN_MS);
  const say = text();
  return (
    <section class="why" aria-live="polite" aria-busy={!value && problem === null}>
      {events.length > 0 && (
        <Button
          variant="quiet"
          icon="chevron-up"
          class="why-back"
          onClick={() => setTrail({ from: question, events: events.slice(0, -1) })}
        >
          {say.back}
        </Button>
      )}
      {!value && problem === null && <p class="why-note">{say.loading}</p>}
      {problem !== null && (
        <p class="why-note">
          {say.failed}
          {problem && `: ${problem}`}
        </p>
      )}
      {value && (
        <Thread
          why={value}
          key={questionOf(asked)}
          deeper={event => setTrail({ from: question, events: [...events, event] })}
        />
      )}
    </section>
  );
}

function Thread({ why, deeper }: { why: Why; deeper: (event: number) => void }) {
  const [open, setOpen] = useState(false);
  const say = text();
  if (why.did === 'forgotten') {
    return <p class="why-note">{say.forgotten}</p>;
  }
  const { near, hidden, far, opens } = fold(why, open);
  return (
    <>
      <header class="why-head">
        <p>
          {why.object && <ObjectLink object={why.object} />} {say[why.did]}{' '}
          <span class="numbers">{say.at(moment(why.at))}</span>
        </p>
        <Button icon="timeline" onClick={() => void seek(why.at)} title={say.goThere(moment(why.at))}>
          {say.showMe}
        </Button>
      </header>
      <ol class="why-chain" aria-label={say.because}>
        {near.map((link, number) => (
          <Step
            key={link.cause.event + link.cause.kind}
            link={link}
            later={near[number - 1]?.cause.at ?? why.at}
            deeper={deeper}
          />
        ))}
        {hidden > 0 && (
          <li class="why-gap">
            <button type="button" disabled={!opens} onClick={() => setOpen(true)}>
              {say.more(hidden)}
            </button>
          </li>
        )}
        {far.map((link, number) => (
          <Step
            key={link.cause.event + link.cause.kind}
            link={link}
            later={far[number - 1]?.cause.at ?? link.cause.at}
            deeper={deeper}
          />
        ))}
      </ol>
      {open && (
        <Button variant="quiet" icon="chevron-up" onClick={() => setOpen(false)}>
          {say.less}
        </Button>
      )}
    </>
  );
}

function Step({ link, later, deeper }: { link: Link; later: number; deeper: (event: number) => void }) {
  const { cause, times } = link;
  const { before, object, after, quote } = words(cause);
  const say = text();
  const since = later - cause.at;
  return (
    <li class={`why-step cause-${cause.kind} ${cause.ok ? '' : 'refused'}`}>
      <span class="why-knot">
        <Icon name={icons[cause.kind]} size={14} />
      </span>
      <div class="why-words">
        <p class="why-when">
          <MomentLink at={cause.at} />
          {since > 0 && <span class="why-since">{say.earlier(duration(since))}</span>}
          {times > 1 && <span class="why-times">{say.times(times)}</span>}
        </p>
        <p>
          {before}
          {object && <ObjectLink object={object} />}
          {after}
          {!cause.ok && <strong class="why-refused">{say.refused}</strong>}
        </p>
        {quote && (cause.kind === 'input' ? <code class="why-typed">{quote}</code> : <q lang="en">{quote}</q>)}
        {cause.kind !== 'input' && (
          <button type="button" class="why-deeper" onClick={() => deeper(cause.event)}>
            {say.whyThis}
          </button>
        )}
      </div>
    </li>
  );
}
