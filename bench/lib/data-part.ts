/**
 * A large tree: the memory it takes, a restart with it, and whether clients notice when it is written to a
 * snapshot.
 *
 * For the last, one connection reads without a pause, while another writes enough to set off snapshots
 * (snapCount is small for that run); the slowest read says how long the server attended to nothing else.
 * Before that the same is done with snapCount out of reach, since writes alone have their fsyncs.
 */
import { runLoad } from './load.ts';
import type { BenchOptions, Subject } from './options.ts';
import type { Row } from './report.ts';
import { TestServer } from './server.ts';

const PREFIX = '/bench';
const RESTART_MS_MAX = 3_000;
const STALL_MS_MAX = 20;
const STALL_SECONDS = 10;
const SOME = { connections: 1, depth: 1, warmUpSeconds: 1, prefix: PREFIX, keep: true } as const;

interface Figures {
  readonly loaded: number;
  readonly restart: number;
  readonly restarted: number;
  readonly quiet: number;
  readonly snapshotting: number;
  readonly inside: number | undefined;
}

/** Runs it on both servers in turn. */
export async function dataPart(options: BenchOptions, say: (line: string) => void): Promise<Row[]> {
  const all: Partial<Record<Subject, Figures>> = {};
  for (const subject of options.subjects) {
    const server = await TestServer.create(subject, options.dir);
    try {
      all[subject] = await measure(server, options, (line) => say(`${subject.padEnd(6)} ${line}`));
    } finally {
      await server.remove();
    }
  }
  const nodes = options.nodes.toLocaleString('en-US');
  const values = (pick: (f: Figures) => number | undefined): Partial<Record<Subject, number>> =>
    Object.fromEntries(
      Object.entries(all).flatMap(([s, f]) => (pick(f) === undefined ? [] : [[s, pick(f) as number]])),
    );
  return [
    row(
      `${nodes} nodes loaded, resident`,
      'MB',
      values((f) => f.loaded),
      { atMostTimes: 0.5 },
    ),
    row(
      `${nodes} nodes, restart to serving`,
      'ms',
      values((f) => f.restart),
      { atMost: RESTART_MS_MAX },
    ),
    row(
      `${nodes} nodes restarted, resident`,
      'MB',
      values((f) => f.restarted),
      { atMostTimes: 0.5 },
    ),
    row(
      'slowest read, writes alone',
      'ms',
      values((f) => f.quiet),
      undefined,
    ),
    row(
      'slowest read, snapshots written',
      'ms',
      values((f) => f.snapshotting),
      { atMost: STALL_MS_MAX },
    ),
    row(
      'longest stall the server saw',
      'ms',
      values((f) => f.inside),
      { atMost: STALL_MS_MAX },
    ),
  ];
}

const row = (name: string, unit: string, values: Row['values'], target: Row['target']): Row => ({
  name,
  unit,
  values,
  target,
});

async function measure(
  server: TestServer,
  options: BenchOptions,
  say: (line: string) => void,
): Promise<Figures> {
  await server.start();
  const fill = { operation: 'get', keys: options.nodes, prefix: PREFIX, keep: true } as const;
  await runLoad(server.address, { ...fill, connections: 4, depth: 1, seconds: 0.1, warmUpSeconds: 0 });
  await idle(server);
  const loaded = server.residentMb;
  say(`${options.nodes} nodes: ${loaded.toFixed(0)} MB`);
  await server.stop();

  const restart = await server.start(['snapCount=100000000']);
  const restarted = server.residentMb;
  say(`restart ${restart.toFixed(0)} ms, ${restarted.toFixed(0)} MB`);
  await idle(server);
  const quiet = await slowestRead(server);
  await server.stop();

  await server.start(['snapCount=2000']);
  await idle(server);
  const before = server.snapshots.length;
  const logged = server.log.length;
  const snapshotting = await slowestRead(server);
  const written = server.snapshots.length - before;
  say(`slowest read ${quiet.toFixed(1)} ms, ${snapshotting.toFixed(1)} ms over ${written} snapshots begun`);
  if (written < 1) throw new Error(`${server.subject} wrote no snapshot while it was measured`);
  const inside = server.subject === 'zkt' ? longestStall(server.log.slice(logged)) : undefined;
  return { loaded, restart, restarted, quiet, snapshotting, inside };
}

/** Waits until no snapshot file grows any more: what a start or a load set off is over. */
async function idle(server: TestServer): Promise<void> {
  let last = '';
  for (;;) {
    await new Promise((resolve) => setTimeout(resolve, 1500));
    const now = server.sizes;
    if (now === last) return;
    last = now;
  }
}

/** The slowest of many reads, ms, while another connection writes. */
async function slowestRead(server: TestServer): Promise<number> {
  const [reads] = await Promise.all([
    runLoad(server.address, { ...SOME, operation: 'get', seconds: STALL_SECONDS }),
    runLoad(server.address, { ...SOME, operation: 'set', seconds: STALL_SECONDS }),
  ]);
  return reads.latencyMs.max;
}

/** The longest `loop.stalled` in the server's log; 0 when it saw none. */
function longestStall(log: string): number {
  let longest = 0;
  for (const line of log.split('\n')) {
    if (!line.includes('loop.stalled')) continue;
    longest = Math.max(longest, Number(/"ms":([\d.]+)/.exec(line)?.[1] ?? 0));
  }
  return longest;
}
