/** The messages in their order: who said what to whom, set in below what caused it. */
import { memo } from 'preact/compat';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Message } from '../../sim/frames';
import { select, selection } from '../../state/selection';
import { Button } from '../../ui/Button';
import { Icon } from '../../ui/Icon';
import { partyName } from '../../words/objects';
import { duration, MILLI, moment } from '../../words/time';
import { depths, filtered } from './chain';
import { KindSign } from './Shape';
import { text } from './text';

/** Rows in the document at most: the latest. */
const ROWS_MAX = 250;

/** A quiet time that is worth a line of its own. */
const QUIET = 40 * MILLI;

/** Deeper than this, rows don't go further in. */
const DEPTH_MAX = 10;

export function Log({
  messages,
  query,
  filter,
}: {
  messages: readonly Message[];
  query: string;
  filter: (query: string) => void;
}) {
  const say = text();
  const depth = useMemo(() => depths(messages), [messages]);
  const rows = useMemo(() => filtered(messages, query), [messages, query]);
  const visible = rows.slice(-ROWS_MAX);
  const list = useRef<HTMLOListElement>(null);
  const [follows, setFollows] = useState(true);
  const latest = visible.at(-1)?.message;
  useEffect(() => {
    if (follows && list.current) {
      list.current.scrollTop = list.current.scrollHeight;
    }
  }, [latest, follows, query]);
  const chosen = selection.value?.kind === 'message' ? selection.value.message : null;
  return (
    <div class="plane-log">
      <label class="plane-filter">
        <Icon name="search" size={14} />
        <span class="visually-hidden">{say.filter}</span>
        <input
          type="search"
          placeholder={say.filter}
          value={query}
          onInput={event => filter(event.currentTarget.value)}
        />
      </label>
      <ol
        ref={list}
        aria-label={say.log}
        onScroll={event => {
          const { scrollTop, scrollHeight, clientHeight } = event.currentTarget;
          setFollows(scrollHeight - scrollTop - clientHeight < 24);
        }}
        onKeyDown={moveFocus}
      >
        {visible.length === 0 && <li class="plane-none">{query ? say.noMatch : say.emptyTitle}</li>}
        {visible.map(({ message, matches }, number) => {
          const before = visible[number - 1]?.message;
          const quiet = before ? message.at - before.at : 0;
          return (
            <LogRow
              key={rowKey(message)}
              message={message}
              depth={Math.min(DEPTH_MAX, depth.get(message.event) ?? 0)}
              quiet={quiet > QUIET ? quiet : 0}
              dim={!matches}
              current={chosen === message}
            />
          );
        })}
      </ol>
      <footer class="plane-log-foot">
        <span class="numbers">
          {query ? say.some(rows.filter(row => row.matches).length, messages.length) : say.all(messages.length)}
        </span>
        {!follows && (
          <Button variant="quiet" icon="chevron-down" onClick={() => setFollows(true)}>
            {say.newest}
          </Button>
        )}
      </footer>
    </div>
  );
}

function rowKey(message: Message): string {
  return `${message.event} ${message.kind} ${message.to.role} ${message.to.name} ${message.object?.id ?? ''} ${message.verb}`;
}

/** Up and down go from row to row. */
function moveFocus(event: KeyboardEvent): void {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') {
    return;
  }
  const rows = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('.plane-row')];
  const at = rows.indexOf(document.activeElement as HTMLElement);
  const next = rows[at + (event.key === 'ArrowDown' ? 1 : -1)];
  if (at >= 0 && next) {
    event.preventDefault();
    next.focus();
  }
}

interface RowProps {
  message: Message;
  depth: number;
  quiet: number;
  dim: boolean;
  current: boolean;
}

/** A row is drawn once: messages don't change, and there are hundreds. */
const LogRow = memo(({ message, depth, quiet, dim, current }: RowProps) => {
  const say = text();
  const { kind, from, to, verb, resource, object, ok } = message;
  const inside = kind === 'work';
  return (
    <li>
      {quiet > 0 && <span class="plane-quiet numbers">{duration(quiet)}</span>}
      <button
        type="button"
        class={`plane-row ${dim ? 'dim' : ''}`}
        style={{ '--depth': depth }}
        aria-current={current ? 'true' : undefined}
        onClick={() => select({ kind: 'message', message })}
      >
        <KindSign kind={kind} ok={ok} />
        <span class="plane-row-words">
          <span class="plane-row-way">
            <span>
              {partyName(from)}
              {!inside && ` → ${partyName(to)}`}
            </span>
            <span class="numbers">{moment(message.at)}</span>
          </span>
          <span class="plane-row-what">
            <b>{verb || say.kinds[kind]}</b> {object ? object.name : resource}
            {object && <i> {object.kind}</i>}
            {!ok && <strong> {say.refused}</strong>}
          </span>
          {message.text && (
            <span class="plane-row-text" lang="en">
              {message.text}
            </span>
          )}
        </span>
      </button>
    </li>
  );
});
