/** `zkt trace`: the way of a request through the ensemble, one of ours or those of others. */
import type { Command } from 'commander';
import { parse64 } from '../../base/brands.ts';
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import { loadCommand, VERBS } from '../catalogue.ts';
import type { Command as Verb } from '../command.ts';
import type { Io } from '../io.ts';
import { runOneShot } from '../one-shot.ts';
import { Printer } from '../output/printer.ts';
import { durationMs } from '../parse/duration.ts';
import { type ObserverFlags, observerOptions, observerSettings } from '../settings/observer-options.ts';
import { settle, wholeNumber } from '../settings/settings.ts';
import { toolHelp } from '../settings/tool-help.ts';
import { toolGlobals } from '../settings/tool-options.ts';
import { suggestion } from '../suggest.ts';
import type { ToolContext } from '../tool.ts';
import { follow } from '../tracing/follow.ts';
import type { SpanSender } from '../tracing/span-sender.ts';
import { TracePrinter } from '../tracing/trace-printer.ts';
import { TracedSession } from '../tracing/traced-session.ts';

const HELP = `
Examples:
  zkt trace -- set /a x                        the way of one write, through all servers and back
  zkt trace -s zk2:2181 -- get /a              of a read, by that server
  zkt trace --with-session                     of the beginning and the end of a session
  zkt trace -o json -- create /b | jq '.traces[0].criticalPath'
  zkt trace --follow --slower 20ms             requests of all clients that take longer, as they end
  zkt trace --follow --path /app --op setData --limit 10 --whole

COMMAND is any command of the shell that makes requests; each request is drawn. What it prints goes to
stderr: stdout is for the trace. Dots are a packet on its way, lines are work and waiting for work.

Servers of zkt tell of requests by their HTTP admin (a token may be needed: --token-file, ZKT_ADMIN_TOKEN),
those of Apache do not: of these it is shown what others know. Clocks that disagree are corrected, so that
causes come before their effects, and it is said by how much.

Where OTEL_EXPORTER_OTLP_ENDPOINT (or OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) is set, each trace is also sent
there as spans of OpenTelemetry (OTLP over HTTP, JSON); OTEL_EXPORTER_OTLP_HEADERS, OTEL_SERVICE_NAME and
OTEL_RESOURCE_ATTRIBUTES are heeded.

Ends as COMMAND ends; with --follow after --limit or --for, with Ctrl-C (130), or with 3 when no server
answers.`;

/** Events a second of each server, when requests of everybody are followed. */
const BUDGET = 5_000;
const LIMIT = 20;
/** Other servers may do their part so much later than the answer; `--timeout` waits longer. */
const LATE_MS = 1_000;

interface TraceFlags extends ObserverFlags {
  readonly withSession?: boolean;
  readonly limit?: string;
  readonly follow?: boolean;
  readonly whole?: boolean;
  readonly path?: string;
  readonly session?: string;
  readonly op?: string;
  readonly slower?: string;
  readonly for?: string;
  readonly budget?: string;
  readonly yes?: boolean;
}

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  observerOptions(command)
    .description('Show the way of a request through the ensemble.')
    .argument('[command...]', 'a command of the shell and its arguments, behind --')
    .option('--with-session', 'show the beginning and the end of the session too')
    .option('--limit <n>', `requests drawn at most, default ${LIMIT}; with --follow: end after so many`)
    .option('-y, --yes', 'do not ask, if COMMAND does')
    .option('--follow', 'show requests of other clients as they end')
    .option('--whole', 'with --follow: the whole drawing of each, not a line')
    .option('--path <path>', 'with --follow: for that node and those below it')
    .option('--session <id>', 'with --follow: of that session (0x…)')
    .option('--op <list>', 'with --follow: operations: setData,create2')
    .option('--slower <time>', 'with --follow: those that take at least so long: 5ms')
    .option('--for <time>', 'with --follow: end after that time: 30s, 10m')
    .option(
      '--budget <n>',
      `with --follow: at most so many events a second of each server, default ${BUDGET}`,
    )
    .action(async (words: string[], flags: TraceFlags) => {
      context.exit(
        await (flags.follow === true ? following(words, flags, context) : trace(words, flags, context)),
      );
    });
}

const usage = (why: string): ZktError => new ZktError('ZKT_USAGE', { why });

const FOLLOWS = ['whole', 'path', 'session', 'op', 'slower', 'for', 'budget'] as const;

async function trace(words: readonly string[], flags: TraceFlags, context: ToolContext): Promise<ExitCode> {
  const { io } = context;
  const lone = FOLLOWS.find((name) => flags[name] !== undefined);
  if (lone !== undefined) throw usage(`--${lone} goes with --follow`);
  const [name, ...rest] = words;
  if (name === undefined && flags.withSession !== true) {
    throw usage('what is to be traced: zkt trace -- COMMAND, or zkt trace --follow');
  }
  const verb = name === undefined ? SESSION_ONLY : await verbOf(name);
  const { output: format = 'table', ...globals } = toolGlobals(flags, context.globals);
  const settings = settle(globals, io.env);
  const observer = observerSettings(flags, context.globals, io.env);
  const limit = flags.limit === undefined ? LIMIT : wholeNumber(flags.limit, '--limit');
  const withSession = flags.withSession === true;
  const lateMs = settings.timeoutGiven ? settings.timeoutMs : LATE_MS;
  const sessions: TracedSession[] = [];
  // What the command prints is not the trace: stdout is.
  const aside: Io = { stdin: io.stdin, stdout: io.stderr, stderr: io.stderr, env: io.env, stop: io.stop };
  let code: ExitCode = EXIT.ok;
  let failure: unknown;
  try {
    const before = { ...globals, ...(flags.yes === true && { yes: true }) };
    code = await runOneShot(verb, rest, before, aside, (own) => {
      const session = new TracedSession(own, { observer, withSession, limit, lateMs, stop: io.stop });
      sessions.push(session);
      return session;
    });
  } catch (error) {
    failure = error;
  }
  const printer = new TracePrinter(io, format, false);
  const untraced = sessions.reduce((sum, each) => sum + each.untraced, 0);
  const sender = await spanSender(io);
  for (const each of sessions.flatMap(({ result }) => result)) {
    sender?.add(each);
    await printer.add(each);
  }
  if (failure === undefined || printer.printed > 0) printer.end({ untraced });
  await sender?.end();
  if (failure !== undefined) throw failure;
  const err = new Printer(io.stderr);
  const lost = sessions.reduce((sum, each) => sum + each.lost, 0);
  if (lost > 0) err.line(`${lost} events were dropped on their way: stages may be missing.`);
  if (untraced > 0) err.line(`${untraced} more requests were not traced: --limit ${limit}.`);
  else if (printer.printed === 0 && code === EXIT.ok) err.line('No request was made.');
  return code;
}

async function verbOf(name: string): Promise<Verb> {
  const verb = await loadCommand(name);
  if (verb === undefined) {
    throw usage(`${name} is no command that makes requests.${suggestion(name, VERBS)} See zkt trace --help`);
  }
  return verb;
}

/** A session and nothing else. */
const SESSION_ONLY: Verb = {
  name: 'session',
  usage: '',
  summary: 'Begin a session and end it.',
  options: [],
  arguments: [],
  needed: 0,
  examples: [],
  zkCli: false,
  writes: false,
  run: async (context) => void (await context.client()),
};

async function following(
  words: readonly string[],
  flags: TraceFlags,
  context: ToolContext,
): Promise<ExitCode> {
  const { io, globals } = context;
  if (words.length > 0) throw usage('with --follow no command is run');
  if (flags.withSession === true) throw usage('--with-session goes with a command, or stands alone');
  const { path, op, slower } = flags;
  if (path !== undefined && !path.startsWith('/')) throw usage(`--path begins with /, not ${path}`);
  const session = flags.session === undefined ? undefined : sessionOf(flags.session);
  const observer = observerSettings(flags, globals, io.env);
  const format = flags.output ?? globals.output ?? 'table';
  const printer = new TracePrinter(io, format === 'json' ? 'ndjson' : format, flags.whole !== true);
  const sender = await spanSender(io);
  const { why, unseen } = await follow(
    {
      observer,
      wanted: {
        ...(session !== undefined && { session }),
        ...(path !== undefined && { path }),
        ...(op !== undefined && { ops: new Set(op.split(',').map((it) => it.trim())) }),
        ...(slower !== undefined && { slowerMs: durationMs(slower, '--slower') }),
      },
      session: flags.session,
      budget: flags.budget === undefined ? BUDGET : wholeNumber(flags.budget, '--budget'),
      limit: flags.limit === undefined ? Number.POSITIVE_INFINITY : wholeNumber(flags.limit, '--limit'),
      forMs: flags.for === undefined ? undefined : durationMs(flags.for, '--for'),
      stop: io.stop,
    },
    (each) => {
      sender?.add(each);
      return printer.add(each);
    },
  ).finally(() => sender?.end());
  printer.end();
  const lost = unseenText(unseen);
  if (lost !== '') new Printer(io.stderr).line(`Not seen: ${lost}.`);
  return why === 'stopped' && !io.stdout.broken ? EXIT.interrupted : EXIT.ok;
}

/** Sends spans too, where the environment names a collector; loaded only then. */
async function spanSender({ env, stderr }: Io): Promise<SpanSender | undefined> {
  if (!env.OTEL_EXPORTER_OTLP_ENDPOINT && !env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT) return undefined;
  const { senderFrom } = await import('../tracing/span-sender.ts');
  return senderFrom(env, (why) => new Printer(stderr).line(`zkt: ${why}`));
}

function sessionOf(text: string): bigint {
  const id = /^0x/i.test(text) ? parse64(text) : undefined;
  if (id === undefined) throw usage(`--session is a hex number such as 0x1000a2b3c4d0001, not ${text}`);
  return id;
}

function unseenText({
  events,
  untoldMs,
  partial,
  crowded,
}: Awaited<ReturnType<typeof follow>>['unseen']): string {
  return [
    ...(events > 0 ? [`${events} events that were dropped on their way`] : []),
    ...(untoldMs > 0 ? [`what happened in ${Math.round(untoldMs)} ms beyond --budget`] : []),
    ...(partial > 0 ? [`${partial} requests of which only a part was told`] : []),
    ...(crowded > 0 ? [`${crowded} requests for which there was no room`] : []),
  ].join(', ');
}
