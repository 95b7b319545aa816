/**
 * A standalone zkt against Apache ZooKeeper 3.8: the same configuration, the same disk, the same load
 * generator, one after the other in one run. Absolute figures drift with the machine; the ratio is what
 * counts.
 *
 *     npm run bench                                       everything, about ten minutes
 *     npm run bench -- standalone -- --quick --parts load
 */
import { dataPart } from './lib/data-part.ts';
import { loadPart } from './lib/load-part.ts';
import { oneshotPart } from './lib/oneshot-part.ts';
import { type BenchOptions, PARTS, readOptions } from './lib/options.ts';
import type { Row } from './lib/report.ts';
import { report } from './lib/save.ts';
import { startPart } from './lib/start-part.ts';

type RunPart = (options: BenchOptions, say: (line: string) => void) => Promise<Row[]>;
const RUN: Readonly<Record<(typeof PARTS)[number], RunPart>> = {
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
report(options, rows);
