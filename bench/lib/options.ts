/** What a run of the benchmark is told: `npm run bench -- standalone -- --quick --parts load`. */
import { parseArgs } from 'node:util';

/** The parts of the standalone benchmark, in the order they run. */
export const PARTS = ['load', 'start', 'data', 'oneshot'] as const;
/** Those of the benchmark of ensembles. */
export const ENSEMBLE_PARTS = ['load', 'outage'] as const;
/** The name of a part. */
export type Part = (typeof PARTS)[number] | (typeof ENSEMBLE_PARTS)[number];
/** Who is measured. */
export type Subject = 'apache' | 'zkt';

/** See the top of the file. */
export interface BenchOptions {
  readonly parts: ReadonlySet<Part>;
  /** Rows of the load part, by name; all when undefined. */
  readonly rows: RegExp | undefined;
  readonly subjects: readonly Subject[];
  /** Measured time of a row, and the load before it. */
  readonly seconds: number;
  readonly warmUpSeconds: number;
  /** How often the load part is run, in turn; the median of each figure counts. */
  readonly rounds: number;
  /** Nodes of the data part. */
  readonly nodes: number;
  /** Leaders killed in the outage part. */
  readonly kills: number;
  /** Directory the data directories are made in: its disk is what the fsyncs wait for. */
  readonly dir: string | undefined;
  /** Where the JSON goes; undefined for a file named after the time in bench/results. */
  readonly json: string | undefined;
  /** Whether the rows become those of bench/baseline.json. */
  readonly save: boolean;
}

const HELP = `Options (after --):
  --quick              2 seconds a row, 200,000 nodes
  --parts LIST         load,start,data,oneshot; of an ensemble load,outage
  --rows REGEXP        rows of the load part, such as 'get|set c=8 d=64'
  --only apache|zkt    measure one of them; no ratios then
  --seconds N          measured time of a row (default 8)
  --warm-up N          load before the measured time (default 2)
  --rounds N           run the load part so often and take medians (default 1)
  --nodes N            nodes of the data part (default 1,000,000)
  --kills N            leaders killed in the outage part (default 7)
  --dir DIR            where the data directories are made (default: the system's temporary directory)
  --json FILE          where the figures go (default: bench/results/<time>.json)
  --save               put the rows into bench/baseline.json too`;

/** Reads the command line; prints help or the mistake and ends the process where there is nothing to do. */
export function readOptions(args: readonly string[], all: readonly Part[] = PARTS): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      quick: { type: 'boolean', default: false },
      parts: { type: 'string', default: all.join(',') },
      rows: { type: 'string' },
      only: { type: 'string' },
      seconds: { type: 'string' },
      'warm-up': { type: 'string' },
      rounds: { type: 'string', default: '1' },
      nodes: { type: 'string' },
      kills: { type: 'string' },
      dir: { type: 'string' },
      json: { type: 'string' },
      save: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const parts = values.parts.split(',').map((it) => all.find((part) => part === it));
  const { only } = values;
  if (parts.includes(undefined) || (only !== undefined && only !== 'apache' && only !== 'zkt')) {
    console.error(HELP);
    process.exit(2);
  }
  const seconds = Number(values.seconds ?? (values.quick ? 2 : 8));
  return {
    parts: new Set(parts as Part[]),
    rows: values.rows === undefined ? undefined : new RegExp(values.rows),
    subjects: only === undefined ? ['apache', 'zkt'] : [only as Subject],
    seconds,
    warmUpSeconds: Number(values['warm-up'] ?? (values.quick ? 1 : 2)),
    rounds: Number(values.rounds),
    nodes: Number(values.nodes ?? (values.quick ? 200_000 : 1_000_000)),
    kills: Number(values.kills ?? (values.quick ? 3 : 7)),
    dir: values.dir,
    json: values.json,
    save: values.save,
  };
}
