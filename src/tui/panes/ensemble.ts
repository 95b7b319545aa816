/** The ensemble pane: a row a server, what is wrong in words, and each server in full. */
import { countText, fullCount, msText } from '../../formatters/quantity-text.ts';
import { sparkline } from '../charts.ts';
import { faceName } from '../faces.ts';
import { AXIS_WIDTH, chart } from '../history-chart.ts';
import { cell, type Line, lineWidth, mark, span, windowStart } from '../lines.ts';
import type { Pane, PaneDrawing, PaneView, ServerFace } from '../pane.ts';
import { wrapText } from '../wrap.ts';
import {
  FLAT,
  fitting,
  headLine,
  type Row,
  rowLine,
  sparkLook,
  sparkWidth,
  widthLeft,
} from './ensemble/columns.ts';
import { detailLines } from './ensemble/detail.ts';
import { type HistoryName, RECORD_NAMES, ServerRecord } from './ensemble/record.ts';
import { EnsembleState } from './ensemble/state.ts';
import { type Problem, problemsOf } from './ensemble/verdict.ts';

const SORTS = ['id', 'requests', 'latency', 'lag', 'connections'] as const;
const CHART_MS = 300_000;

/** See the head of the file. */
export const ensemblePane: Pane<EnsembleState> = {
  id: 'ensemble',
  title: 'Ensemble',
  names: RECORD_NAMES,
  sorts: SORTS,
  help: [
    'A row a server, measured every second. - is what a server does not tell.',
    'LAG: transactions the leader has and this server not. QUEUE: requests that',
    'wait in it. P50, P99: latency of requests; FSYNC99: of 100 fsyncs, 99 take',
    'less. Milliseconds.',
    'Below, what is wrong in words. Enter: all a server told, with charts and its',
    'last warnings.',
  ],
  create: () => new EnsembleState(),
  take: (state, event) => state.take(event),
  draw(state, view) {
    const problems = problemsOf(state, view.servers, view.nowMs);
    const face = view.servers.find(({ node }) => node === view.drill);
    if (face === undefined) return overview(state, problems, view);
    const server = state.servers.get(face.node) ?? new ServerRecord(face.node);
    const lines = detailLines(server, face, problems, view);
    return { lines: lines.slice(view.scroll, view.scroll + view.height), keys: [] };
  },
};

function overview(state: EnsembleState, problems: readonly Problem[], view: PaneView): PaneDrawing {
  const { width, height, ascii } = view;
  const rows = rowsOf(state, problems, view);
  const keys = rows.map(({ face }) => face.node);
  if (view.servers.length === 0)
    return { lines: [[span('No server has been heard of yet.', 'dim')]].slice(0, height), keys };
  const columns = fitting(
    width,
    view.servers.some(({ sid }) => sid < 0),
  );
  const spark = sparkWidth(widthLeft(columns, width));
  const head: Line[] = [summary(state, view.servers), headLine(columns, spark)];
  // The rows, then what is wrong, then charts: each gets what those before leave, but a word of trouble.
  const shown = Math.max(1, Math.min(rows.length, height - head.length - Math.min(problems.length + 1, 4)));
  const chosen = view.chosen === undefined ? -1 : keys.indexOf(view.chosen);
  const first = windowStart(rows.length, shown, chosen);
  const look = sparkLook(rows, spark, view);
  const table = rows.slice(first, first + shown).map((row, i) => {
    const line = rowLine(row, columns, look);
    return first + i === chosen ? mark(line, width) : line;
  });
  if (rows.length === 0) table.push([span(` No server matches ${view.filter}.`, 'dim')]);
  const lines = [...head, ...table, ...wrongLines(problems, height - head.length - table.length, ascii)];
  lines.push(...limitLines(rows, view.width, height - lines.length));
  lines.push(...histories(rows, view, height - lines.length));
  return { lines: lines.slice(0, height), keys };
}

/** The servers that match the filter, in order. */
function rowsOf(state: EnsembleState, problems: readonly Problem[], view: PaneView): Row[] {
  const wanted = view.filter.toLowerCase();
  const rows = view.servers.map((face): Row => {
    const worst = problems.find(({ node }) => node === face.node);
    return { face, server: state.servers.get(face.node), tone: worst?.tone ?? 'plain' };
  });
  const matching = rows.filter(({ face }) => {
    const wrong = problems.filter(({ node }) => node === face.node).map(({ text }) => text);
    return [face.node, face.address, face.mode, face.kind, ...wrong].join(' ').toLowerCase().includes(wanted);
  });
  const by = ORDERS[SORTS[view.sort % SORTS.length] ?? 'id'];
  return by === undefined ? matching : matching.sort((a, b) => by(b) - by(a));
}

const ORDERS: Readonly<Partial<Record<(typeof SORTS)[number], (row: Row) => number>>> = {
  requests: ({ server }) => server?.sample?.requestsPerS ?? -1,
  latency: ({ server }) => server?.sample?.latencyP99Ms ?? -1,
  lag: ({ server }) => server?.lag ?? -1,
  connections: ({ server }) => server?.sample?.connections ?? -1,
};

/** The ensemble in a line: who leads, and what all do together. */
function summary(state: EnsembleState, servers: readonly ServerFace[]): Line {
  const up = servers.filter((it) => it.up);
  const total = (read: (server: ServerRecord) => number): number =>
    up.reduce((sum, { node }) => {
      const server = state.servers.get(node);
      return sum + (server?.sample === undefined ? 0 : Math.max(0, read(server)));
    }, 0);
  const leader = up.find(({ mode }) => mode === 'leader');
  const alone = up.some(({ mode }) => mode === 'standalone');
  const epoch = leader === undefined ? -1 : (state.servers.get(leader.node)?.sample?.epoch ?? -1);
  const leads = leader === undefined ? (alone ? 'standalone' : 'no leader') : `${faceName(leader)} leads`;
  return [
    span(` ${up.length} of ${servers.length} ${servers.length === 1 ? 'server' : 'servers'} up, `),
    span(leads, leader === undefined && !alone ? 'bad' : 'good'),
    span(epoch < 0 ? '' : ` in epoch ${epoch}`),
    span(`, ${countText(total((s) => s.sample?.requestsPerS ?? 0))} requests/s`),
    span(`, ${fullCount(total((s) => s.sample?.connections ?? 0))} connections`),
  ];
}

/** What is wrong in at most `height` lines. */
function wrongLines(problems: readonly Problem[], height: number, ascii: boolean): Line[] {
  if (height <= 0) return [];
  const bullet = ascii ? '! ' : '▲ ';
  const all: Line[] =
    problems.length === 0
      ? [[span(' '), span('Nothing is wrong.', 'good')]]
      : problems.map(({ tone, text }) => [span(' '), span(bullet, tone), span(text, tone)]);
  const room = height > all.length ? [[], ...all] : all;
  if (room.length <= height) return room;
  const left = room.length - height + 1;
  return [...room.slice(0, height - 1), [span(` and ${left} more`, 'warn')]];
}

/** Lines of one thing that servers do not tell; Enter tells all. */
const LIMIT_LINES_MAX = 3;

/** What some servers do not tell; those that have the same limits, together. */
function limitLines(rows: readonly Row[], width: number, height: number): Line[] {
  const limited = new Map<string, string[]>();
  for (const { face, server } of rows) {
    if (!face.up) continue;
    for (const text of server?.limits ?? []) {
      limited.set(text, [...(limited.get(text) ?? []), faceName(face)]);
    }
  }
  const lines = [...limited].flatMap(([text, names]) => {
    const all = wrapText(`${names.join(', ')}: ${text}`, width - 4);
    const shown = all.slice(0, LIMIT_LINES_MAX);
    return shown.map((line, i) => (i === shown.length - 1 && all.length > shown.length ? `${line} …` : line));
  });
  const room = height - 2;
  if (lines.length === 0 || room < 1) return [];
  const told = lines.length <= room ? lines : [...lines.slice(0, room - 1), 'and more: Enter'];
  return [[], ...told.map((text): Line => [span(` ${text}`, 'dim')])];
}

/** A row or a chart for each server's last minutes, where there is room for them. */
function histories(rows: readonly Row[], view: PaneView, height: number): Line[] {
  const { width, nowMs, ascii } = view;
  const known = rows.flatMap(({ face, server }) => (server === undefined ? [] : [{ face, server }]));
  if (known.length === 0 || height < known.length + 3) return [];
  const half = Math.floor((width - 1) / 2);
  const big = height >= 14 && width >= 60;
  const lines: Line[] = [[]];
  if (big) {
    const chartRows = Math.min(8, Math.floor((height - 4 - known.length - 2) / 1) - 1);
    lines.push(...ensembleCharts(known, view, half, chartRows));
  }
  if (height - lines.length < known.length + 1) return lines.slice(0, height);
  const label = 12;
  const spark = Math.max(4, half - label - 9);
  lines.push([
    cell(' 5 minutes', label, 'dim'),
    cell('requests/s', spark + 8, 'dim'),
    cell('latency p99, ms', spark + 8, 'dim'),
  ]);
  const values = (server: ServerRecord, name: HistoryName): number[] =>
    server.series[name].parts(nowMs - CHART_MS, nowMs, spark);
  const top = (name: keyof typeof FLAT): number =>
    Math.max(FLAT[name], ...known.flatMap(({ server }) => values(server, name)));
  const tops = { requestsPerS: top('requestsPerS'), latencyP99Ms: top('latencyP99Ms') };
  for (const { face, server } of known) {
    const part = (
      name: keyof typeof tops,
      tone: 'accent' | 'warn',
      text: (value: number) => string,
    ): Line => {
      return [
        span(sparkline(values(server, name), spark, ascii, tops[name]), tone),
        cell(` ${text(face.up ? server.series[name].last : -1)}`, 8),
      ];
    };
    lines.push([
      cell(` ${faceName(face)}`, label),
      ...part('requestsPerS', 'accent', countText),
      ...part('latencyP99Ms', 'warn', msText),
    ]);
  }
  return lines.slice(0, height);
}

/** Requests of all servers together, and the worst latency of any, side by side. */
function ensembleCharts(
  known: readonly { readonly server: ServerRecord }[],
  { nowMs, ascii }: PaneView,
  half: number,
  rows: number,
): Line[] {
  if (rows < 3) return [];
  const columns = half - AXIS_WIDTH - 1;
  const parts = (name: HistoryName): number[][] =>
    known.map(({ server }) => server.series[name].parts(nowMs - CHART_MS, nowMs, columns));
  const fold = (all: readonly number[][], add: (a: number, b: number) => number): number[] =>
    Array.from({ length: columns }, (_, i) =>
      all.reduce((sum, values) => {
        const value = values[i] ?? -1;
        return value < 0 ? sum : sum < 0 ? value : add(sum, value);
      }, -1),
    );
  const left = chart(
    fold(parts('requestsPerS'), (a, b) => a + b),
    {
      rows,
      ascii,
      tone: 'accent',
      text: countText,
    },
  );
  const right = chart(fold(parts('latencyP99Ms'), Math.max), { rows, ascii, tone: 'warn', text: msText });
  const titles: Line = [
    cell(' requests/s of all, 5 minutes', half, 'bold'),
    span(' worst latency p99, ms', 'bold'),
  ];
  return [
    titles,
    ...left.map((line, i) => [
      ...line,
      span(' '.repeat(Math.max(0, half - lineWidth(line)))),
      ...(right[i] ?? []),
    ]),
    [],
  ];
}
