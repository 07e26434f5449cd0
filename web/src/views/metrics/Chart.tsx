/** A chart by uPlot: steps or lines over time, the clock's moment as a line, and a click that goes there. */
import { effect } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { seek } from '../../state/clock';
import { cluster } from '../../state/run';
import { shade } from '../../state/settings';
import { duration, SECOND } from '../../words/time';
import { text } from './text';
import 'uplot/dist/uPlot.min.css';

/** One line of a chart. */
export interface Column {
  label: string;
  /** The colour's token. */
  token: string;
  values: number[];
  look: 'line' | 'filled' | 'dashed';
  /** Whether only whole numbers make sense: then it goes in steps. */
  whole: boolean;
  /** Whether it has the scale on the right. */
  second?: boolean;
}

const HEIGHT = 190;

/** Steps of a scale of seconds. */
const TIMES = [0.001, 0.01, 0.1, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400];

/** Steps of a scale that counts Pods. */
const WHOLE = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 20_000, 50_000];

/** Charts that are shown together share their cursor. */
const together = uPlot.sync('metrics');

function seconds(value: number): string {
  return value === 0 ? '0' : duration(value * SECOND);
}

function options(element: HTMLElement, columns: readonly Column[]): uPlot.Options {
  const style = getComputedStyle(element);
  const ink = (token: string) => style.getPropertyValue(`--${token}`).trim();
  const font = `11px ${ink('sans')}`;
  const stepped = uPlot.paths.stepped?.({ align: 1 });
  const grid = { stroke: ink('line'), width: 1 };
  const ticks = { stroke: ink('line'), width: 1, size: 4 };
  const axis = { stroke: ink('muted'), font, grid, ticks };
  const second = columns.some(column => column.second);
  return {
    width: element.clientWidth,
    height: HEIGHT,
    padding: [10, 12, 0, 0],
    legend: { show: false },
    cursor: { sync: { key: together.key }, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: false, range: () => [0, Math.max(1, cluster.peek().horizon / SECOND)] },
      y: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.1)] },
      right: { range: (_plot, _low, high) => [0, Math.max(1, high * 1.2)] },
    },
    axes: [
      { ...axis, size: 28, incrs: TIMES, values: (_plot, values) => values.map(seconds) },
      { ...axis, size: 46, ...(columns.every(column => column.whole) ? { incrs: WHOLE } : {}) },
      ...(second ? [{ ...axis, scale: 'right', side: 1 as const, size: 46, grid: { show: false } }] : []),
    ],
    series: [
      {},
      ...columns.map(column => ({
        label: column.label,
        scale: column.second ? 'right' : 'y',
        stroke: ink(column.token),
        width: column.look === 'dashed' ? 1.5 : 2,
        points: { show: false },
        ...(column.look === 'dashed' ? { dash: [5, 4] } : {}),
        ...(column.look === 'filled' ? { fill: `color-mix(in srgb, ${ink(column.token)} 18%, transparent)` } : {}),
        ...(column.whole && stepped ? { paths: stepped } : {}),
      })),
    ],
    hooks: { draw: [playhead(ink('accent'))] },
  };
}

/** The clock's moment. */
function playhead(color: string): (plot: uPlot) => void {
  return plot => {
    const x = Math.round(plot.valToPos(cluster.peek().at / SECOND, 'x', true));
    const { left, top, width, height } = plot.bbox;
    if (x < left || x > left + width) {
      return;
    }
    const { ctx } = plot;
    ctx.save();
    ctx.setLineDash([]);
    ctx.strokeStyle = color;
    ctx.lineWidth = 2 * uPlot.pxRatio;
    ctx.beginPath();
    ctx.moveTo(x, top);
    ctx.lineTo(x, top + height);
    ctx.stroke();
    ctx.restore();
  };
}

export function Chart({ title, times, columns }: { title: string; times: number[]; columns: readonly Column[] }) {
  const frame = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const data: uPlot.AlignedData = [times, ...columns.map(column => column.values)];
  const latest = useRef(data);
  latest.current = data;
  const theme = shade.value;
  const labels = columns.map(column => column.label).join('|');

  useEffect(() => {
    const element = frame.current;
    if (!element) {
      return undefined;
    }
    const chart = new uPlot(options(element, columns), latest.current, element);
    plot.current = chart;
    const over = chart.over;
    const click = (event: MouseEvent) => {
      const at = chart.posToVal(event.clientX - over.getBoundingClientRect().left, 'x');
      void seek(Math.min(Math.max(0, at * SECOND), cluster.peek().horizon));
    };
    over.addEventListener('click', click);
    const observer = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height: HEIGHT }));
    observer.observe(element);
    const stop = effect(() => {
      void cluster.value.at;
      chart.redraw(false);
    });
    return () => {
      stop();
      observer.disconnect();
      chart.destroy();
      plot.current = null;
    };
  }, [theme, labels]);

  useEffect(() => plot.current?.setData(data), [times]);

  return <div ref={frame} class="metrics-plot" role="img" aria-label={text().chart(title)} />;
}
