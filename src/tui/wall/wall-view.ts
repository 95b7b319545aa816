/** What the board on the wall shows, as values: charts, gauges, sparklines, a log. Pure. */
import { escapeLine } from '../../formatters/escape.ts';
import { countText, fullCount, msText } from '../../formatters/quantity-text.ts';
import { timeText } from '../../formatters/time-text.ts';
import { faceName } from '../faces.ts';
import type { Model } from '../model.ts';
import type { ServerFace } from '../pane.ts';
import type { HistoryName, Told } from '../panes/ensemble/record.ts';

/** A line of a chart. */
export interface WallLine {
  readonly title: string;
  /** As many as `WallChart.labels`; 0 where a value is not known. */
  readonly values: readonly number[];
}
/** A chart of all servers. */
export interface WallChart {
  readonly title: string;
  /** Below the axis: the time of each value. */
  readonly labels: readonly string[];
  readonly lines: readonly WallLine[];
}
/** Something between 0 and 100. */
export interface WallGauge {
  readonly title: string;
  readonly percent: number;
}

/** Everything on the board. All text is escaped. */
export interface WallView {
  /** The ensemble in a line, and whether all is well. */
  readonly headline: string;
  readonly healthy: boolean;
  readonly charts: readonly WallChart[];
  readonly gauges: readonly WallGauge[];
  readonly sparklines: readonly WallLine[];
  /** What is wrong now, then what happened, newest first. */
  readonly log: readonly string[];
}

/** The time a chart covers, ms; a value for each two seconds. */
const SPAN_MS = 120_000;
const VALUES = 60;
const LOG_LINES = 60;
/** Servers on the charts; more lines cannot be told apart. */
const LINES_MAX = 7;
/** Requests that wait in a server of Apache before it throttles (`globalOutstandingLimit`). */
const OUTSTANDING_FULL = 1_000;

const CHARTS: readonly (readonly [string, HistoryName])[] = [
  ['requests per second', 'requestsPerS'],
  ['latency p99, ms', 'latencyP99Ms'],
  ['fsync p99, ms', 'fsyncP99Ms'],
];

/** What to show of a model now. */
export function wallView(model: Model): WallView {
  const problems = model.problems();
  const servers = model.servers.slice(0, LINES_MAX);
  return {
    headline: headline(model),
    healthy: problems.length === 0 && model.servers.length > 0,
    charts: CHARTS.map(([title, name]) => ({
      title,
      labels: labels(model.nowMs),
      lines: servers.map((face) => ({
        title: escapeLine(faceName(face)),
        values: values(model, face, name).map((value) => Math.max(0, value)),
      })),
    })),
    gauges: gauges(model),
    sparklines: servers.map((face) => {
      const shown = values(model, face, 'requestsPerS');
      return {
        title: `${escapeLine(faceName(face))}: ${countText(shown.at(-1) ?? -1)}/s`,
        values: shown.map((value) => Math.max(0, value)),
      };
    }),
    log: [...problems.map(({ text }) => escapeLine(`! ${text}`)), ...happened(model)].slice(0, LOG_LINES),
  };
}

function headline(model: Model): string {
  const up = model.servers.filter((it) => it.up);
  const leader = up.find(({ mode }) => mode === 'leader' || mode === 'standalone');
  const total = (read: (node: string) => number): number =>
    up.reduce((sum, { node }) => sum + Math.max(0, read(node)), 0);
  const sample = (node: string) => model.ensemble?.servers.get(node)?.sample;
  const requests = countText(total((node) => sample(node)?.requestsPerS ?? 0));
  const connections = fullCount(total((node) => sample(node)?.connections ?? 0));
  const leads = leader === undefined ? 'no leader' : `${faceName(leader)} leads`;
  return escapeLine(
    `${timeText(model.nowMs)}  ${up.length} of ${model.servers.length} servers up, ${leads}, ` +
      `${requests} requests/s, ${connections} connections`,
  );
}

function labels(nowMs: number): string[] {
  const step = SPAN_MS / VALUES;
  return Array.from({ length: VALUES }, (_, i) => timeText(nowMs - (VALUES - 1 - i) * step));
}

const values = (model: Model, { node }: ServerFace, name: HistoryName): number[] =>
  model.ensemble?.servers.get(node)?.series[name].parts(model.nowMs - SPAN_MS, model.nowMs, VALUES) ??
  new Array<number>(VALUES).fill(-1);

function gauges(model: Model): WallGauge[] {
  const up = model.servers.filter((it) => it.up).length;
  const samples = model.servers.flatMap(({ node, up: there }) => {
    const sample = model.ensemble?.servers.get(node)?.sample;
    return sample === undefined || !there ? [] : [sample];
  });
  const most = (read: (sample: (typeof samples)[number]) => number): number =>
    samples.reduce((max, sample) => Math.max(max, read(sample)), 0);
  const percent = (share: number): number => Math.round(100 * Math.max(0, Math.min(1, share)));
  const fsync = most((it) => it.fsyncP99Ms);
  return [
    { title: 'servers up', percent: percent(up / Math.max(1, model.servers.length)) },
    { title: 'busiest processor', percent: percent(most((it) => it.cpuPercent) / 100) },
    {
      title: `queue (${fullCount(most((it) => it.outstanding))})`,
      percent: percent(most((it) => it.outstanding) / OUTSTANDING_FULL),
    },
    { title: `slowest disk (${msText(fsync)} ms)`, percent: percent(fsync / 100) },
  ];
}

/** What servers told last, all together, newest first. */
function happened(model: Model): string[] {
  const told: (Told & { readonly who: string })[] = [];
  for (const face of model.servers) {
    for (const each of model.ensemble?.servers.get(face.node)?.told ?? [])
      told.push({ ...each, who: faceName(face) });
  }
  return told
    .sort((a, b) => b.time - a.time)
    .slice(0, LOG_LINES)
    .map(({ time, who, text, times }) =>
      escapeLine(`${timeText(time)} ${who}: ${text}${times > 1 ? ` (${times} times)` : ''}`),
    );
}
