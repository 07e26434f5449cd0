/** The view `timeline`: the lives of nodes and Pods and the sizes of what makes them, and the way back to each moment. */
import { signal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { sim } from '../../sim/client';
import type { History } from '../../sim/frames';
import { useAnswer } from '../../state/answer';
import { seek } from '../../state/clock';
import { cluster } from '../../state/run';
import { Button } from '../../ui/Button';
import { Command } from '../../ui/Command';
import { Empty } from '../../ui/Empty';
import { moment } from '../../words/time';
import { Bookmarks } from './Bookmarks';
import { type Bookmark, nextMoment, withBookmark } from './bookmarks';
import { Canvas } from './Canvas';
import { rows } from './rows';
import { Sign } from './Sign';
import { type Range, whole, zoom } from './scale';
import { text } from './text';
import './Timeline.css';

/** How often history is asked for at most. */
const HISTORY_MS = 250;

/** Marks that are listed for those who can't see the lanes: the latest. */
const MARKS_MAX = 200;

/** Kept while the page is open, so that they are there when the view is shown again. */
const bookmarks = signal<readonly Bookmark[]>([]);
const closed = signal<ReadonlySet<string>>(new Set());
/** `null`: all of it, however long it becomes. */
const range = signal<Range | null>(null);

const kinds = ['input', 'fault', 'warning', 'rollout'] as const;

function bookmark(): void {
  const number = bookmarks.value.length + 1;
  bookmarks.value = withBookmark(bookmarks.value, cluster.peek().at, text().bookmarkName(number));
}

/** Goes to the mark or bookmark before or after now. */
function jump(history: History, forward: boolean): void {
  const moments = [...history.marks.map(mark => mark.at), ...bookmarks.peek().map(bookmark => bookmark.at)];
  const next = nextMoment(moments, cluster.peek().at, forward);
  if (next !== null) {
    void seek(next);
  }
}

export function TimelineView() {
  const { value: history } = useAnswer(
    'history',
    () => `${cluster.value.horizon} ${cluster.value.revision}`,
    () => sim.history(),
    HISTORY_MS,
  );
  const say = text();
  if (!history) {
    return <div class="loading" />;
  }
  const quiet = history.pods.length === 0 && history.marks.length === 0;
  return (
    <div class="timeline">
      <Tools history={history} />
      <Bookmarks bookmarks={bookmarks} />
      {quiet ? (
        <Empty icon="timeline" title={say.emptyTitle}>
          <p>{say.emptyText}</p>
          <div class="commands">
            <Command line={say.tryCreate} />
          </div>
        </Empty>
      ) : (
        <Lanes history={history} />
      )}
      <footer class="timeline-foot">
        <span>{say.follow}</span>
        {history.podsLeftOut > 0 && <span>{say.leftOut(history.podsLeftOut)}</span>}
      </footer>
    </div>
  );
}

const namespace = signal('');

function Tools({ history }: { history: History }) {
  const say = text();
  const shown = range.value ?? whole(history.horizon);
  const closer = (factor: number) => {
    const { at } = cluster.peek();
    const around = at >= shown.from && at <= shown.to ? at : (shown.from + shown.to) / 2;
    range.value = zoom(shown, factor, around, history.horizon);
  };
  const namespaces = useMemo(() => {
    const all = [...history.pods.map(lane => lane.pod.namespace), ...history.sizes.map(lane => lane.owner.namespace)];
    return [...new Set(all)].sort();
  }, [history]);
  return (
    <div class="timeline-tools" role="toolbar" aria-label={say.tools}>
      <span class="timeline-group">
        <Button variant="quiet" icon="search" label={say.zoomIn} shortcut="+" onClick={() => closer(0.5)}>
          +
        </Button>
        <Button variant="quiet" icon="search" label={say.zoomOut} shortcut="-" onClick={() => closer(2)}>
          −
        </Button>
        <Button
          variant="quiet"
          pressed={range.value === null}
          onClick={() => {
            range.value = null;
          }}
        >
          {say.fit}
        </Button>
      </span>
      <span class="timeline-group">
        <Button
          variant="quiet"
          class="timeline-back"
          icon="step-event"
          label={say.before}
          shortcut="["
          onClick={() => jump(history, false)}
        />
        <Button variant="quiet" icon="step-event" label={say.after} shortcut="]" onClick={() => jump(history, true)} />
        <Button variant="quiet" icon="flag" label={say.bookmark} shortcut="B" onClick={bookmark} />
      </span>
      {namespaces.length > 1 && (
        <select
          aria-label={say.namespace}
          value={namespace.value}
          onChange={event => {
            namespace.value = event.currentTarget.value;
          }}
        >
          <option value="">{say.allNamespaces}</option>
          {namespaces.map(name => (
            <option key={name}>{name}</option>
          ))}
        </select>
      )}
      <ul class="timeline-legend">
        {kinds.map(kind => (
          <li key={kind}>
            <Sign kind={kind} />
            {say.kinds[kind]}
          </li>
        ))}
      </ul>
    </div>
  );
}

function Lanes({ history }: { history: History }) {
  const all = useMemo(() => rows(history, namespace.value, closed.value), [history, namespace.value, closed.value]);
  const say = text();
  return (
    <>
      <Canvas
        history={history}
        rows={all}
        range={range}
        closed={closed}
        bookmarks={bookmarks}
        jump={forward => jump(history, forward)}
        bookmark={bookmark}
      />
      <ul class="visually-hidden" aria-label={say.marks}>
        {history.marks.slice(-MARKS_MAX).map((mark, number) => (
          <li key={`${mark.at} ${number}`}>
            <button type="button" onClick={() => void seek(mark.at)}>
              {moment(mark.at)} {say.kinds[mark.kind]}: {mark.text}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
