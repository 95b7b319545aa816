/**
 * A standalone zkt against Apache ZooKeeper 3.8: the same configuration, the same disk, the same load
 * generator, one after the other in one run. Absolute figures drift with the machine; the ratio is what
 * counts.
 *
 *     npm run bench                                       everything, about ten minutes
 *     npm run bench -- standalone -- --quick --parts load
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import path from 'node:path';
import { findApache } from '../test/interop/apache.ts';
import { dataPart } from './lib/data-part.ts';
import { loadPart } from './lib/load-part.ts';
import { oneshotPart } from './lib/oneshot-part.ts';
import { type BenchOptions, PARTS, type Part, readOptions } from './lib/options.ts';
import { isMet, type Row, ratioOf, tableText } from './lib/report.ts';
import { startPart } from './lib/start-part.ts';

type RunPart = (options: BenchOptions, say: (line: string) => void) => Promise<Row[]>;
const RUN: Readonly<Record<Part, RunPart>> = {
  load: loadPart,
  start: startPart,
  data: dataPart,
  oneshot: oneshotPart,
};

const options = readOptions(process.argv.slice(2));
const rows: Row[] = [];
for (const part of PARTS) {
  if (!options.parts.has(part)) continue;
  rows.push(...(await RUN[part](options, (line) => console.error(line))));
}
console.log(tableText(rows));

const now = new Date().toISOString();
const file = options.json ?? path.join('bench', 'results', `${now.slice(0, 19).replaceAll(':', '-')}.json`);
mkdirSync(path.dirname(file), { recursive: true });
const machine = {
  cpus: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
  memoryMb: Math.round(totalmem() / 2 ** 20),
  system: `${platform()} ${release()} ${arch()}`,
  node: process.version,
  apache: findApache()?.version ?? 'not installed',
};
const { seconds, warmUpSeconds, rounds, nodes } = options;
const figures = rows.map((row) => ({ ...row, ratio: ratioOf(row), met: isMet(row) }));
const report = {
  v: 1,
  time: now,
  machine,
  settings: { seconds, warmUpSeconds, rounds, nodes },
  rows: figures,
};
writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
console.log(`\nwritten to ${file}`);
