/**
 * How long no write is acknowledged after kill -9 of the leader: seen by clients of the servers that are
 * left, which lose their connection only for as long as there is no leader, and by clients of the dead one,
 * which have to find another server.
 */
import { TestEnsemble } from './ensemble.ts';
import { runLoad, runZkt } from './load.ts';
import type { BenchOptions, Subject } from './options.ts';
import type { Row } from './report.ts';
import { median } from './start-part.ts';
import { StubbornWriter } from './stubborn-writer.ts';

const OUTAGE_MS_MAX = 200;
/** Writes before the kill, and after it. */
const STEADY_MS = 1_500;
const PATH = '/outage';
/** Acknowledgements that each writer must have got after the kill. */
const RECOVERED = 20;
const RECOVER_MS_MAX = 60_000;

/** Longest pauses of each kill, ms. */
interface Outages {
  readonly survivors: number[];
  readonly reconnecting: number[];
}

/** Kills leaders of both subjects in turn. */
export async function outagePart(options: BenchOptions, say: (line: string) => void): Promise<Row[]> {
  const ensembles: TestEnsemble[] = [];
  const all = new Map<Subject, Outages>();
  try {
    for (const subject of options.subjects) {
      const ensemble = await TestEnsemble.start(subject, options.dir);
      ensembles.push(ensemble);
      all.set(subject, { survivors: [], reconnecting: [] });
      await runLoad(ensemble.address, {
        operation: 'set',
        connections: 9,
        depth: 4,
        seconds: 1.5,
        warmUpSeconds: 0,
      });
      const made = await runZkt(['-s', ensemble.address, 'create', PATH, 'x']);
      if (made.code !== 0) throw new Error(made.stderr);
    }
    for (let i = 0; i < options.kills; i++) {
      for (const ensemble of ensembles) {
        const [survivors, reconnecting] = await killLeader(ensemble);
        all.get(ensemble.subject)?.survivors.push(survivors);
        all.get(ensemble.subject)?.reconnecting.push(reconnecting);
        const who = ensemble.subject.padEnd(6);
        say(
          `${who} no writes for ${survivors.toFixed(0)} ms, of the leader's clients ${reconnecting.toFixed(0)} ms`,
        );
      }
    }
  } finally {
    for (const ensemble of ensembles) await ensemble.remove();
  }
  const of = (name: string, figure: (o: Outages) => number, target: Row['target']): Row => ({
    name: `3 servers, leader killed: ${name}`,
    unit: 'ms',
    values: Object.fromEntries([...all].map(([subject, outages]) => [subject, figure(outages)])),
    target,
  });
  return [
    of('no writes, median', (o) => median(o.survivors), { atMost: OUTAGE_MS_MAX }),
    of('no writes, longest', (o) => Math.max(...o.survivors), undefined),
    of("no writes of the leader's clients, median", (o) => median(o.reconnecting), { atMost: OUTAGE_MS_MAX }),
    of("no writes of the leader's clients, longest", (o) => Math.max(...o.reconnecting), undefined),
  ];
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The longest pauses, ms: of the clients of survivors taken together, and of the client of the leader. */
async function killLeader(ensemble: TestEnsemble): Promise<[survivors: number, reconnecting: number]> {
  const leader = await ensemble.leader();
  const left = ensemble.servers.filter((server) => server !== leader);
  const survivors = left.map((server) => new StubbornWriter([server.port], PATH));
  const reconnecting = new StubbornWriter([leader.port, ...left.map((server) => server.port)], PATH);
  const writers = [...survivors, reconnecting];
  try {
    await pause(STEADY_MS);
    const killedAt = performance.now();
    await leader.kill();
    const recovered = (writer: StubbornWriter): boolean =>
      writer.acknowledged.filter((t) => t > killedAt + 1).length >= RECOVERED;
    while (!writers.every(recovered)) {
      if (performance.now() - killedAt > RECOVER_MS_MAX)
        throw new Error(`${ensemble.subject}: no writes any more`);
      await pause(10);
    }
    const together = survivors.flatMap((writer) => writer.acknowledged).sort((a, b) => a - b);
    return [longestPause(together, killedAt), longestPause(reconnecting.acknowledged, killedAt)];
  } finally {
    for (const writer of writers) writer.close();
    await ensemble.restart(leader);
    await pause(STEADY_MS);
  }
}

/** The longest time between two of them of which the later one is after `since`. */
const longestPause = (times: readonly number[], since: number): number =>
  times.reduce(
    (longest, t, i) => (i > 0 && t >= since ? Math.max(longest, t - (times[i - 1] ?? t)) : longest),
    0,
  );
