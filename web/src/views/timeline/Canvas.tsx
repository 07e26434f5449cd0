/** The lanes on their canvas, and what pointer and keys do to them. */
import type { Signal } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { History } from '../../sim/frames';
import { seek } from '../../state/clock';
import { branch, branches, cluster } from '../../state/run';
import { select, selection } from '../../state/selection';
import { shade } from '../../state/settings';
import { moment } from '../../words/time';
import type { Bookmark } from './bookmarks';
import { branchLines, draw, HEAD, readInk } from './draw';
import { beginOf, type Hit, hit, objectOf, type Place } from './hit';
import { heightOf, type Row } from './rows';
import { follow, pan, type Range, toTime, toX, whole, zoom } from './scale';
import { scrubTo } from './scrub';
import { Tooltip } from './Tooltip';
import { text } from './text';

/** A pointer that moved less than this has clicked. */
const CLICK = 4;

interface CanvasProps {
  history: History;
  rows: readonly Row[];
  range: Signal<Range | null>;
  closed: Signal<ReadonlySet<string>>;
  bookmarks: Signal<readonly Bookmark[]>;
  jump: (forward: boolean) => void;
  bookmark: () => void;
}

/** What a drag does, from where it began on. */
type Drag =
  | { kind: 'scrub' }
  | { kind: 'pan'; x: number; y: number; range: Range; scroll: number; moved: boolean }
  | { kind: 'pinch'; apart: number; range: Range; around: number };

export function Canvas({ history, rows, range, closed, bookmarks, jump, bookmark }: CanvasProps) {
  const frame = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const [scroll, setScroll] = useState(0);
  const [hover, setHover] = useState<{ x: number; y: number } | null>(null);
  const drag = useRef<Drag | null>(null);
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const say = text();

  const { at: now, horizon } = cluster.value;
  const shown = range.value ?? whole(Math.max(horizon, history.horizon));
  const gutter = size.width < 560 ? 92 : 176;
  const lanes = Math.max(1, size.width - gutter);
  const place: Place = { width: size.width, gutter, scroll, range: shown };
  // History comes a little later than the clock goes on: until then the last spans last.
  const current = useMemo(() => ({ ...history, horizon: Math.max(history.horizon, horizon) }), [history, horizon]);
  const chosen = selection.value?.kind === 'object' ? selection.value.object.id : '';
  const theme = shade.value;
  const ink = useMemo(() => (frame.current && size.width > 0 ? readInk(frame.current) : null), [theme, size.width > 0]);

  useEffect(() => {
    const element = frame.current;
    const observer = new ResizeObserver(() => {
      if (element) {
        setSize({ width: element.clientWidth, height: element.clientHeight });
      }
    });
    if (element) {
      observer.observe(element);
    }
    return () => observer.disconnect();
  }, []);

  // While time passes in a closer range, the range goes along.
  useEffect(() => {
    const closer = range.peek();
    if (closer && !drag.current) {
      const next = follow(closer, now, horizon);
      if (next !== closer) {
        range.value = next;
      }
    }
  }, [now]);

  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || !ink || size.width === 0) {
      return;
    }
    const ratio = window.devicePixelRatio || 1;
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)];
    if (element.width !== width || element.height !== height) {
      element.width = width;
      element.height = height;
    }
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    draw(context, {
      ...size,
      gutter,
      scroll,
      range: shown,
      rows,
      history: current,
      now,
      ink,
      bookmarks: bookmarks.value,
      branchLines: branchLines(branches.value, branch.value, {
        began: say.branchBegan,
        left: name => say.branchFrom(name || say.firstBranch),
      }),
      selected: chosen,
      hover,
      labels: { nodes: say.nodes, orphans: say.orphans, pods: say.pods },
    });
  });

  const pointOf = (event: { clientX: number; clientY: number }) => {
    const box = frame.current?.getBoundingClientRect();
    return { x: event.clientX - (box?.left ?? 0), y: event.clientY - (box?.top ?? 0) };
  };
  const timeAt = (x: number) => Math.min(Math.max(0, toTime(shown, lanes, x - gutter)), horizon);
  const found: Hit | null = hover ? hit(current, rows, place, hover.x, hover.y) : null;

  const down = (event: PointerEvent) => {
    const point = pointOf(event);
    pointers.current.set(event.pointerId, point);
    frame.current?.setPointerCapture(event.pointerId);
    const [first, second] = [...pointers.current.values()];
    if (first && second) {
      const around = toTime(shown, lanes, (first.x + second.x) / 2 - gutter);
      drag.current = { kind: 'pinch', apart: Math.hypot(first.x - second.x, first.y - second.y), range: shown, around };
      return;
    }
    const onPlayhead = Math.abs(point.x - gutter - toX(shown, lanes, now)) < 6;
    if (point.x >= gutter && (point.y < HEAD - 24 || onPlayhead)) {
      drag.current = { kind: 'scrub' };
      void scrubTo(timeAt(point.x));
    } else {
      drag.current = { kind: 'pan', ...point, range: shown, scroll, moved: false };
    }
  };

  const move = (event: PointerEvent) => {
    const point = pointOf(event);
    if (pointers.current.has(event.pointerId)) {
      pointers.current.set(event.pointerId, point);
    }
    const doing = drag.current;
    setHover(event.pointerType === 'mouse' && doing?.kind !== 'pan' ? point : null);
    if (doing?.kind === 'scrub') {
      void scrubTo(timeAt(point.x));
    } else if (doing?.kind === 'pinch') {
      const [first, second] = [...pointers.current.values()];
      if (first && second) {
        const apart = Math.max(10, Math.hypot(first.x - second.x, first.y - second.y));
        range.value = zoom(doing.range, doing.apart / apart, doing.around, horizon);
      }
    } else if (doing?.kind === 'pan') {
      const [dx, dy] = [point.x - doing.x, point.y - doing.y];
      doing.moved ||= Math.hypot(dx, dy) > CLICK;
      if (doing.moved) {
        if (range.peek() !== null) {
          const span = doing.range.to - doing.range.from;
          range.value = pan(doing.range, (-dx / lanes) * span, horizon);
        }
        if (frame.current) {
          frame.current.scrollTop = doing.scroll - dy;
        }
      }
    }
  };

  const up = (event: PointerEvent) => {
    const doing = drag.current;
    pointers.current.delete(event.pointerId);
    if (pointers.current.size === 0) {
      drag.current = null;
    }
    if (doing?.kind === 'pan' && !doing.moved) {
      const point = pointOf(event);
      click(hit(current, rows, place, point.x, point.y), event.detail > 1);
    }
  };

  const click = (what: Hit, twice: boolean) => {
    if (what.kind === 'marks') {
      const mark = what.marks.at(-1);
      if (mark?.object) {
        select({ kind: 'object', object: mark.object });
      }
      if (mark) {
        void seek(mark.at);
      }
      return;
    }
    if (what.kind !== 'row' && what.kind !== 'label') {
      return;
    }
    if (what.row.kind === 'group') {
      const next = new Set(closed.value);
      if (!next.delete(what.row.group)) {
        next.add(what.row.group);
      }
      closed.value = next;
      return;
    }
    const object = objectOf(what.row);
    if (object) {
      select({ kind: 'object', object });
    }
    const begin = what.kind === 'row' ? beginOf(what.row, what.at) : null;
    if (twice && begin !== null) {
      void seek(begin);
    }
  };

  const wheel = (event: WheelEvent) => {
    const sideways = event.shiftKey ? event.deltaY : event.deltaX;
    const point = pointOf(event);
    if (event.ctrlKey || event.metaKey || event.altKey || point.y < HEAD) {
      event.preventDefault();
      range.value = zoom(shown, 1.0018 ** event.deltaY, toTime(shown, lanes, point.x - gutter), horizon);
    } else if (Math.abs(sideways) > Math.abs(event.deltaY) || event.shiftKey) {
      event.preventDefault();
      range.value = pan(shown, (sideways / lanes) * (shown.to - shown.from), horizon);
    }
  };
  // Preact's own listener couldn't keep the page from zooming.
  const latest = useRef(wheel);
  latest.current = wheel;
  useEffect(() => {
    const element = frame.current;
    const listener = (event: WheelEvent) => latest.current(event);
    element?.addEventListener('wheel', listener, { passive: false });
    return () => element?.removeEventListener('wheel', listener);
  }, []);

  const key = (event: KeyboardEvent) => {
    const step = (shown.to - shown.from) / (event.shiftKey ? 10 : 100);
    const keys: { readonly [key: string]: () => void } = {
      ArrowLeft: () => void scrubTo(Math.max(0, now - step)),
      ArrowRight: () => void scrubTo(Math.min(horizon, now + step)),
      Home: () => void scrubTo(0),
      End: () => void scrubTo(horizon),
      '+': () => {
        range.value = zoom(shown, 0.5, now, horizon);
      },
      '=': () => {
        range.value = zoom(shown, 0.5, now, horizon);
      },
      '-': () => {
        range.value = zoom(shown, 2, now, horizon);
      },
      '0': () => {
        range.value = null;
      },
      '[': () => jump(false),
      ']': () => jump(true),
      b: bookmark,
      B: bookmark,
    };
    const act = keys[event.key];
    if (act && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      event.stopPropagation();
      act();
    }
  };

  return (
    <div
      ref={frame}
      class={`timeline-frame ${hover && hover.y < HEAD - 24 && hover.x > gutter ? 'scrub' : ''}`}
      role="slider"
      aria-label={say.moment}
      aria-description={say.help}
      aria-valuemin={0}
      aria-valuemax={Math.round(horizon / 1e6)}
      aria-valuenow={Math.round(now / 1e6)}
      aria-valuetext={moment(now)}
      tabIndex={0}
      onScroll={event => setScroll(event.currentTarget.scrollTop)}
      onPointerDown={down}
      onPointerMove={move}
      onPointerUp={up}
      onPointerCancel={up}
      onPointerLeave={() => setHover(null)}
      onKeyDown={key}
    >
      <canvas ref={canvas} style={{ width: size.width, height: size.height }} />
      <div style={{ height: Math.max(0, HEAD + heightOf(rows) + 12 - size.height) }} />
      {found && hover && !drag.current && (
        <Tooltip hit={found} history={current} x={hover.x} y={hover.y + scroll} width={size.width} />
      )}
    </div>
  );
}
