/** `zkt bench`: load on any ensemble, and how it bears it. */
import type { Command } from 'commander';
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import { parseServerList } from '../../client/connect-string.ts';
import type { LatencySummary } from '../../client/load/latency-histogram.ts';
import {
  type LoadOptions,
  type LoadPorts,
  type LoadProgress,
  type LoadResult,
  LoadRun,
} from '../../client/load/load-run.ts';
import { LOAD_OPERATIONS, type LoadOperation } from '../../client/load/load-sources.ts';
import { systemClock } from '../../platform/clock.ts';
import { systemNet } from '../../platform/net.ts';
import { systemTimers } from '../../platform/timers.ts';
import { errName } from '../../protocol/error-codes.ts';
import { pathFault } from '../../protocol/paths.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { ProgressBar } from '../output/progress-bar.ts';
import { ListReport } from '../output/report.ts';
import type { GlobalOptions, OutputFormat } from '../settings/global-options.ts';
import { OUTPUT_FORMATS } from '../settings/global-options.ts';
import { type Settings, settle } from '../settings/settings.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';

/** The options of `zkt bench`, as commander hands them over. */
interface BenchFlags {
  readonly servers?: string;
  readonly connections: number;
  readonly depth: number;
  readonly bytes: number;
  readonly time: number;
  readonly warmUp: number;
  readonly keys: number;
  readonly readPercent: number;
  readonly prefix?: string;
  readonly keep?: boolean;
  readonly output?: OutputFormat;
}

/** A load as it is reported. */
interface Finished {
  readonly options: LoadOptions;
  readonly result: LoadResult;
  /** CPU time the generator used in all phases, as a share of one core. */
  readonly generatorCpu: number;
}

const EXAMPLES = `
Examples:
  zkt bench                                     reads, one at a time, for 10 seconds
  zkt bench get set -c 8 -d 64 -t 5             reads, then writes, 64 requests in flight on each connection
  zkt bench mixed -r 90 -s zk1:2181,zk2:2181    90 % reads; connections are dealt to the servers in turn
  zkt bench create -c 8 -d 64 -o json | jq .loads[0].perSecond

All nodes are made below one new node, which is removed at the end.`;

const DEPTH_MAX = 100_000;

/** Fills in the command. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, EXAMPLES, context.brief === true);
  command
    .description('put load on an ensemble and measure throughput and latency')
    .argument('[operations...]', `any of ${LOAD_OPERATIONS.join(', ')}, one after the other`, ['get'])
    .option('-s, --servers <list>', 'host:port,host:port[/chroot]')
    .option('-c, --connections <n>', 'sessions, each with its own connection', number(1, 10_000), 1)
    .option('-d, --depth <n>', 'requests in flight on each connection', number(1, DEPTH_MAX), 1)
    .option('-b, --bytes <n>', 'size of the values', number(0, 1_000_000), 100)
    .option('-t, --time <seconds>', 'how long to measure each operation', seconds, 10)
    .option('-w, --warm-up <seconds>', 'load before the measured time', seconds, 1)
    .option('-k, --keys <n>', 'nodes that get, set and mixed use', number(1, 99_999_999), 1000)
    .option('-r, --read-percent <n>', 'share of reads in mixed', number(0, 100), 90)
    .option('-p, --prefix <path>', 'the node to work below (default: a new one below /)')
    .option('--keep', 'leave the nodes there')
    .option('-o, --output <format>', `${OUTPUT_FORMATS.join(', ')}`, outputFormat)
    .action(async (operations: string[], flags: BenchFlags) => {
      const { io, globals } = context;
      const settings = settle(withGlobals(globals, flags), io.env);
      if (settings.readOnly) throw new ZktError('ZKT_READ_ONLY', { command: 'bench' });
      const loads = operations.map((it) => loadOptions(asOperation(it), flags, settings));
      const ports = { net: systemNet, clock: systemClock, timers: systemTimers };
      const code = await run(loads, settings.output, io, ports);
      if (code !== EXIT.ok) context.exit(code);
    });
}

/** Runs the loads one after the other and reports each; the exit code. */
export async function run(
  loads: readonly LoadOptions[],
  format: OutputFormat,
  io: Io,
  ports: LoadPorts,
): Promise<ExitCode> {
  const out = new Printer(io.stdout);
  const err = new Printer(io.stderr);
  const report = new ListReport(out, format, 'loads');
  let code: ExitCode = EXIT.ok;
  for (const options of loads) {
    if (io.stop.aborted) break;
    const finished = await runOne(options, io, ports);
    await report.add(
      () => jsonOf(finished),
      () => tableOf(out, finished),
    );
    warn(err, finished);
    const { errors, lost } = finished.result;
    if (Object.keys(errors).length > 0 || lost > 0) code = EXIT.failed;
  }
  report.end();
  return io.stop.aborted ? EXIT.interrupted : code;
}

async function runOne(options: LoadOptions, io: Io, ports: LoadPorts): Promise<Finished> {
  const bar = new ProgressBar(io.stderr);
  const load = new LoadRun(options, ports, (at) => showProgress(bar, options, at));
  const stop = (): void => load.stop();
  io.stop.addEventListener('abort', stop);
  const from = ports.clock.monotonicMs();
  const before = process.cpuUsage();
  try {
    const result = await load.run();
    const { user, system } = process.cpuUsage(before);
    const generatorCpu = (user + system) / 1000 / Math.max(1, ports.clock.monotonicMs() - from);
    return { options, result, generatorCpu };
  } finally {
    io.stop.removeEventListener('abort', stop);
    bar.clear();
  }
}

function showProgress(bar: ProgressBar, options: LoadOptions, at: LoadProgress): void {
  const perSecond = at.elapsedMs > 0 ? (at.operations * 1000) / at.elapsedMs : 0;
  bar.show(`${options.operation} ${at.phase.padEnd(8)}`, at.fraction, `${thousands(perSecond)}/s`);
}

const withGlobals = (globals: GlobalOptions, flags: BenchFlags): GlobalOptions => ({
  ...globals,
  ...(flags.servers !== undefined && { servers: flags.servers }),
  ...(flags.output !== undefined && { output: flags.output }),
});

function loadOptions(operation: LoadOperation, flags: BenchFlags, settings: Settings): LoadOptions {
  const { servers, chroot } = parseServerList(settings.servers);
  return {
    servers,
    operation,
    connections: flags.connections,
    depth: flags.depth,
    valueBytes: flags.bytes,
    warmupMs: flags.warmUp * 1000,
    durationMs: flags.time * 1000,
    keys: flags.keys,
    readPercent: flags.readPercent,
    prefix:
      chroot + (flags.prefix === undefined ? newPrefix(systemClock.wallMs()) : checkedPrefix(flags.prefix)),
    keep: flags.keep ?? false,
    sessionTimeoutMs: Math.max(30_000, settings.timeoutMs),
    credentials: settings.auth,
  };
}

/** A name no other run has: two of them at once must not remove each other's nodes. */
const newPrefix = (now: number): string => `/zkt-bench-${now.toString(36)}-${process.pid}`;

function checkedPrefix(path: string): string {
  const fault = pathFault(path) ?? (path === '/' ? 'a node below / is needed' : undefined);
  if (fault !== undefined) throw usage(`--prefix: ${fault}`);
  return path;
}

const usage = (why: string): ZktError => new ZktError('ZKT_USAGE', { why });

function asOperation(text: string): LoadOperation {
  const found = LOAD_OPERATIONS.find((it) => it === text);
  if (found === undefined) throw usage(`no load ${text}: choose from ${LOAD_OPERATIONS.join(', ')}`);
  return found;
}

function outputFormat(text: string): OutputFormat {
  const found = OUTPUT_FORMATS.find((it) => it === text);
  if (found === undefined) throw usage(`no output format ${text}: choose from ${OUTPUT_FORMATS.join(', ')}`);
  return found;
}

const number =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : -1;
    if (value < min || value > max) throw usage(`expected a whole number from ${min} to ${max}, not ${text}`);
    return value;
  };

function seconds(text: string): number {
  const value = /^\d{1,6}(\.\d+)?$/.test(text) ? Number(text) : -1;
  if (value < 0) throw usage(`expected seconds, such as 10 or 0.5, not ${text}`);
  return value;
}

function jsonOf({ options, result, generatorCpu }: Finished): Record<string, unknown> {
  const { operation, connections, depth, valueBytes, keys, readPercent, prefix } = options;
  return {
    operation,
    connections,
    depth,
    valueBytes,
    keys,
    ...(operation === 'mixed' && { readPercent }),
    prefix,
    seconds: result.elapsedMs / 1000,
    operations: result.operations,
    perSecond: result.perSecond,
    latencyMs: result.latency,
    latencyMsByKind: result.byKind,
    errors: namedErrors(result),
    connectionsLost: result.lost,
    nodesLeft: result.left,
    generatorCpu,
  };
}

const namedErrors = ({ errors }: LoadResult): Record<string, number> =>
  Object.fromEntries(Object.entries(errors).map(([code, n]) => [errName(Number(code)) ?? code, n]));

function tableOf(out: Printer, { options, result, generatorCpu }: Finished): void {
  const { operation, connections, depth, valueBytes } = options;
  const bold = (text: string) => ({ text, style: 'bold' as const });
  const reads = operation === 'mixed' ? ` r=${options.readPercent}%` : '';
  out.line(bold(operation), `${reads}  c=${connections} d=${depth} b=${valueBytes}`);
  out.line('  throughput  ', bold(`${thousands(result.perSecond)} ops/s`), `  ${inAll(result)}`);
  out.line(`  latency ms  ${latencyText(result.latency)}`);
  for (const [kind, latency] of Object.entries(result.byKind)) {
    out.line(`  ${kind.padEnd(10)}  ${latencyText(latency)}`);
  }
  for (const [name, n] of Object.entries(namedErrors(result))) out.line(`  error       ${name} x${n}`);
  out.line(`  generator   ${Math.round(generatorCpu * 100)} % of a core`);
}

const inAll = (result: LoadResult): string =>
  `(${thousands(result.operations)} in ${(result.elapsedMs / 1000).toFixed(1)} s)`;

const latencyText = (l: LatencySummary): string =>
  (['mean', 'p50', 'p90', 'p99', 'p999', 'max'] as const)
    .map((name) => `${name} ${l[name].toFixed(l[name] < 10 ? 3 : 1)}`)
    .join('  ');

const thousands = (n: number): string => Math.round(n).toLocaleString('en-US');

/** Above this share of a core the generator may be what is measured. */
const BUSY = 0.9;

function warn(err: Printer, { options, result, generatorCpu }: Finished): void {
  if (result.lost > 0) err.line(`zkt bench: ${result.lost} of ${options.connections} connections broke`);
  if (generatorCpu > BUSY) {
    err.line('zkt bench: the load generator used a whole core; the servers may be able to do more than this');
  }
  if (result.left > 0) {
    const why = options.keep ? '' : ' and could not be removed';
    err.line(`zkt bench: ${thousands(result.left)} nodes are left at ${options.prefix}${why}`);
  }
}
