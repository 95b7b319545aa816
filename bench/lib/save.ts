/** Where the figures of a run go: the table on stdout, a file of the run, and the baseline. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import path from 'node:path';
import { findApache } from '../../test/interop/apache.ts';
import type { BenchOptions } from './options.ts';
import { isMet, type Row, ratioOf, tableText } from './report.ts';

const BASELINE = path.join('bench', 'baseline.json');

/** The JSON of a run. */
interface Figures {
  readonly rows: readonly { readonly name: string }[];
}

/** Prints the table and writes the JSON. */
export function report(options: BenchOptions, rows: readonly Row[]): void {
  console.log(tableText(rows));
  const now = new Date().toISOString();
  const file = options.json ?? path.join('bench', 'results', `${now.slice(0, 19).replaceAll(':', '-')}.json`);
  const figures = rows.map((row) => ({ ...row, ratio: ratioOf(row), met: isMet(row) }));
  const { seconds, warmUpSeconds, rounds, nodes } = options;
  const machine = {
    cpus: cpus().length,
    model: cpus()[0]?.model ?? 'unknown',
    memoryMb: Math.round(totalmem() / 2 ** 20),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    apache: findApache()?.version ?? 'not installed',
  };
  const run = {
    v: 1,
    time: now,
    machine,
    settings: { seconds, warmUpSeconds, rounds, nodes },
    rows: figures,
  };
  write(file, run);
  console.log(`\nwritten to ${file}`);
  if (!options.save) return;
  write(BASELINE, { ...run, rows: withOthers(figures) });
  console.log(`and into ${BASELINE}`);
}

/** Rows of the baseline that were not measured stay. */
function withOthers(measured: Figures['rows']): Figures['rows'] {
  if (!existsSync(BASELINE)) return measured;
  const names = new Set(measured.map(({ name }) => name));
  const { rows } = JSON.parse(readFileSync(BASELINE, 'utf8')) as Figures;
  return [...rows.filter(({ name }) => !names.has(name)), ...measured];
}

function write(file: string, value: unknown): void {
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(value, null, 2)}\n`);
}
