/** What is under the pointer, in words. */
import type { ComponentChildren } from 'preact';
import type { History } from '../../sim/frames';
import { StateDot } from '../../ui/StateDot';
import { duration, moment } from '../../words/time';
import type { Hit } from './hit';
import { type Row, spanAt } from './rows';
import { Sign } from './Sign';
import { text } from './text';

/** Marks that are told at most. */
const MARKS_MAX = 5;

export function Tooltip({
  hit,
  history,
  x,
  y,
  width,
}: {
  hit: Hit;
  history: History;
  x: number;
  y: number;
  width: number;
}) {
  const content = wordsFor(hit, history);
  if (!content) {
    return null;
  }
  // To the left of the pointer in the right half, so that it never sticks out.
  const side = x > width / 2 ? { insetInlineEnd: `${width - x + 14}px` } : { insetInlineStart: `${x + 14}px` };
  return (
    <div class="timeline-tip" role="tooltip" style={{ ...side, top: `${y + 14}px` }}>
      {content}
    </div>
  );
}

function wordsFor(hit: Hit, history: History): ComponentChildren {
  const say = text();
  switch (hit.kind) {
    case 'ruler':
      return hit.at <= history.horizon && <span class="numbers">{moment(hit.at)}</span>;
    case 'marks':
      return (
        hit.marks.length > 0 && (
          <>
            {hit.marks.slice(-MARKS_MAX).map((mark, number) => (
              <p key={`${mark.at} ${number}`} class="timeline-tip-mark">
                <Sign kind={mark.kind} />
                <span>
                  <span class="numbers">{moment(mark.at)}</span>{' '}
                  {mark.kind === 'input' ? <code>{mark.text}</code> : mark.text}
                </span>
              </p>
            ))}
            {hit.marks.length > MARKS_MAX && <p>{say.more(hit.marks.length - MARKS_MAX)}</p>}
          </>
        )
      );
    case 'row':
      return <RowWords row={hit.row} at={hit.at} horizon={history.horizon} />;
    case 'label':
      return hit.row.kind === 'group' ? null : (
        <RowWords row={hit.row} at={history.horizon} horizon={history.horizon} />
      );
    case 'nothing':
      return null;
  }
}

/** How long a span lasted, or that it goes on. */
function Lasted({
  spans,
  at,
  end,
  horizon,
}: {
  spans: readonly { from: number }[];
  at: number;
  end: number;
  horizon: number;
}) {
  const say = text();
  const span = spanAt(spans, at);
  const next = spans.find(other => other.from > at)?.from ?? end;
  return (
    span && (
      <p class="numbers">
        {moment(span.from)} · {next >= horizon ? say.goes : say.lasted(duration(next - span.from))}
      </p>
    )
  );
}

function RowWords({ row, at, horizon }: { row: Row; at: number; horizon: number }) {
  const say = text();
  switch (row.kind) {
    case 'group':
      return null;
    case 'node': {
      const span = spanAt(row.lane.spans, at);
      return (
        <>
          <strong>{row.lane.node.name}</strong>
          {span && (
            <p>
              {span.ready ? say.ready : say.notReady}
              {!span.schedulable && `, ${say.cordoned}`}
            </p>
          )}
          <Lasted spans={row.lane.spans} at={at} end={horizon} horizon={horizon} />
        </>
      );
    }
    case 'size': {
      const step = spanAt(row.lane.steps, at);
      return (
        <>
          <strong>{row.lane.owner.name}</strong>
          <p>
            {step === null || step.desired === null
              ? say.gone
              : `${say.wants(step.desired)}, ${say.hasReady(step.ready)}`}
          </p>
          <Lasted spans={row.lane.steps} at={at} end={horizon} horizon={horizon} />
        </>
      );
    }
    case 'pod': {
      const { lane } = row;
      const gone = lane.gone !== null && at >= lane.gone;
      const span = gone ? null : spanAt(lane.spans, at);
      return (
        <>
          <strong>{lane.pod.name}</strong>
          {span ? (
            <p class="timeline-tip-state">
              <StateDot state={span.state} /> {span.status}
              {lane.node && ` · ${say.on(lane.node)}`}
            </p>
          ) : (
            gone && <p>{say.gone}</p>
          )}
          {span && <Lasted spans={lane.spans} at={at} end={lane.gone ?? horizon} horizon={horizon} />}
        </>
      );
    }
  }
}
