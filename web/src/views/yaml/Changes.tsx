/** All that ever changed in an object, and the difference between any two moments of its life. */
import { useEffect, useState } from 'preact/hooks';
import { sim } from '../../sim/client';
import type { Change, DiffLine, Document } from '../../sim/frames';
import { seek } from '../../state/clock';
import { attempt } from '../../state/problems';
import { cluster } from '../../state/run';
import { select } from '../../state/selection';
import { Button } from '../../ui/Button';
import { Empty } from '../../ui/Empty';
import { moment } from '../../words/time';
import { pieces } from './changes';
import { text } from './text';

/** A moment that can be compared: a change, or the one that is looked at. */
interface Stop {
  readonly key: string;
  readonly at: number;
  readonly change: Change | null;
}

function verb(change: Change): string {
  const verbs: Readonly<Record<string, string>> = text().verbs;
  return verbs[change.verb] ?? change.verb;
}

export function Changes({ document }: { document: Document }) {
  const { changes, object } = document;
  const stops: Stop[] = changes.map(change => ({ key: String(change.revision), at: change.at, change }));
  const last = stops.at(-1);
  const [chosen, setChosen] = useState<{ from: string; to: string } | null>(null);
  const [from, to] = chosen
    ? [stops.find(({ key }) => key === chosen.from), stops.find(({ key }) => key === chosen.to)]
    : [stops.at(-2) ?? null, last];
  if (!last) {
    return <Empty icon="yaml" title={text().notThere} />;
  }
  const show = (index: number) => {
    const [before, after] = [stops[index - 1], stops[index]];
    if (after) {
      setChosen({ from: before?.key ?? '', to: after.key });
    }
  };
  const pick = (which: 'from' | 'to', key: string) =>
    setChosen({ from: from?.key ?? '', to: to?.key ?? last.key, [which]: key });
  const now = cluster.value.at;
  return (
    <div class="changes">
      <div class="changes-list">
        <p class="changes-text">{text().changesText}</p>
        <table>
          <caption class="visually-hidden">{text().changesLabel}</caption>
          <thead>
            <tr>
              <th scope="col">{text().from}</th>
              <th scope="col">{text().to}</th>
              <th scope="col" colSpan={2}>
                <span class="visually-hidden">{text().changesLabel}</span>
              </th>
            </tr>
          </thead>
          <tbody>
            {stops.map(({ key, at, change }, index) => (
              <tr key={key} class={at > now ? 'future' : ''} aria-current={key === to?.key}>
                <td>
                  <input
                    type="radio"
                    name="changes-from"
                    aria-label={`${text().from} ${moment(at)}`}
                    checked={key === from?.key}
                    onChange={() => pick('from', key)}
                  />
                </td>
                <td>
                  <input
                    type="radio"
                    name="changes-to"
                    aria-label={`${text().to} ${moment(at)}`}
                    checked={key === to?.key}
                    onChange={() => pick('to', key)}
                  />
                </td>
                <td>
                  <button type="button" class="change" onClick={() => show(index)}>
                    <span class="numbers">{moment(at)}</span>
                    <span>{change && verb(change)}</span>
                    <span class="change-revision numbers">{change && text().revision(String(change.revision))}</span>
                  </button>
                </td>
                <td class="change-tools">
                  <Button variant="quiet" icon="timeline" label={text().goThere} onClick={() => attempt(seek(at))} />
                  {change && (
                    <Button
                      variant="quiet"
                      icon="why"
                      label={text().whyChange}
                      onClick={() => select({ kind: 'event', event: change.event })}
                    />
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {to && <Difference id={object.id} from={from?.at ?? null} to={to.at} />}
    </div>
  );
}

function Difference({ id, from, to }: { id: string; from: number | null; to: number }) {
  const [lines, setLines] = useState<readonly DiffLine[] | null>(null);
  useEffect(() => {
    let gone = false;
    // Before its first change it didn't exist: all of it is new then.
    attempt(
      sim.diff(id, from ?? Math.max(0, to - 1), to).then(found => {
        if (!gone) {
          setLines(found);
        }
      }),
    );
    return () => {
      gone = true;
    };
  }, [id, from, to]);
  const label = text().diffLabel(from === null ? '—' : moment(from), moment(to));
  if (!lines) {
    return <div class="loading" role="status" />;
  }
  if (lines.every(({ kind }) => kind === 'same')) {
    return <Empty icon="check" title={text().same} />;
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section class="difference" aria-label={label} tabIndex={0}>
      <DiffLines lines={lines} />
    </section>
  );
}

export function DiffLines({ lines }: { lines: readonly DiffLine[] }) {
  const [unfolded, setUnfolded] = useState<ReadonlySet<number>>(new Set());
  // Another difference is folded anew
  useEffect(() => setUnfolded(new Set()), [lines]);
  return (
    <div class="diff">
      {pieces(lines).map(piece =>
        piece.folded && !unfolded.has(piece.first) ? (
          <button
            key={piece.first}
            type="button"
            class="diff-fold"
            onClick={() => setUnfolded(new Set([...unfolded, piece.first]))}
          >
            ⋯ {text().folded(String(piece.lines.length))}
          </button>
        ) : (
          piece.lines.map((line, at) => (
            <div key={`${piece.first + at}`} class={`diff-line ${line.kind}`}>
              <span class="diff-sign">{line.kind === 'added' ? '+' : line.kind === 'removed' ? '−' : ' '}</span>
              {line.text}
            </div>
          ))
        ),
      )}
    </div>
  );
}
