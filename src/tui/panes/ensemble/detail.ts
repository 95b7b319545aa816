/** One server in full: all it told, its history as charts, its last warnings, what cannot be known. Pure. */
import { hex0x } from '../../../base/brands.ts';
import {
  bytesText,
  countText,
  fullCount,
  msText,
  msWords,
  spanText,
  UNKNOWN,
} from '../../../formatters/quantity-text.ts';
import { timeText } from '../../../formatters/time-text.ts';
import { faceName } from '../../faces.ts';
import { AXIS_WIDTH, chart } from '../../history-chart.ts';
import { cell, type Line, lineWidth, span, type Tone } from '../../lines.ts';
import type { PaneView, ServerFace } from '../../pane.ts';
import type { HistoryName, Sample, ServerRecord, Told } from './record.ts';
import type { Problem } from './verdict.ts';

const CHART_ROWS = 5;
/** The time a chart covers, ms. */
const CHART_MS = 300_000;
/** Two charts stand side by side from this width on. */
const SIDE_BY_SIDE = 120;
const FACT_WIDTH = 40;
const LABEL_WIDTH = 22;

/** All lines of the detail. */
export function detailLines(
  server: ServerRecord,
  face: ServerFace,
  problems: readonly Problem[],
  view: PaneView,
): Line[] {
  return [
    title(face, server),
    [],
    ...problems.filter(({ node }) => node === face.node).map(({ tone, text }) => [span(text, tone)]),
    ...facts(server, view.width),
    [],
    ...charts(server, view),
    ...section('What happened to it, newest first', [...server.told].reverse().map(toldLine)),
    ...section(
      'What cannot be known of it',
      [...server.limits].map((what) => [span(`  ${what}`, 'dim')]),
    ),
  ];
}

function title(face: ServerFace, { sample }: ServerRecord): Line {
  const version = sample?.version === undefined || sample.version === '' ? '' : `, ${sample.version}`;
  const mode: Tone = face.up ? 'good' : 'bad';
  return [
    span(faceName(face), 'bold'),
    span('  '),
    span(face.up ? face.mode || 'role not known' : 'down', mode),
    span(`  ${face.address}  ${face.kind}${version}`),
  ];
}

const section = (title: string, lines: readonly Line[]): Line[] =>
  lines.length === 0 ? [] : [[span(title, 'bold')], ...lines, []];

function toldLine({ time, text, bad, times }: Told): Line {
  const again = times > 1 ? ` (${fullCount(times)} times)` : '';
  return [span(`  ${timeText(time)}  `, 'dim'), span(text + again, bad ? 'warn' : 'plain')];
}

type Fact = readonly [label: string, value: (sample: Sample) => string];

const whole = (value: number): string => (value < 0 ? UNKNOWN : fullCount(value));
const perS = (value: number): string => (value < 0 ? UNKNOWN : `${countText(value)}/s`);

const FACTS: readonly Fact[] = [
  ['epoch', ({ epoch }) => whole(epoch)],
  ['last zxid', ({ zxid }) => (zxid < 0n ? UNKNOWN : hex0x(zxid))],
  ['uptime', ({ uptimeMs }) => spanText(uptimeMs)],
  ['connections', (s) => whole(s.connections)],
  ['sessions', (s) => whole(s.sessions)],
  ['outstanding', (s) => whole(s.outstanding)],
  ['requests', (s) => perS(s.requestsPerS)],
  ['writes', (s) => perS(s.writesPerS)],
  ['bytes in', (s) => (s.bytesInPerS < 0 ? UNKNOWN : `${bytesText(s.bytesInPerS)}/s`)],
  ['bytes out', (s) => (s.bytesOutPerS < 0 ? UNKNOWN : `${bytesText(s.bytesOutPerS)}/s`)],
  ['latency p50', (s) => msWords(s.latencyP50Ms)],
  ['latency p99', (s) => msWords(s.latencyP99Ms)],
  ['latency max', (s) => msWords(s.latencyMaxMs)],
  ['fsyncs', (s) => perS(s.fsyncsPerS)],
  ['fsync p99', (s) => msWords(s.fsyncP99Ms)],
  ['znodes', (s) => whole(s.nodes)],
  ['watches', (s) => whole(s.watches)],
  ['ephemerals', (s) => whole(s.ephemerals)],
  ['sessions created', (s) => perS(s.sessionsCreatedPerS)],
  ['sessions resumed', (s) => perS(s.sessionsResumedPerS)],
  ['sessions expired', (s) => perS(s.sessionsExpiredPerS)],
  ['throttled', (s) => perS(s.throttledPerS)],
  ['heap', (s) => bytesText(s.heapBytes)],
  ['resident', (s) => bytesText(s.rssBytes)],
  ['cpu', (s) => (s.cpuPercent < 0 ? UNKNOWN : `${Math.round(s.cpuPercent)} % of a core`)],
  ['event loop p99', (s) => msWords(s.loopP99Ms)],
  ['open files', (s) => whole(s.openFiles)],
];

function facts({ sample, lag }: ServerRecord, width: number): Line[] {
  if (sample === undefined) return [[span('It has told nothing of itself yet.', 'dim')]];
  const all: (readonly [string, string])[] = FACTS.map(([label, value]) => [label, value(sample)]);
  all.splice(2, 0, ['lag behind the leader', lag < 0 ? UNKNOWN : `${fullCount(lag)} transactions`]);
  const columns = Math.max(1, Math.floor(width / FACT_WIDTH));
  const rows = Math.ceil(all.length / columns);
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (_, column) => all[column * rows + row]).flatMap((fact) =>
      fact === undefined
        ? []
        : [
            cell(fact[0], LABEL_WIDTH, 'dim'),
            cell(fact[1], FACT_WIDTH - LABEL_WIDTH, fact[1] === UNKNOWN ? 'dim' : 'plain'),
          ],
    ),
  );
}

const CHARTS: readonly (readonly [string, HistoryName, Tone, (value: number) => string])[] = [
  ['requests per second', 'requestsPerS', 'accent', countText],
  ['latency p99, ms', 'latencyP99Ms', 'warn', msText],
  ['fsync p99, ms', 'fsyncP99Ms', 'warn', msText],
  ['requests waiting', 'outstanding', 'accent', countText],
  ['connections', 'connections', 'accent', countText],
  ['heap', 'heapBytes', 'accent', bytesText],
];

function charts(server: ServerRecord, { width, nowMs, ascii }: PaneView): Line[] {
  const beside = width >= SIDE_BY_SIDE ? 2 : 1;
  const each = Math.floor(width / beside) - 1;
  const columns = Math.max(1, Math.min(each - AXIS_WIDTH, 150));
  const drawn = CHARTS.filter(([, name]) => server.series[name].last >= 0).map(
    ([label, name, tone, text]) => [
      [span(`${label}, last 5 minutes`, 'bold')],
      ...chart(server.series[name].parts(nowMs - CHART_MS, nowMs, columns), {
        rows: CHART_ROWS,
        ascii,
        tone,
        text,
      }),
      [],
    ],
  );
  const lines: Line[] = [];
  for (let i = 0; i < drawn.length; i += beside) {
    const [left = [], right] = [drawn[i], beside === 2 ? drawn[i + 1] : undefined];
    lines.push(
      ...left.map((line, row) => (right === undefined ? line : joined(line, right[row] ?? [], each))),
    );
  }
  return lines;
}

const joined = (left: Line, right: Line, width: number): Line => [
  ...left,
  span(' '.repeat(Math.max(0, width - lineWidth(left)))),
  ...right,
];
