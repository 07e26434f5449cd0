/** The view `packet`: one request, hop by hop. */
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Dns, Packet, Routing } from '../../sim/frames';
import { cluster } from '../../state/run';
import { Button } from '../../ui/Button';
import { Command } from '../../ui/Command';
import { Empty } from '../../ui/Empty';
import { Icon } from '../../ui/Icon';
import { ask, at, keepAsking, packet, question, refusal, stepping } from './asking';
import { firstQuestion } from './candidates';
import { Detail, placeName } from './Detail';
import { compare } from './headers';
import { QuestionForm } from './Question';
import { text } from './text';
import { WayMap } from './WayMap';
import { type Step, stepsOf } from './way';
import './packet.css';

/** How long a step is looked at while they follow one another, in milliseconds. */
const STEP_PACE = 1100;

/** Suggests a question as soon as there is one, unless somebody has begun to ask; gives what ends that. */
function suggesting(): () => void {
  return effect(() => {
    const { from, to } = question.value;
    if (from || to) return;
    const first = firstQuestion(cluster.value);
    if (!first) return;
    question.value = first;
    void ask();
  });
}

export function PacketView() {
  useEffect(keepAsking, []);
  useEffect(suggesting, []);
  const answer = packet.value;
  return (
    <section class="packet">
      <QuestionForm />
      {refusal.value && (
        <p class="packet-refusal" role="alert">
          <Icon name="warning" /> {refusal.value}
        </p>
      )}
      {answer ? <Answer answer={answer} /> : !refusal.value && <Nothing />}
    </section>
  );
}

function Nothing() {
  const t = text();
  const someone = [...cluster.value.pods.values()].some(pod => pod.sandbox);
  return (
    <Empty icon="packet" title={t.emptyTitle}>
      <p>{someone ? t.emptyText : t.emptyPods}</p>
      {!someone && (
        <div class="packet-commands">
          <Command line="kubectl create deployment web --image=nginx --replicas=3" />
          <Command line="kubectl expose deployment web --port=80" />
          <Command line="kubectl run client --image=busybox -- sleep 1d" />
        </div>
      )}
    </Empty>
  );
}

function Answer({ answer }: { answer: Packet }) {
  const { ways, steps } = stepsOf(answer);
  const current = steps[Math.min(at.value, steps.length - 1)];
  useStepping(steps.length);
  const go = (index: number) => {
    at.value = Math.max(0, Math.min(steps.length - 1, index));
  };
  const way = current && ways[current.walk];
  return (
    <>
      <Outcome answer={answer} />
      {answer.dns && <DnsStory dns={answer.dns} />}
      {current && way && (
        <>
          {ways.length > 1 && (
            <Walks
              names={answer.walks.map(walk => `${walk.from} → ${walk.target}`)}
              current={current.walk}
              go={walk => go(steps.findIndex(step => step.walk === walk))}
            />
          )}
          <WayMap way={way} current={current} choose={step => go(steps.indexOf(step))} />
          <Stepper index={steps.indexOf(current)} count={steps.length} go={go} />
          <div class="packet-ground">
            <Steps steps={steps} current={current} go={go} routing={answer.routing} />
            <div>
              <Detail step={current} />
              <Connections answer={answer} walk={current.walk} />
            </div>
          </div>
        </>
      )}
    </>
  );
}

function useStepping(count: number): void {
  const on = stepping.value;
  useEffect(() => {
    if (!on) return;
    const timer = setInterval(() => {
      if (at.peek() >= count - 1) stepping.value = false;
      else at.value += 1;
    }, STEP_PACE);
    return () => clearInterval(timer);
  }, [on, count]);
}

function Outcome({ answer }: { answer: Packet }) {
  const t = text();
  const last = answer.walks.at(-1);
  const failed = answer.walks.find(walk => walk.cause);
  if (answer.arrives) {
    return (
      <p class="packet-outcome good" role="status">
        <Icon name="check" />
        <b>{last?.reached ? t.answered(last.reached) : t.arrived}</b>
        <span>{answer.question}</span>
        <Decision routing={answer.routing} />
      </p>
    );
  }
  return (
    <div class="packet-outcome bad" role="alert">
      <p>
        <Icon name="warning" />
        <b>{t.failed}</b>
        <span>{answer.question}</span>
      </p>
      <p>{failed?.cause ?? answer.failure}</p>
      {failed && <p>{t.sees(failed.from, failed.seen)}</p>}
      <Decision routing={answer.routing} />
    </div>
  );
}

/** What a proxy in between has decided. */
function Decision({ routing }: { routing: Routing | null }) {
  if (!routing) return null;
  const t = text();
  const result = routing.status === null ? routing.service && t.asks(routing.service) : t.status(routing.status);
  return (
    <span class="packet-routing">
      {t.proxy(routing.by)}: {routing.why}
      {result && `, ${result}`}
    </span>
  );
}

function DnsStory({ dns }: { dns: Dns }) {
  const t = text();
  return (
    <details class="packet-dns" open>
      <summary>
        {t.dns}: <code>{dns.name}</code>
      </summary>
      <ol>
        {dns.steps.map((step, number) => (
          <li key={number}>
            <code>
              {step.name} {step.type}?
            </code>
            <span>→ {step.server}</span>
            <b class={step.answer === 'NOERROR' && step.records.length > 0 ? 'good' : 'bad'}>
              {step.answer ?? t.dnsNoAnswer}
            </b>
            {step.records.length > 0 && <code>{step.records.join(', ')}</code>}
          </li>
        ))}
      </ol>
      <p>{dns.addresses.length > 0 ? t.dnsAddresses(dns.addresses.join(', ')) : t.dnsNone}</p>
    </details>
  );
}

function Walks({ names, current, go }: { names: readonly string[]; current: number; go: (walk: number) => void }) {
  return (
    <div class="packet-walks">
      {names.map((name, walk) => (
        <button key={walk} type="button" class="tab" aria-pressed={walk === current} onClick={() => go(walk)}>
          {walk + 1} · {name}
        </button>
      ))}
    </div>
  );
}

function Stepper({ index, count, go }: { index: number; count: number; go: (index: number) => void }) {
  const t = text();
  const move = (to: number) => {
    stepping.value = false;
    go(to);
  };
  return (
    <div class="packet-stepper">
      <Button
        variant="quiet"
        icon="chevron-left"
        label={t.previous}
        disabled={index === 0}
        onClick={() => move(index - 1)}
      />
      <Button
        variant="plain"
        icon={stepping.value ? 'pause' : 'play'}
        label={stepping.value ? t.pause : t.play}
        onClick={() => {
          if (!stepping.value && index === count - 1) go(0);
          stepping.value = !stepping.value;
        }}
      />
      <Button
        variant="quiet"
        icon="chevron-right"
        label={t.next}
        disabled={index === count - 1}
        onClick={() => move(index + 1)}
      />
      <input
        type="range"
        min="0"
        max={count - 1}
        value={index}
        aria-label={t.step(index + 1, count)}
        onInput={event => move(Number(event.currentTarget.value))}
      />
      <output class="numbers">{t.step(index + 1, count)}</output>
    </div>
  );
}

function Steps({
  steps,
  current,
  go,
  routing,
}: {
  steps: readonly Step[];
  current: Step;
  go: (index: number) => void;
  routing: Routing | null;
}) {
  const t = text();
  const list = useRef<HTMLOListElement>(null);
  useEffect(() => {
    // Within the list only: the page is where its reader has put it.
    const item = list.current?.querySelector<HTMLElement>('[aria-current]');
    const box = list.current;
    if (!item || !box) return;
    const top = item.offsetTop - box.offsetTop;
    if (top < box.scrollTop || top + item.offsetHeight > box.scrollTop + box.clientHeight)
      box.scrollTop = top - box.clientHeight / 2;
  }, [current]);
  return (
    <nav class="packet-steps" aria-label={t.hops}>
      <ol ref={list}>
        {steps.map((step, index) => {
          const before = steps[index - 1];
          const starts = !before || before.walk !== step.walk || before.back !== step.back;
          const { effects } = compare(step.came, step.hop.after);
          const lost = step.hop.verdict === 'drop' || step.hop.verdict === 'reject';
          return (
            <li key={index}>
              {starts && before && before.walk !== step.walk && routing && (
                <p class="packet-between">{t.proxy(routing.by)}</p>
              )}
              {starts && <h4>{step.back ? t.back : t.there}</h4>}
              <button
                type="button"
                class={lost ? 'lost' : ''}
                {...(step === current ? { 'aria-current': 'step' as const } : {})}
                onClick={() => go(index)}
              >
                <span class="step-number">{step.number}</span>
                <span class="step-place">{placeName(step.hop)}</span>
                <code>{step.hop.interface}</code>
                <span class="step-effects">
                  {lost
                    ? t.verdicts[step.hop.verdict === 'drop' ? 'drop' : 'reject']
                    : effects
                        .filter(effect => effect !== 'mac' && effect !== 'mark')
                        .map(effect => t.short[effect])
                        .join(' ')}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
    </nav>
  );
}

function Connections({ answer, walk }: { answer: Packet; walk: number }) {
  const entries = answer.walks[walk]?.conntrack ?? [];
  if (entries.length === 0) return null;
  return (
    <details class="packet-connections">
      <summary>{text().connections}</summary>
      <dl>
        {entries.map(([node, entry], index) => (
          <div key={index}>
            <dt>{node}</dt>
            <dd>
              <code>{entry}</code>
            </dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
