/** The view `story`: what the opened scenario did and what was checked, in step with time. */
import { useComputed } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { Opened, Verdict } from '../../sim/frames';
import { seek } from '../../state/clock';
import { cluster, opened } from '../../state/run';
import { Command } from '../../ui/Command';
import { Empty } from '../../ui/Empty';
import { Icon, type IconName } from '../../ui/Icon';
import { moment } from '../../words/time';
import { moments, outcome, told } from './progress';
import { text } from './text';
import './Story.css';

const icons: { readonly [tone: string]: IconName } = {
  command: 'terminal',
  output: 'chevron-right',
  trouble: 'warning',
  fault: 'fault',
  workload: 'workload',
  pod: 'pod',
  ready: 'check',
  leaving: 'trash',
  event: 'events',
  warning: 'warning',
  node: 'node',
  note: 'info',
  holds: 'check',
  fails: 'close',
};

function toneWords(tone: string): string {
  const tones: { readonly [tone: string]: string } = text().tones;
  return tones[tone] ?? tone;
}

export function StoryView() {
  const run = opened.value;
  const say = text();
  if (!run || (!run.name && run.story.length === 0)) {
    return (
      <Empty icon="story" title={say.emptyTitle}>
        <p>{say.emptyText}</p>
        <div class="commands">
          <Command line={say.tryCreate} />
        </div>
      </Empty>
    );
  }
  return (
    <div class="story">
      <header class="story-head">
        <h2>{run.name}</h2>
        {run.description && <p>{run.description}</p>}
        <p class="story-facts numbers">{say.seed(run.seed)}</p>
        <Verdicts verdicts={run.verdicts} />
      </header>
      <Lines run={run} />
    </div>
  );
}

function Verdicts({ verdicts }: { verdicts: readonly Verdict[] }) {
  const say = text();
  const { held, failed } = outcome(verdicts);
  if (verdicts.length === 0) {
    return null;
  }
  return (
    <details class="story-verdicts" open={failed > 0}>
      <summary>
        <span>{say.verdicts}</span>
        {held > 0 && (
          <span class="story-count holds">
            <Icon name="check" size={13} />
            {say.held(held)}
          </span>
        )}
        {failed > 0 && (
          <span class="story-count fails">
            <Icon name="close" size={13} />
            {say.failed(failed)}
          </span>
        )}
      </summary>
      <ul>
        {verdicts.map(verdict => (
          <li key={verdict.that} class={verdict.holds ? 'holds' : 'fails'}>
            <Icon name={verdict.holds ? 'check' : 'close'} size={14} />
            <span>
              <code>{verdict.that}</code>
              {!verdict.holds && (
                <span class="story-found">
                  {say.found} {verdict.found}
                </span>
              )}
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}

function Lines({ run }: { run: Opened }) {
  const say = text();
  const groups = useMemo(() => moments(run.story), [run]);
  // A number that changes seldom: the list isn't drawn anew with every tick.
  const count = useComputed(() => told(opened.value?.story ?? [], cluster.value.at)).value;
  const at = count > 0 ? run.story[count - 1]?.at : undefined;
  const current = useRef<HTMLLIElement>(null);
  useEffect(() => current.current?.scrollIntoView({ block: 'nearest' }), [at]);
  if (run.story.length === 0) {
    return <p class="story-none">{say.noStory}</p>;
  }
  return (
    <>
      <ol class="story-lines">
        {groups.map(group => {
          const ahead = at === undefined || group.at > at;
          const isCurrent = group.at === at;
          return (
            <li
              key={group.at}
              ref={isCurrent ? current : null}
              class={ahead ? 'ahead' : isCurrent ? 'current' : ''}
              aria-current={isCurrent ? 'step' : undefined}
            >
              <button type="button" onClick={() => void seek(group.at)}>
                <span class="story-at numbers">
                  {moment(group.at)}
                  {ahead && <span class="visually-hidden"> {say.ahead}</span>}
                </span>
                <span class="story-moment">
                  {group.lines.map((line, number) => (
                    <span key={number} class={`story-line tone-${line.tone}`}>
                      <span class="story-sign" title={toneWords(line.tone)}>
                        <Icon name={icons[line.tone] ?? 'info'} size={14} />
                      </span>
                      <span class="story-words">{line.text}</span>
                    </span>
                  ))}
                </span>
              </button>
            </li>
          );
        })}
      </ol>
      <footer class="story-foot numbers">{say.told(count, run.story.length)}</footer>
    </>
  );
}
