/**
 * Throughput and latency: rows of load, each on a fresh node of what is running already; the standalone rows.
 */
import { type LoadFigures, type LoadSpec, runLoad } from './load.ts';
import type { BenchOptions, Subject } from './options.ts';
import type { Row, Target } from './report.ts';
import { TestServer } from './server.ts';
import { median } from './start-part.ts';

/** What load is put on: a server, or an ensemble. */
export interface LoadTarget {
  readonly subject: Subject;
  /** As `--servers` takes it. */
  readonly address: string;
  /** See `TestServer.cpuShare`. */
  cpuShare(delayMs: number, spanMs: number): Promise<number>;
  /** Ends it and removes its data. */
  remove(): Promise<void>;
}

/** A row: what is asked, and what zkt has to reach. */
export interface LoadRow {
  readonly operation: LoadSpec['operation'];
  readonly connections: number;
  readonly depth: number;
  readonly throughput: number;
  /** Share of Apache's 99th percentile; undefined where none is set. */
  readonly p99: number | undefined;
}

/** Makes a row; `p99` is a share of Apache's. */
export const row = (
  operation: LoadSpec['operation'],
  connections: number,
  depth: number,
  throughput: number,
  p99?: number,
): LoadRow => ({ operation, connections, depth, throughput, p99 });

const ROWS: readonly LoadRow[] = [
  row('get', 1, 1, 2),
  row('get', 8, 1, 2),
  row('get', 8, 64, 5, 1 / 3),
  row('set', 1, 1, 1.2),
  row('set', 8, 1, 1.5),
  row('set', 8, 64, 3, 1 / 3),
  row('create', 1, 1, 1.2),
  row('create', 8, 1, 1.5),
  row('create', 8, 64, 5, 1 / 5),
  row('mixed', 8, 64, 3, 1 / 3),
];

const nameOf = (r: LoadRow): string => `${r.operation} c=${r.connections} d=${r.depth}`;

/** Enough for a JIT compiler to have seen the hot paths; both servers get it. */
const HEAT_SECONDS = 3;

/** What is kept of each run of a row. */
const FIGURES = ['throughput', 'p50', 'p99', 'cpu'] as const;
const UNITS = { throughput: 'ops/s', p50: 'ms', p99: 'ms', cpu: 'µs/op' } as const;
type FigureName = (typeof FIGURES)[number];
/** All runs of one row on one server. */
type Runs = Record<FigureName, number[]>;

/** The standalone rows. */
export const loadPart = (options: BenchOptions, say: (line: string) => void): Promise<Row[]> =>
  loadRows(ROWS, (subject) => started(subject, options.dir), options, say);

async function started(subject: Subject, dir: string | undefined): Promise<TestServer> {
  const server = await TestServer.create(subject, dir);
  await server.start();
  return server;
}

/**
 * Runs the rows as often as there are rounds. Both subjects stay up and take turns at each row, the other one
 * idle: what else the machine does drifts over minutes, and should meet both.
 */
export async function loadRows(
  all: readonly LoadRow[],
  start: (subject: Subject) => Promise<LoadTarget>,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<Row[]> {
  const rows = all.filter((r) => options.rows?.test(nameOf(r)) ?? true);
  const runs = new Map<string, Runs>();
  const servers: LoadTarget[] = [];
  try {
    for (const subject of options.subjects) {
      const server = await start(subject);
      servers.push(server);
      await heat(server);
    }
    for (let round = 0; round < options.rounds; round++) {
      for (const r of rows) for (const server of servers) await runRow(server, r, options, runs, say);
    }
  } finally {
    for (const server of servers) await server.remove();
  }
  return rows.flatMap((r) =>
    FIGURES.map((figure) => {
      const measured = options.subjects.map((s) => [
        s,
        median(runs.get(`${s} ${nameOf(r)}`)?.[figure] ?? []),
      ]);
      const values: Row['values'] = Object.fromEntries(measured);
      const name = `${nameOf(r)} ${figure}`;
      return { name, unit: UNITS[figure], values, target: targetOf(r, figure) };
    }),
  );
}

/** Time the generator takes to start, connect and make its keys. */
const SETTLE_MS = 500;

/** The load, and the share of a core the server used in the midst of it. */
function measure(server: LoadTarget, r: LoadRow, options: BenchOptions): Promise<[LoadFigures, number]> {
  const { seconds, warmUpSeconds } = options;
  const { operation, connections, depth } = r;
  return Promise.all([
    runLoad(server.address, { operation, connections, depth, seconds, warmUpSeconds }),
    server.cpuShare(SETTLE_MS + warmUpSeconds * 1000, Math.max(seconds * 1000 - 2 * SETTLE_MS, SETTLE_MS)),
  ]);
}

async function runRow(
  server: LoadTarget,
  r: LoadRow,
  options: BenchOptions,
  runs: Map<string, Runs>,
  say: (line: string) => void,
): Promise<void> {
  const key = `${server.subject} ${nameOf(r)}`;
  const of = runs.get(key) ?? { throughput: [], p50: [], p99: [], cpu: [] };
  runs.set(key, of);
  const [figures, share] = await measure(server, r, options);
  const cpu = (share * 1e6) / figures.perSecond;
  of.throughput.push(figures.perSecond);
  of.p50.push(figures.latencyMs.p50);
  of.p99.push(figures.latencyMs.p99);
  of.cpu.push(cpu);
  const who = server.subject.padEnd(6);
  say(`${who} ${nameOf(r).padEnd(16)} ${lineOf(figures)}  server ${cpu.toFixed(1)} µs/op`);
}

function lineOf({ perSecond, latencyMs, generatorCpu }: LoadFigures): string {
  const ops = Math.round(perSecond).toLocaleString('en-US').padStart(9);
  const { p50, p99, max } = latencyMs;
  return (
    `${ops} ops/s  p50 ${p50.toFixed(3)} ms  p99 ${p99.toFixed(3)} ms  max ${max.toFixed(1)} ms` +
    `  generator ${Math.round(generatorCpu * 100)} %`
  );
}

function targetOf(r: LoadRow, figure: FigureName): Target | undefined {
  if (figure === 'throughput') return { atLeastTimes: r.throughput };
  return figure === 'p99' && r.p99 !== undefined ? { atMostTimes: r.p99 } : undefined;
}

async function heat(server: LoadTarget): Promise<void> {
  for (const operation of ['get', 'set'] as const) {
    await runLoad(server.address, {
      operation,
      connections: 8,
      depth: 16,
      seconds: HEAT_SECONDS / 2,
      warmUpSeconds: 0,
    });
  }
}
