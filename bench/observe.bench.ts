/**
 * What it costs to be seen: zkt against itself, three servers each, on this machine, in one run.
 *
 * - `mute`: built without any event; nothing can be seen of it.
 * - `unseen`: as it is, nobody listens and nothing is recorded.
 * - `recorded`: the flight recorder is on, as it is by default.
 * - `watched`: `zkt top` looks on, on a terminal of 200x60; its own share of a core is told.
 *
 * All ensembles stay up and take turns at each row, round after round, each time in another order; what
 * counts is the median of the ratios within a round. On a machine with few cores the load generator, the
 * servers and the dashboard compete for them, and `watched` pays for that as well.
 *
 *     npm run bench -- observe
 *     npm run bench -- observe -- --seconds 4 --rounds 7 --rows 'set'
 */
import path from 'node:path';
import { TestEnsemble } from './lib/ensemble.ts';
import { runLoad } from './lib/load.ts';
import { type LoadRow, row } from './lib/load-part.ts';
import { readOptions } from './lib/options.ts';
import { Spectator } from './lib/spectator.ts';
import { median } from './lib/start-part.ts';

const ROWS: readonly LoadRow[] = [row('get', 9, 64, 1), row('set', 9, 64, 1), row('mixed', 9, 16, 1)];
const ROUNDS_MIN = 5;
/** Written by scripts/bench.mjs. */
const MUTE_MAIN = path.resolve('dist-mute', 'cli', 'main.js');
/** The HTTP admin is what `zkt top` connects to; of any free port, since twelve servers run at once. */
const ADMIN = ['admin.enableServer=true', 'admin.serverAddress=127.0.0.1', 'admin.serverPort=0'];

/** What is compared with what, and the share of its throughput that may be lost. */
const CLAIMS = [
  { name: 'unseen', against: 'mute', lossMax: 0.02 },
  { name: 'recorded', against: 'unseen', lossMax: 0.05 },
  { name: 'watched', against: 'unseen', lossMax: 0.1 },
] as const;

const options = readOptions(process.argv.slice(2), ['load']);
const start = (recorder: boolean, main?: string): Promise<TestEnsemble> =>
  TestEnsemble.start('zkt', options.dir, [...ADMIN, `zkt.flightRecorder=${recorder}`], main);
const unseen = await start(false);
const subjects = new Map([
  ['mute', await start(false, MUTE_MAIN)],
  ['unseen', unseen],
  ['recorded', await start(true)],
]);
const NAMES = ['mute', 'unseen', 'recorded', 'watched'];
const topShares: number[] = [];

/** Operations a second of one row on one subject. */
async function measure(name: string, { operation, connections, depth }: LoadRow): Promise<number> {
  const ensemble = subjects.get(name) ?? unseen;
  const { seconds, warmUpSeconds } = options;
  const spectator = name === 'watched' ? new Spectator(ensemble.address, 'flow') : undefined;
  if (spectator !== undefined) await new Promise((resolve) => setTimeout(resolve, 1500));
  const from = performance.now();
  const before = spectator?.cpuMs ?? 0;
  const figures = await runLoad(ensemble.address, { operation, connections, depth, seconds, warmUpSeconds });
  if (spectator !== undefined) {
    topShares.push((spectator.cpuMs - before) / (performance.now() - from));
    await spectator.close();
  }
  return figures.perSecond;
}

try {
  for (const each of ROWS) {
    const label = `3 servers ${each.operation} c=${each.connections} d=${each.depth}`;
    if (options.rows !== undefined && !options.rows.test(label)) continue;
    const rounds: Map<string, number>[] = [];
    for (let round = 0; round < Math.max(ROUNDS_MIN, options.rounds); round++) {
      const figures = new Map<string, number>();
      for (let i = 0; i < NAMES.length; i++) {
        const name = NAMES[(i + round) % NAMES.length] as string;
        figures.set(name, await measure(name, each));
      }
      rounds.push(figures);
      console.error(`${label} ${[...figures].map(([n, v]) => `${n} ${Math.round(v)}`).join(', ')}`);
    }
    for (const { name, against, lossMax } of CLAIMS) {
      const ratio = median(rounds.map((f) => (f.get(name) as number) / (f.get(against) as number)));
      const met = ratio >= 1 - lossMax ? 'yes' : 'NO';
      console.log(`${label}: ${name} / ${against} = ${ratio.toFixed(3)} (>= ${1 - lossMax}) ${met}`);
    }
  }
  if (topShares.length > 0) {
    console.log(`zkt top itself: ${(median(topShares) * 100).toFixed(0)} % of a core (median; <= 25 %)`);
  }
} finally {
  for (const ensemble of subjects.values()) await ensemble.remove();
}
