/**
 * The drawing of a trace: a head, an axis, a row a stage with its bar, and in words what took the time.
 * Lines of pieces with a tone; who prints them colours and escapes.
 *
 *     set /a  zxid 0x100000007  session 0x1000a2b3c4d0001  3.42 ms  ok
 *                                     0 ms        1           2           3
 *     server 1 follower  received      ··│
 *                        forwarded       ├┤
 *     server 3 leader    prepared         ··├┤
 *
 * Dots are a packet on its way, lines are work and waiting for work.
 */
import { hex0x } from '../base/brands.ts';
import {
  CLIENT,
  type Trace,
  type TraceServer,
  type TraceStageName,
  type TraceStep,
} from '../events/trace.ts';
import { errText } from '../protocol/error-codes.ts';
import { timeText } from './time-text.ts';
import { type TraceRow, traceRows } from './trace-rows.ts';

/** How a piece is meant. */
export type TraceTone = 'plain' | 'dim' | 'bold' | 'good' | 'warn' | 'bad' | 'accent';
/** Pieces of a line, left to right. */
export type TraceLine = readonly { readonly text: string; readonly tone: TraceTone }[];

/** How to draw. */
export interface TraceLook {
  /** Columns there are; between 72 and 240 are used. */
  readonly width: number;
  /** Box characters, or ASCII. */
  readonly utf8: boolean;
}

const WIDTH = { least: 72, most: 240 } as const;
const BAR_LEAST = 12;
/** A path longer than that is cut in the middle. */
const PATH_CHARS = 60;
/** What happens so much later than the answer is drawn at the edge. */
const LATE_SHARE = 1.25;

interface Marks {
  readonly point: string;
  readonly left: string;
  readonly right: string;
  readonly line: string;
  readonly way: string;
  readonly later: string;
  readonly arrow: string;
}
const BOX: Marks = { point: '│', left: '├', right: '┤', line: '─', way: '·', later: '»', arrow: '←' };
const ASCII: Marks = { point: '|', left: '|', right: '|', line: '-', way: '.', later: '>', arrow: '<-' };

/** The whole drawing. */
export function traceLines(trace: Trace, look: TraceLook): TraceLine[] {
  return [
    headLine(trace, look),
    ...chart(trace, look),
    ...notes(trace).map((text) => [piece(text, 'dim')]),
    ...verdict(trace),
  ];
}

const piece = (text: string, tone: TraceTone = 'plain') => ({ text, tone });

/** Two decimals below ten, one above: `3.42`, `34.2`, `342`. */
const msText = (ms: number): string => ms.toFixed(ms < 10 ? 2 : ms < 100 ? 1 : 0);

const shortPath = (path: string): string => {
  const chars = [...path];
  if (chars.length <= PATH_CHARS) return path;
  return `${chars.slice(0, PATH_CHARS / 2).join('')}…${chars.slice(1 - PATH_CHARS / 2).join('')}`;
};

/** What was asked, what it became, how long it took, how it ended. */
function headLine(trace: Trace, { utf8 }: Pick<TraceLook, 'utf8'>): TraceLine {
  const { op, path, zxid, session, totalMs, err } = trace;
  const shown = shortPath(path);
  const what = [op || 'request', utf8 ? shown : shown.replace('…', '...')]
    .filter((it) => it !== '')
    .join(' ');
  const facts = [
    ...(zxid === undefined ? [] : [`zxid ${hex0x(zxid)}`]),
    `session ${hex0x(session)}`,
    ...(trace.cxid === 0 ? [] : [`request ${trace.cxid}`]),
  ];
  const [result, tone]: [string, TraceTone] =
    err === undefined ? ['no answer', 'bad'] : err === 0 ? ['ok', 'good'] : [errText(err), 'bad'];
  return [
    piece(what, 'bold'),
    piece(`  ${facts.join('  ')}`),
    piece(totalMs === undefined ? '' : `  ${msText(totalMs)} ms`, 'accent'),
    piece(`  ${result}`, tone),
  ];
}

/** `server 1 follower`; a server without an id is called by its address. */
function serverName(node: string, servers: readonly TraceServer[]): string {
  if (node === CLIENT) return 'client';
  const role = servers.find((it) => it.node === node)?.role ?? '';
  return `${plainName(node)}${role === '' ? '' : ` ${role}`}`;
}

const plainName = (node: string): string => (node === CLIENT ? 'the client' : `server ${node}`);

interface Scale {
  readonly spanMs: number;
  readonly columns: number;
}

const columnOf = (ms: number, { spanMs, columns }: Scale): number =>
  spanMs <= 0 ? 0 : Math.max(0, Math.min(columns - 1, Math.round((ms / spanMs) * (columns - 1))));

function chart(trace: Trace, look: TraceLook): TraceLine[] {
  const rows = traceRows(trace);
  if (rows.length === 0) return [];
  const marks = look.utf8 ? BOX : ASCII;
  const names = rows.map(({ node }) => serverName(node, trace.servers));
  const nameWidth = Math.max(...names.map((it) => it.length));
  const labelWidth = Math.max(...rows.map(({ label }) => label.length));
  const remarks = rows.map((row) => remarkOf(row, marks));
  const remarkWidth = Math.max(0, ...remarks.map((it) => it.length));
  const width = Math.max(WIDTH.least, Math.min(WIDTH.most, look.width));
  const left = nameWidth + 2 + labelWidth + 1;
  const columns = Math.max(BAR_LEAST, width - left - (remarkWidth === 0 ? 0 : remarkWidth + 2));
  const scale = { spanMs: spanOf(trace, rows), columns };
  const lines: TraceLine[] = [[piece(' '.repeat(left)), piece(axis(scale), 'dim')]];
  for (const [i, row] of rows.entries()) {
    const name = names[i] === names[i - 1] ? '' : (names[i] ?? '');
    const slow = isSlowest(row, trace);
    lines.push([
      piece(`${name.padEnd(nameWidth)}  `, 'plain'),
      piece(`${row.label.padEnd(labelWidth)} `, row.critical ? 'plain' : 'dim'),
      piece(bar(row, scale, marks), slow ? 'warn' : row.critical ? 'accent' : 'dim'),
      piece(remarks[i] === '' ? '' : `  ${remarks[i]}`, row.quorum ? 'good' : 'dim'),
    ]);
  }
  return lines.map(trimmed);
}

function trimmed(line: TraceLine): TraceLine {
  const pieces = line.filter(({ text }) => text !== '');
  const last = pieces.at(-1);
  return last === undefined ? pieces : [...pieces.slice(0, -1), { ...last, text: last.text.trimEnd() }];
}

/** All of it, but for what other servers do long after the answer. */
function spanOf({ totalMs }: Trace, rows: readonly TraceRow[]): number {
  const last = Math.max(...rows.map((row) => row.outMs?.[1] ?? row.workMs[1]));
  return totalMs === undefined || totalMs === 0 ? last : Math.min(last, totalMs * LATE_SHARE);
}

const isSlowest = ({ node, stages }: TraceRow, { slowest }: Trace): boolean =>
  slowest !== undefined && stages.includes(slowest.stage) && node === rowNodeOf(slowest);

/**
 * The server in whose row a step is drawn: an ACK's way belongs to who sent it, the answer's to its server.
 */
const rowNodeOf = (step: TraceStep): string => {
  if (step.stage === 'counted') return step.peer ?? step.node;
  return step.stage === 'answered' ? step.fromNode : step.node;
};

function remarkOf({ fsyncMs, quorum }: TraceRow, { arrow }: Marks): string {
  const fsync = fsyncMs === undefined ? '' : `fsync ${msText(fsyncMs)} ms`;
  return [fsync, quorum ? `${arrow} quorum` : ''].filter((it) => it !== '').join('  ');
}

function bar(row: TraceRow, scale: Scale, marks: Marks): string {
  const cells: string[] = [];
  const put = (from: number, to: number, mark: string): void => {
    for (let at = Math.max(0, from); at <= to; at++) cells[at] = mark;
  };
  const [from, to] = row.workMs.map((ms) => columnOf(ms, scale)) as [number, number];
  const last = row.outMs?.[1] ?? row.workMs[1];
  if (row.inMs !== undefined) put(columnOf(row.inMs[0], scale), from - 1, marks.way);
  if (row.outMs !== undefined) put(to + 1, columnOf(row.outMs[1], scale), marks.way);
  if (from === to) cells[from] = marks.point;
  else {
    put(from, to, marks.line);
    cells[from] = marks.left;
    cells[to] = marks.right;
  }
  if (last > scale.spanMs) cells[scale.columns - 1] = marks.later;
  return Array.from({ length: scale.columns }, (_, i) => cells[i] ?? ' ').join('');
}

const STEPS_MS = [1, 2, 5] as const;
/** Columns a number of the axis takes at least. */
const TICK_COLUMNS = 6;

/** `0 ms      1         2`: round numbers, as many as there is room for. */
function axis(scale: Scale): string {
  const { spanMs, columns } = scale;
  const cells = Array.from({ length: columns }, () => ' ');
  const write = (at: number, text: string): void => {
    if (at + text.length > columns) return;
    for (const [i, char] of [...text].entries()) cells[at + i] = char;
  };
  write(0, '0 ms');
  const least = (spanMs * TICK_COLUMNS) / columns;
  const power = 10 ** Math.floor(Math.log10(least));
  const stepMs = (STEPS_MS.find((it) => it * power >= least) ?? 10) * power;
  if (!Number.isFinite(stepMs) || stepMs <= 0) return cells.join('');
  const decimals = Math.max(0, -Math.floor(Math.log10(stepMs)));
  for (let ms = stepMs; ms <= spanMs; ms += stepMs) write(columnOf(ms, scale), ms.toFixed(decimals));
  return cells.join('').trimEnd();
}

/** What is not in the drawing, or not as it was stamped. */
function notes(trace: Trace): string[] {
  const { servers, missing, contradictionMs, stages } = trace;
  const lines = servers
    .filter(({ correctedMs }) => correctedMs !== 0)
    .map(({ node, correctedMs }) => {
      const way = correctedMs > 0 ? 'behind' : 'ahead';
      const by = `${msText(Math.abs(correctedMs))} ms`;
      return `The clock of server ${node} is ${by} ${way}; its times are corrected by that.`;
    });
  if (contradictionMs > 0) {
    lines.push(
      `Stamps contradict each other by up to ${msText(contradictionMs)} ms: a clock was set meanwhile.`,
    );
  }
  for (const { node, kind, silent } of servers) {
    if (silent === undefined) continue;
    const known = knownOf(node, stages);
    lines.push(
      `server ${node}${kind === 'apache' ? ' (apache)' : ''}: ${silent}${known === '' ? '' : `; ${known}`}.`,
    );
  }
  const byNode = new Map<string, string[]>();
  for (const { node, stage } of missing) byNode.set(node, [...(byNode.get(node) ?? []), LONG_NAMES[stage]]);
  for (const [node, wanted] of byNode) lines.push(`server ${node} has not told: ${wanted.join(', ')}.`);
  return lines;
}

/** What others know of a server that does not tell. */
function knownOf(node: string, stages: Trace['stages']): string {
  const ack = stages.find((it) => it.stage === 'counted' && it.peer === node);
  const passed = stages.find((it) => it.stage === 'arrived' && it.peer === node);
  return [
    ...(passed === undefined ? [] : [`its request was at the leader at ${msText(passed.endMs)} ms`]),
    ...(ack === undefined ? [] : [`its ACK was at the leader at ${msText(ack.endMs)} ms`]),
  ].join(', ');
}

const LONG_NAMES: Readonly<Record<TraceStageName, string>> = {
  sent: 'sent',
  received: 'received',
  forwarded: 'forwarded',
  arrived: 'arrived at the leader',
  prepared: 'prepared',
  proposed: 'proposed',
  offered: 'the proposal arrived',
  logged: 'on disk',
  acked: 'ACK sent',
  counted: 'ACK arrived',
  committed: 'committed',
  told: 'the commit arrived',
  applied: 'applied',
  replied: 'replied',
  answered: 'answered',
};

function verdict({ slowest, totalMs }: Trace): TraceLine[] {
  if (slowest === undefined || totalMs === undefined || totalMs === 0) return [];
  const share = Math.round((slowest.ms / totalMs) * 100);
  return [
    [
      piece('Most of the time: ', 'bold'),
      piece(stepWords(slowest)),
      piece(`, ${msText(slowest.ms)} of ${msText(totalMs)} ms (${share} %).`, 'warn'),
    ],
  ];
}

/** A step in words: `the fsync of server 2 (0.94 ms)`. */
function stepWords(step: TraceStep): string {
  const { stage, node, fromNode, from, via, fsyncMs, ms, untold } = step;
  if (from === 'sent' && stage === 'answered') return 'on the way and at the server, none of which was told';
  if (untold.length > 0) {
    return `from ${LONG_NAMES[from]} (${plainName(fromNode)}) to ${LONG_NAMES[stage]} (${plainName(node)}), of which nothing is told`;
  }
  // The answer to a sync: the leader asks a quorum first whether it leads still.
  if (via === 'network' && stage === 'replied')
    return `until ${plainName(fromNode)} had confirmed that it leads, and the way back to ${plainName(node)}`;
  if (via === 'network')
    return `the way from ${plainName(fromNode)} to ${plainName(node)} (${LONG_NAMES[stage]})`;
  if (stage === 'logged') {
    if (fsyncMs === undefined) return `the log of ${plainName(node)}`;
    return fsyncMs >= ms / 2
      ? `the fsync of ${plainName(node)}`
      : `waiting for the log of ${plainName(node)} (the fsync itself took ${msText(fsyncMs)} ms)`;
  }
  return `${WORK[stage] ?? LONG_NAMES[stage]} on ${plainName(node)}`;
}

const WORK: Readonly<Partial<Record<TraceStageName, string>>> = {
  forwarded: 'until it was forwarded',
  prepared: 'the check, and what waited before it,',
  proposed: 'until it was proposed',
  committed: 'until a quorum had it',
  applied: 'applying',
  replied: 'answering',
};

/** A trace in one line: when, what, how long, how it ended, and what took the time. */
export function briefLine(trace: Trace): TraceLine {
  const { slowest, startMs } = trace;
  const most = slowest === undefined ? '' : `  ${stepWords(slowest)} ${msText(slowest.ms)} ms`;
  return [
    piece(`${timeText(startMs, 'ms')}  `, 'dim'),
    ...headLine(trace, { utf8: false }),
    piece(most, 'warn'),
  ];
}
