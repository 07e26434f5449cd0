/** The view `events`: what `kubectl get events` lists, live. */
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { sim } from '../../sim/client';
import type { EventRow } from '../../sim/frames';
import { useAnswer } from '../../state/answer';
import { cluster } from '../../state/run';
import { select } from '../../state/selection';
import { useThrottled } from '../../state/throttle';
import { Button } from '../../ui/Button';
import { Command } from '../../ui/Command';
import { Empty } from '../../ui/Empty';
import { Icon } from '../../ui/Icon';
import { ObjectLink } from '../../ui/ObjectLink';
import { duration, moment, SECOND } from '../../words/time';
import { WhyView } from '../why/Why';
import { choices, everything, type Filter, news, wanted } from './filter';
import { text } from './text';
import { rowsInSight, scrollTo } from './window';
import './Events.css';

/** A row's height in pixels; on a phone a row has two lines. */
const ROW = 34;
const ROW_NARROW = 64;

/** How many the model tells at most. */
const MOST = 500;

function asked(): Promise<EventRow[]> {
  return sim.events('');
}

/** The latest first, as they are looked for. */
function sorted(rows: readonly EventRow[]): EventRow[] {
  return [...rows].reverse().sort((one, other) => other.last - one.last);
}

export function EventsView() {
  const { value, problem } = useAnswer('events', () => cluster.value.revision, asked, 300);
  const [filter, setFilter] = useState<Filter>(everything);
  const [chosen, setChosen] = useState<string | null>(null);
  const say = text();
  const all = useMemo(() => sorted(value ?? []), [value]);
  const rows = useMemo(() => all.filter(row => wanted(row, filter)), [all, filter]);
  const fresh = useNews(value);
  const open = all.find(row => row.id === chosen);
  if (value && all.length === 0) {
    return (
      <Empty icon="events" title={say.emptyTitle}>
        <p>{say.emptyText}</p>
        <div class="commands">
          <Command line={say.tryCreate} />
          <Command line={say.tryBroken} />
        </div>
      </Empty>
    );
  }
  return (
    <div class="events">
      <Filters rows={all} filter={filter} change={setFilter} />
      {problem !== null && <p class="events-none">{problem}</p>}
      <List
        rows={rows}
        fresh={fresh}
        chosen={chosen}
        choose={row => {
          setChosen(row.id);
          select({ kind: 'object', object: row.about });
        }}
        clear={() => setFilter(everything)}
      />
      {open && <Details row={open} close={() => setChosen(null)} />}
      <footer class="events-foot numbers">
        {say.shown(rows.length, all.length)}
        {all.length >= MOST && ` · ${say.latest(MOST)}`}
      </footer>
    </div>
  );
}

/** Which rows are new since they were looked at before: nothing is, at the first look. */
function useNews(all: readonly EventRow[] | null): ReadonlySet<string> {
  const before = useRef<readonly EventRow[] | null>(null);
  const fresh = useMemo(() => (before.current && all ? news(before.current, all) : new Set<string>()), [all]);
  useEffect(() => {
    before.current = all;
  }, [all]);
  return fresh;
}

function Filters({
  rows,
  filter,
  change,
}: {
  rows: readonly EventRow[];
  filter: Filter;
  change: (filter: Filter) => void;
}) {
  const say = text();
  const { namespaces, kinds } = useMemo(() => choices(rows), [rows]);
  const pick = (part: Partial<Filter>) => change({ ...filter, ...part });
  return (
    <search class="events-filters" aria-label={say.filters}>
      <label class="events-search">
        <Icon name="search" size={14} />
        <span class="visually-hidden">{say.search}</span>
        <input
          type="search"
          placeholder={say.search}
          value={filter.text}
          onInput={event => pick({ text: event.currentTarget.value })}
        />
      </label>
      <select
        aria-label={say.type}
        value={filter.type}
        onChange={event => pick({ type: event.currentTarget.value as Filter['type'] })}
      >
        <option value="">{say.allTypes}</option>
        <option>Normal</option>
        <option>Warning</option>
      </select>
      <select aria-label={say.kind} value={filter.kind} onChange={event => pick({ kind: event.currentTarget.value })}>
        <option value="">{say.allKinds}</option>
        {kinds.map(kind => (
          <option key={kind}>{kind}</option>
        ))}
      </select>
      <select
        aria-label={say.namespace}
        value={filter.namespace}
        onChange={event => pick({ namespace: event.currentTarget.value })}
      >
        <option value="">{say.allNamespaces}</option>
        {namespaces.map(name => (
          <option key={name}>{name}</option>
        ))}
      </select>
    </search>
  );
}

interface ListProps {
  rows: readonly EventRow[];
  fresh: ReadonlySet<string>;
  chosen: string | null;
  choose: (row: EventRow) => void;
  clear: () => void;
}

function List({ rows, fresh, chosen, choose, clear }: ListProps) {
  const say = text();
  const frame = useRef<HTMLDivElement>(null);
  const [scrolled, setScrolled] = useState(0);
  const [size, setSize] = useState({ width: 0, height: 0 });
  // The time "ago" needn't follow every tick.
  const now = useThrottled(cluster, 250).at;
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => {
      if (entry) {
        setSize({ width: entry.contentRect.width, height: entry.contentRect.height });
      }
    });
    if (frame.current) {
      observer.observe(frame.current);
    }
    return () => observer.disconnect();
  }, []);
  const height = size.width < 640 ? ROW_NARROW : ROW;
  const window = rowsInSight(rows.length, height, scrolled, size.height);
  const move = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 }[event.key];
    if (by === undefined || !frame.current) {
      return;
    }
    event.preventDefault();
    const at = rows.findIndex(row => row.id === chosen);
    const next = Math.min(rows.length - 1, Math.max(0, at + by));
    const row = rows[next];
    if (row) {
      choose(row);
      const top = scrollTo(next, height, frame.current.scrollTop, frame.current.clientHeight);
      if (top !== null) {
        frame.current.scrollTop = top;
      }
    }
  };
  return (
    <div class="events-table">
      <div class="events-row events-heads" aria-hidden="true">
        {Object.entries(say.columns).map(([key, words]) => (
          <span key={key} class={`events-${key}`}>
            {words}
          </span>
        ))}
      </div>
      <div
        ref={frame}
        class="events-list"
        role="listbox"
        aria-label={say.title}
        aria-activedescendant={chosen ? rowId(chosen) : undefined}
        tabIndex={0}
        onScroll={event => setScrolled(event.currentTarget.scrollTop)}
        onKeyDown={move}
      >
        {rows.length === 0 && (
          <p class="events-none">
            {say.none} <Button onClick={clear}>{say.clear}</Button>
          </p>
        )}
        <div style={{ height: window.whole, position: 'relative' }}>
          {rows.slice(window.first, window.end).map((row, number) => (
            <Row
              key={row.id}
              row={row}
              now={now}
              top={window.above + number * height}
              height={height}
              index={window.first + number}
              count={rows.length}
              fresh={fresh.has(row.id)}
              chosen={row.id === chosen}
              choose={choose}
            />
          ))}
        </div>
      </div>
    </div>
  );
}

/** The row's element, for whoever reads aloud which one is chosen. */
function rowId(id: string): string {
  return `row-${id.replace(':', '-')}`;
}

interface RowProps {
  row: EventRow;
  now: number;
  top: number;
  height: number;
  index: number;
  count: number;
  fresh: boolean;
  chosen: boolean;
  choose: (row: EventRow) => void;
}

/** Whole seconds: what happens between them makes numbers only restless. */
function age(nanos: number): string {
  return duration(Math.max(0, Math.floor(nanos / SECOND) * SECOND));
}

function Row({ row, now, top, height, index, count, fresh, chosen, choose }: RowProps) {
  const say = text();
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the list around it has the keys
    <div
      class={`events-row ${row.warning ? 'warning' : ''} ${fresh ? 'fresh' : ''}`}
      id={rowId(row.id)}
      role="option"
      tabIndex={-1}
      aria-posinset={index + 1}
      aria-setsize={count}
      aria-selected={chosen}
      style={{ transform: `translateY(${top}px)`, height }}
      onClick={() => choose(row)}
    >
      <span class="events-last numbers" title={moment(row.last)}>
        {say.ago(age(now - row.last))}
        {row.count > 1 && <small title={say.times(row.count, duration(row.last - row.first))}>×{row.count}</small>}
      </span>
      <span class="events-type">
        <Icon name={row.warning ? 'warning' : 'info'} size={13} />
        {row.warning ? 'Warning' : 'Normal'}
      </span>
      <span class="events-reason">{row.reason}</span>
      <span class="events-object">
        {row.about.kind.toLowerCase()}/{row.about.name}
      </span>
      <span class="events-message" title={row.message}>
        {row.message}
      </span>
    </div>
  );
}

function Details({ row, close }: { row: EventRow; close: () => void }) {
  const say = text();
  return (
    <section class="events-details" aria-label={say.why}>
      <header>
        <div>
          <p class={row.warning ? 'warning' : ''}>
            <strong>{row.reason}</strong> · <ObjectLink object={row.about} />
          </p>
          <p>{row.message}</p>
          <p class="events-facts numbers">
            {say.from} {row.source} · {say.first} {moment(row.first)}
            {row.count > 1 && ` · ${say.times(row.count, duration(row.last - row.first))}`}
          </p>
        </div>
        <Button variant="quiet" icon="close" label={say.close} onClick={close} />
      </header>
      <h3>{say.why}</h3>
      <WhyView about={{ kind: 'object', object: { ...row.about, id: row.id, kind: 'Event' } }} />
    </section>
  );
}
