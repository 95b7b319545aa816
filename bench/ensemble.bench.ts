/**
 * Three zkt servers against three Apache ZooKeeper 3.8 servers, all on this machine: the same configuration,
 * the same disk, the same load with its connections dealt to the three servers, and what a dead leader costs.
 * Both ensembles stay up and take turns.
 *
 *     npm run bench -- ensemble
 *     npm run bench -- ensemble -- --quick --parts outage --kills 3
 */
import { TestEnsemble } from './lib/ensemble.ts';
import { loadRows, row } from './lib/load-part.ts';
import { type BenchOptions, ENSEMBLE_PARTS, readOptions } from './lib/options.ts';
import { outagePart } from './lib/outage-part.ts';
import type { Row } from './lib/report.ts';
import { report } from './lib/save.ts';

const ROWS = [
  row('get', 9, 1, 2),
  row('get', 9, 64, 4, 1 / 3),
  row('set', 1, 1, 1.5),
  row('set', 9, 1, 1.5),
  row('set', 9, 64, 3, 1 / 3),
  row('create', 9, 64, 3, 1 / 3),
  row('mixed', 9, 64, 3, 1 / 3),
];

type RunPart = (options: BenchOptions, say: (line: string) => void) => Promise<Row[]>;
const RUN: Readonly<Record<(typeof ENSEMBLE_PARTS)[number], RunPart>> = {
  load: loadPart,
  outage: outagePart,
};

async function loadPart(options: BenchOptions, say: (line: string) => void): Promise<Row[]> {
  const rows = await loadRows(ROWS, (subject) => TestEnsemble.start(subject, options.dir), options, say);
  return rows.map((it) => ({ ...it, name: `3 servers ${it.name}` }));
}

const options = readOptions(process.argv.slice(2), ENSEMBLE_PARTS);
const rows: Row[] = [];
for (const part of ENSEMBLE_PARTS) {
  if (options.parts.has(part)) rows.push(...(await RUN[part](options, (line) => console.error(line))));
}
report(options, rows);
