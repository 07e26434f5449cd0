/** The view `metrics`: figures over time, with the clock's moment in each chart. */
import { useMemo } from 'preact/hooks';
import { sim } from '../../sim/client';
import type { Metrics, TrafficSeries } from '../../sim/frames';
import { useAnswer } from '../../state/answer';
import { cluster } from '../../state/run';
import { useThrottled } from '../../state/throttle';
import { Command } from '../../ui/Command';
import { Empty } from '../../ui/Empty';
import { moment, SECOND } from '../../words/time';
import { Chart, type Column } from './Chart';
import { indexAt, isEmpty, perSecond, sampled, upTo } from './series';
import { text } from './text';
import './Metrics.css';

/** How often figures are asked for at most. */
const METRICS_MS = 400;

/** How often the figures beside the charts follow the clock. */
const FIGURES_MS = 100;

/** Rows of a table at most. */
const ROWS_MAX = 60;

interface ChartFigures {
  title: string;
  note: string;
  times: number[];
  columns: Column[];
}

function figures(metrics: Metrics, end: number): ChartFigures[] {
  const say = text();
  const all = upTo(end, metrics.times, [
    metrics.desired,
    metrics.ready,
    metrics.starting,
    metrics.terminating,
    metrics.failing,
  ]);
  const [desired = [], ready = [], starting = [], terminating = [], failing = []] = all.columns;
  const pods: ChartFigures = {
    title: say.pods,
    note: '',
    times: all.times,
    columns: [
      { label: say.desired, token: 'text', values: desired, look: 'dashed', whole: true },
      { label: say.ready, token: 'state-ready', values: ready, look: 'filled', whole: true },
      { label: say.starting, token: 'state-creating', values: starting, look: 'line', whole: true },
      { label: say.terminating, token: 'state-terminating', values: terminating, look: 'line', whole: true },
      { label: say.failing, token: 'state-failing', values: failing, look: 'line', whole: true },
    ],
  };
  const { times, rates } = perSecond(metrics.times, metrics.writes, end);
  const writes: ChartFigures = {
    title: say.writes,
    note: '',
    times,
    columns: [{ label: say.writesRate, token: 'accent', values: rates, look: 'filled', whole: false }],
  };
  return [pods, ...metrics.traffic.map(ofClient), writes];
}

function ofClient(series: TrafficSeries): ChartFigures {
  const say = text();
  return {
    title: say.traffic(series.name),
    note: `${say.route(series.from, series.to)} · ${say.success(series.success, series.sent, series.lost)}`,
    times: series.times,
    columns: [
      { label: say.ok, token: 'state-ready', values: series.ok, look: 'filled', whole: false },
      { label: say.failed, token: 'state-failing', values: series.failed, look: 'line', whole: false },
      {
        label: say.latency,
        token: 'state-succeeded',
        values: series.latency,
        look: 'dashed',
        whole: false,
        second: true,
      },
    ],
  };
}

export function MetricsView() {
  const { value } = useAnswer(
    'metrics',
    () => `${cluster.value.horizon} ${cluster.value.revision}`,
    () => sim.metrics(),
    METRICS_MS,
  );
  const say = text();
  const charts = useMemo(() => (value ? figures(value, cluster.peek().horizon / SECOND) : []), [value, say]);
  if (!value) {
    return <div class="loading" />;
  }
  if (isEmpty(value)) {
    return (
      <Empty icon="metrics" title={say.emptyTitle}>
        <p>{say.emptyText}</p>
        <div class="commands">
          <Command line={say.tryCreate} />
        </div>
      </Empty>
    );
  }
  return (
    <div class="metrics">
      {charts.map(chart => (
        <section key={chart.title} class="metrics-chart" aria-label={chart.title}>
          <header>
            <h3>{chart.title}</h3>
            {chart.note && <p class="numbers">{chart.note}</p>}
          </header>
          <Figures chart={chart} />
          <Chart title={chart.title} times={chart.times} columns={chart.columns} />
          <Table chart={chart} />
        </section>
      ))}
      <p class="metrics-help">{say.help}</p>
    </div>
  );
}

function shown(value: number | undefined, whole: boolean): string {
  if (value === undefined) return '–';
  return whole || Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}

/** The figures at the clock's moment: the legend, too. */
function Figures({ chart }: { chart: ChartFigures }) {
  const at = useThrottled(cluster, FIGURES_MS).at;
  const number = indexAt(chart.times, at / SECOND);
  return (
    <ul class="metrics-figures numbers">
      {chart.columns.map(column => (
        <li key={column.label}>
          <span class={`metrics-key ${column.look}`} style={{ '--key': `var(--${column.token})` }} />
          {column.label} <strong>{shown(column.values[number], column.whole)}</strong>
        </li>
      ))}
    </ul>
  );
}

function Table({ chart }: { chart: ChartFigures }) {
  const say = text();
  return (
    <details class="metrics-table">
      <summary>{say.table}</summary>
      <div>
        <table class="numbers">
          <thead>
            <tr>
              <th scope="col">{say.time}</th>
              {chart.columns.map(column => (
                <th key={column.label} scope="col">
                  {column.label}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {sampled(chart.times.length, ROWS_MAX).map(row => (
              <tr key={row}>
                <th scope="row">{moment((chart.times[row] ?? 0) * SECOND)}</th>
                {chart.columns.map(column => (
                  <td key={column.label}>{shown(column.values[row], column.whole)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </details>
  );
}
