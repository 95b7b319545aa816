/** `zkt sim`: simulated ensembles under faults, from seeds or scenario files. */
import type { Command } from 'commander';
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import { systemClock } from '../../platform/clock.ts';
import { FAULT_KINDS, type PlanWishes, planOf } from '../../sim/swarm/plan.ts';
import { playPlan, type SwarmResult } from '../../sim/swarm/run.ts';
import { replayOptions, shrink } from '../../sim/swarm/shrink.ts';
import { transcript } from '../../sim/transcript.ts';
import type { Listen } from '../../sim/watched-cluster.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { ProgressBar } from '../output/progress-bar.ts';
import { ListReport } from '../output/report.ts';
import { OUTPUT_FORMATS, type OutputFormat } from '../settings/global-options.ts';
import { toolHelp } from '../settings/tool-help.ts';
import { playRecorded } from '../simulation/recorded-run.ts';
import { playFile, playOne } from '../simulation/scenario-file.ts';
import { type RunReport, runJobs } from '../simulation/sim-jobs.ts';
import { SIM_TOOLS } from '../simulation/sim-tools.ts';
import { SwarmTally } from '../simulation/swarm-tally.ts';
import type { ToolContext } from '../tool.ts';

/** The options of `zkt sim`, as commander hands them over. */
interface SimFlags {
  readonly seed?: number;
  readonly seeds?: number;
  readonly step: number;
  readonly hours?: number;
  readonly servers?: number;
  readonly observers?: number;
  readonly fault?: readonly string[];
  readonly keep?: ReadonlySet<number>;
  readonly clients?: number;
  readonly operations?: number;
  readonly work?: number;
  readonly calm?: boolean;
  readonly basic?: boolean;
  readonly shrink: boolean;
  readonly quiet?: boolean;
  readonly scenario?: string;
  readonly jobs?: number;
  readonly top?: boolean;
  readonly record?: string;
  readonly force?: boolean;
  readonly output?: OutputFormat;
}

const EXAMPLES = `
Examples:
  zkt sim --seed 7                     one run, told line by line
  zkt sim --seeds 500                  500 runs from seed 1 on; the first failure is made smaller and told
  zkt sim --hours 2 --quiet            until two hours of the ensemble's time have passed
  zkt sim --seeds 100 --fault power --fault kill-all --servers 3
  zkt sim --hours 100 --jobs 4         in four processes
  zkt sim --calm --seeds 20            long runs: idle sessions, nodes with a time to live, purges
  zkt sim --scenario split.zkt         a file that says what happens, line by line (docs/scenarios.md)
  zkt sim --seed 7 --top               the run in the dashboard: pause, step, back and forth in time
  zkt sim --seed 7 --record run.zktrec as a recording, for zkt top --replay and zkt events --replay
  zkt sim --faults                     the kinds of faults there are

A run is decided by its seed: the same command gives the same run, on every machine. Exit code 0: every
promise was kept, as far as they were looked at; 1: one was broken; 130: Ctrl-C ended it before its time.`;

/** Fills in the command. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, EXAMPLES, context.brief === true);
  command
    .description('run simulated ensembles under faults and check every promise')
    .option('--seed <n>', 'the run to play, or the first of them', number(0, 4_294_967_295))
    .option('--seeds <n>', 'how many runs, from the seed on', number(1, 100_000_000))
    .option('--step <n>', 'seeds lie so far apart: for several processes at once', number(1, 1000), 1)
    .option('--hours <h>', "run seed after seed until the ensemble's time reaches this", hours)
    .option('--servers <n>', 'voters, instead of what the seed says', number(1, 9))
    .option('--observers <n>', 'observers', number(0, 5))
    .option('--fault <kind>', 'only this kind of fault; may be repeated', faultKind)
    .option('--faults', 'list the kinds of faults')
    .option('--keep <list>', "only these faults of the seed's plan: numbers, or none", numbers)
    .option('--clients <n>', 'clients at work', number(1, 20))
    .option('--operations <n>', 'operations of each client, at most', number(1, 1_000_000))
    .option('--work <ms>', 'how long faults go on', number(1, 86_400_000))
    .option('--calm', 'hours with a fault now and then, instead of seconds full of them')
    .option('--basic', 'only the basic kinds of faults and limits')
    .option('--scenario <file>', 'play a scenario instead of seeds')
    .option('--jobs <n>', 'processes at work', number(1, 64))
    .option('--no-shrink', 'leave a failing run as it is')
    .option('--top', 'show the run, or the scenario, in the dashboard')
    .option('--record <file>', 'record it into a file')
    .option('--force', 'replace a recording that exists')
    .option('-q, --quiet', 'no transcript')
    .option('-o, --output <format>', `${OUTPUT_FORMATS.join(', ')}`, outputFormat)
    .action(async (flags: SimFlags & { faults?: boolean }) => {
      const { io, globals } = context;
      const format = flags.output ?? globals.output ?? 'table';
      const code = await act(flags, io, format);
      if (code !== EXIT.ok) context.exit(code);
    });
}

function act(flags: SimFlags & { faults?: boolean }, io: Io, format: OutputFormat): Promise<ExitCode> {
  if (flags.faults === true) return listFaults(io, format);
  if (flags.top === true || flags.record !== undefined) return actRecorded(flags, io, format);
  if (flags.scenario !== undefined) return playFile(flags.scenario, io, format, flags.quiet === true);
  return new SimCommand(flags, io, format).run();
}

/** One run, heard by a recorder. */
function actRecorded(flags: SimFlags, io: Io, format: OutputFormat): Promise<ExitCode> {
  if (flags.seeds !== undefined || flags.hours !== undefined || flags.jobs !== undefined) {
    throw usage('--top and --record are for one run: --seed N or --scenario FILE');
  }
  const { seed = 1, scenario, record: file, force = false, top = false } = flags;
  const play =
    scenario === undefined
      ? (listen: Listen) => playPlan(planOf(seed, wishesOf(flags)), SIM_TOOLS, listen)
      : (listen: Listen) => playOne(scenario, listen);
  return playRecorded({ name: scenario ?? `seed ${seed}`, play, file, force, top, format }, io);
}

async function listFaults(io: Io, format: OutputFormat): Promise<ExitCode> {
  const out = new Printer(io.stdout);
  const report = new ListReport(out, format, 'faults');
  for (const { name, group, about } of FAULT_KINDS.values()) {
    await report.add(
      () => ({ name, group, about }),
      () => out.line(`${name.padEnd(18)} ${group.padEnd(8)} ${about}`),
    );
  }
  report.end();
  return EXIT.ok;
}

/** One call of the command. */
class SimCommand {
  private readonly flags: SimFlags;
  private readonly io: Io;
  private readonly out: Printer;
  private readonly err: Printer;
  private readonly format: OutputFormat;
  private readonly report: ListReport;
  private readonly tally = new SwarmTally(systemClock.monotonicMs());
  private readonly bar: ProgressBar;

  constructor(flags: SimFlags, io: Io, format: OutputFormat) {
    this.flags = flags;
    this.io = io;
    this.out = new Printer(io.stdout);
    this.err = new Printer(io.stderr);
    this.bar = new ProgressBar(io.stderr);
    this.format = format;
    this.report = new ListReport(this.out, format, 'runs');
  }

  async run(): Promise<ExitCode> {
    const { flags, io } = this;
    const failed =
      (flags.jobs ?? 1) > 1 ? await this.manyProcesses(flags.jobs ?? 1) : await this.thisProcess();
    this.bar.clear();
    if (failed !== undefined) await this.tellFailure(failed);
    const now = systemClock.monotonicMs();
    this.report.end(this.tally.summary(now));
    if (this.format === 'table') this.out.line(this.tally.text(now));
    if (failed !== undefined) return EXIT.failed;
    return io.stop.aborted && !io.stdout.broken ? EXIT.interrupted : EXIT.ok;
  }

  private get single(): boolean {
    return this.flags.seeds === undefined && this.flags.hours === undefined;
  }

  /** The first run that fails. */
  private async thisProcess(): Promise<SwarmResult | undefined> {
    const { flags, io, single } = this;
    const first = flags.seed ?? 1;
    const count = single ? 1 : (flags.seeds ?? Number.POSITIVE_INFINITY);
    const hoursMs = (flags.hours ?? Number.POSITIVE_INFINITY) * 3_600_000;
    for (let i = 0; i < count && this.tally.simulatedMs < hoursMs && !io.stop.aborted; i++) {
      const seed = first + i * flags.step;
      const result = await playPlan(
        planOf(seed, wishesOf(this.flags)),
        SIM_TOOLS,
        single && this.told ? (now) => this.teller(now) : undefined,
      );
      await this.take(jsonOf(result));
      if (result.violations.length > 0) return result;
    }
    return undefined;
  }

  private async manyProcesses(jobs: number): Promise<SwarmResult | undefined> {
    const { flags, io } = this;
    const first = flags.seed ?? 1;
    let failed: number | undefined;
    const runs = flags.seeds ?? (flags.hours === undefined ? 1 : undefined);
    const words = Array.from({ length: Math.min(jobs, runs ?? jobs) }, (_, i) => [
      ...['--seed', `${first + i}`, '--step', `${jobs}`, '--quiet', '--no-shrink', '-o', 'ndjson'],
      ...(flags.hours === undefined ? [] : ['--hours', `${flags.hours / jobs}`]),
      ...(runs === undefined ? [] : ['--seeds', `${Math.ceil((runs - i) / jobs)}`]),
      ...this.wishWords().flatMap((word) => word.split(' ')),
    ]);
    await runJobs(words, io.stop, async (report) => {
      await this.take(report);
      if (report.violations.length > 0) failed = report.seed;
      return failed === undefined;
    });
    return failed === undefined ? undefined : playPlan(planOf(failed, wishesOf(this.flags)), SIM_TOOLS);
  }

  private async take(run: RunReport): Promise<void> {
    this.tally.add(run);
    this.showProgress(run.seed);
    await this.report.add(
      () => ({ ...run }),
      () => {
        const [violation] = run.violations;
        if ((this.single && this.told) || violation === undefined) return;
        this.bar.clear();
        this.out.line({ text: `seed ${run.seed} fails`, style: 'bold' }, `: ${violation.rule}`);
      },
    );
  }

  /** Of many runs nothing is told; a terminal shows how far they are. */
  private showProgress(seed: number): void {
    const { seeds, hours = Number.POSITIVE_INFINITY } = this.flags;
    if (this.single) return;
    const fraction = Math.max(
      this.tally.runs / (seeds ?? Number.POSITIVE_INFINITY),
      this.tally.simulatedMs / (hours * 3_600_000),
    );
    this.bar.show(`seed ${seed}`, Math.min(1, fraction), this.tally.text(systemClock.monotonicMs()));
  }

  private get told(): boolean {
    return this.format === 'table' && this.flags.quiet !== true;
  }

  private teller(now: () => number) {
    return transcript((line) => this.out.line(line), now);
  }

  private async tellFailure(failed: SwarmResult): Promise<void> {
    const { flags } = this;
    const whole = planOf(failed.plan.seed, wishesOf(this.flags));
    let smallest = failed;
    if (flags.shrink && flags.keep === undefined) {
      this.err.line('zkt sim: making it smaller ...');
      smallest = await shrink(failed, { play: (plan) => playPlan(plan, SIM_TOOLS) });
    }
    if (this.told && (flags.seeds !== undefined || flags.hours !== undefined || smallest !== failed)) {
      await playPlan(smallest.plan, SIM_TOOLS, (now) => this.teller(now));
    }
    for (const { rule, text } of smallest.violations.slice(0, 5)) {
      this.err.line({ text: rule, style: 'bold' }, `: ${text}`);
    }
    this.err.line(`replay: zkt sim ${replayOptions(smallest.plan, whole, this.wishWords())}`);
  }

  private wishWords(): string[] {
    const { servers, observers, fault = [], calm = false, basic = false } = this.flags;
    return [
      ...(calm ? ['--calm'] : []),
      ...(basic ? ['--basic'] : []),
      ...(servers === undefined ? [] : [`--servers ${servers}`]),
      ...(observers === undefined ? [] : [`--observers ${observers}`]),
      ...fault.map((kind) => `--fault ${kind}`),
    ];
  }
}

const wishesOf = ({ fault: kinds, work: workMs, ...flags }: SimFlags): PlanWishes => {
  const { servers, observers, keep, clients, operations, calm, basic } = flags;
  return { servers, observers, kinds, keep, clients, operations, workMs, calm, basic };
};

function jsonOf(result: SwarmResult): RunReport {
  const { plan, violations, simulatedMs, steps, fingerprint, counts, faults } = result;
  const { seed, servers, observers, clients } = plan;
  const size = { servers, observers, clients, fingerprint };
  return {
    seed,
    ...size,
    simulatedSeconds: simulatedMs / 1000,
    steps,
    counts,
    faults,
    violations: violations.slice(0, 20),
  };
}

const usage = (why: string): ZktError => new ZktError('ZKT_USAGE', { why });

const number =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,10}$/.test(text) ? Number(text) : -1;
    if (value < min || value > max) throw usage(`expected a whole number from ${min} to ${max}, not ${text}`);
    return value;
  };

function hours(text: string): number {
  const value = /^\d{1,6}(\.\d+)?$/.test(text) ? Number(text) : 0;
  if (value <= 0) throw usage(`expected hours, such as 2 or 0.5, not ${text}`);
  return value;
}

function numbers(text: string): ReadonlySet<number> {
  if (text === 'none') return new Set();
  if (!/^\d+(,\d+)*$/.test(text)) throw usage(`expected numbers separated by commas, or none, not ${text}`);
  return new Set(text.split(',').map(Number));
}

function faultKind(name: string, before: readonly string[] | undefined): readonly string[] {
  if (!FAULT_KINDS.has(name)) throw usage(`no fault ${name}: \`zkt sim --faults\` lists them`);
  return [...(before ?? []), name];
}

function outputFormat(text: string): OutputFormat {
  const found = OUTPUT_FORMATS.find((it) => it === text);
  if (found === undefined) throw usage(`no output format ${text}: choose from ${OUTPUT_FORMATS.join(', ')}`);
  return found;
}
