/** Throughput and latency: the standalone rows, each on a fresh node of one running server. */
import { type LoadSpec, runLoad } from './load.ts';
import type { BenchOptions, Subject } from './options.ts';
import type { Row, Target } from './report.ts';
import { TestServer } from './server.ts';

/** A row: what is asked, and what zkt has to reach. */
interface LoadRow {
  readonly operation: LoadSpec['operation'];
  readonly connections: number;
  readonly depth: number;
  readonly throughput: number;
  /** Share of Apache's 99th percentile; undefined where none is set. */
  readonly p99: number | undefined;
}

const row = (
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

/** Runs the rows on both servers in turn. */
export async function loadPart(options: BenchOptions, say: (line: string) => void): Promise<Row[]> {
  const rows = ROWS.filter((r) => options.rows?.test(nameOf(r)) ?? true);
  const measured = new Map<LoadRow, Map<string, Partial<Record<Subject, number>>>>();
  for (const r of rows) measured.set(r, new Map(['ops', 'p50', 'p99'].map((name) => [name, {}])));
  for (const subject of options.subjects) {
    const server = await TestServer.create(subject, options.dir);
    try {
      await server.start();
      await heat(server);
      for (const r of rows) {
        const { operation, connections, depth } = r;
        const { seconds, warmUpSeconds } = options;
        const load = { operation, connections, depth, seconds, warmUpSeconds };
        const { perSecond, latencyMs, generatorCpu } = await runLoad(server.address, load);
        const into = measured.get(r);
        for (const [name, value] of [
          ['ops', perSecond],
          ['p50', latencyMs.p50],
          ['p99', latencyMs.p99],
        ] as const) {
          Object.assign(into?.get(name) ?? {}, { [subject]: value });
        }
        say(
          `${subject.padEnd(6)} ${nameOf(r).padEnd(16)} ${Math.round(perSecond).toLocaleString('en-US').padStart(9)} ops/s` +
            `  p50 ${latencyMs.p50.toFixed(3)} ms  p99 ${latencyMs.p99.toFixed(3)} ms  max ${latencyMs.max.toFixed(1)} ms` +
            `  generator ${Math.round(generatorCpu * 100)} %`,
        );
      }
    } finally {
      await server.remove();
    }
  }
  return rows.flatMap((r) => rowsOf(r, measured.get(r) ?? new Map()));
}

async function heat(server: TestServer): Promise<void> {
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

function rowsOf(r: LoadRow, values: ReadonlyMap<string, Partial<Record<Subject, number>>>): Row[] {
  const name = nameOf(r);
  const line = (what: string, unit: string, key: string, target: Target | undefined): Row => ({
    name: `${name} ${what}`,
    unit,
    values: values.get(key) ?? {},
    target,
  });
  return [
    line('throughput', 'ops/s', 'ops', { atLeastTimes: r.throughput }),
    line('p50', 'ms', 'p50', undefined),
    line('p99', 'ms', 'p99', r.p99 === undefined ? undefined : { atMostTimes: r.p99 }),
  ];
}
