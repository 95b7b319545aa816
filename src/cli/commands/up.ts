/** `zkt up`: a local ensemble, each server a child process, in one terminal. */
import path from 'node:path';
import { type Command, Option } from 'commander';
import { type ExitCode, ZktError } from '../../base/errors.ts';
import { systemClock } from '../../platform/clock.ts';
import { lockDataDirs } from '../../platform/data-dir-lock.ts';
import { systemDisk } from '../../platform/disk.ts';
import { systemNet } from '../../platform/net.ts';
import { systemSecrets } from '../../platform/secrets.ts';
import { systemTimers } from '../../platform/timers.ts';
import { readUserFile, writePrivateFile } from '../../platform/user-files.ts';
import type { Member } from '../../server/quorum/membership.ts';
import { liveSource } from '../dashboard/live-source.ts';
import { canShow, openDashboard, sayRecorded } from '../dashboard/open-dashboard.ts';
import type { Io } from '../io.ts';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel } from '../server-log.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';
import { requireFreePorts } from '../up/free-ports.ts';
import {
  BASE_PORT,
  configText,
  connectText,
  isReconfigured,
  membersOf,
  OBSERVERS_MAX,
  portsOf,
  SIZE_MAX,
} from '../up/layout.ts';
import { LocalEnsemble, type PlannedServer } from '../up/local-ensemble.ts';
import { LogFiles } from '../up/log-files.ts';
import { type EnsembleLog, LogLines } from '../up/log-lines.ts';

/** The options of `zkt up`, as commander hands them over. */
interface UpFlags {
  readonly size: number;
  readonly observers: number;
  readonly basePort: number;
  readonly data: string;
  /** False with `--no-top`. */
  readonly top: boolean;
  readonly define?: readonly string[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
}

const EXAMPLES = `
Examples:
  zkt up                                 three servers on 127.0.0.1:2181 to 2183, data in ./zkt-data/1 to 3
  zkt up --size 5 --observers 1 --data /tmp/five
  zkt up --base-port 12181               client ports from 12181, quorum from 12888, election from 13888
  zkt up -D snapCount=1000 --log-level warn
  kill -9 PID; zkt status                what happens when the leader dies

On a terminal, the dashboard of zkt top is shown, and each server's log is in DIR/ID/server.log. Else, and with
--no-top, logs go to stderr, each line with the server it is of.

A server that dies is started again. Ctrl-C, q or SIGTERM stops all in good order; a second one kills them.`;

/** The secret behind session passwords, that all servers share. */
const SECRET_NAME = 'zkt.secret';
const SECRET_BYTES = 32;
/** In a server's data directory, while a dashboard has the terminal. */
const LOG_NAME = 'server.log';
/** A server that says nothing to the dashboard for so long hangs. */
const ANSWER_MS = 3_000;

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, EXAMPLES, context.brief === true);
  const whole = (what: string, min: number, max: number) => (text: string) => {
    const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new ZktError('ZKT_USAGE', { why: `${what} is a number from ${min} to ${max}, not ${text}` });
    return value;
  };
  command
    .description('run a local ensemble in one terminal')
    .option('--size <n>', 'voting servers', whole('--size', 1, SIZE_MAX), 3)
    .option('--observers <n>', 'observers beside them', whole('--observers', 0, OBSERVERS_MAX), 0)
    .option('--data <dir>', 'directory of their data directories', './zkt-data')
    .option('--base-port <n>', 'client port of the first server', whole('--base-port', 1, 65_535), BASE_PORT)
    .option('--no-top', 'print the logs, also where the dashboard could be shown')
    .option(
      '-D, --define <key=value>',
      'a property (zookeeper.x=y) or a line of zoo.cfg (x=y), for all servers; may be repeated',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .addOption(new Option('--log-level <level>', 'what to log').choices([...LOG_LEVELS]).default('info'))
    .addOption(new Option('--log-format <form>', 'how to log').choices([...LOG_FORMATS]).default('auto'))
    .action(async (flags: UpFlags) => {
      context.exit(await up(flags, context.io));
    });
}

async function up(flags: UpFlags, io: Io) {
  if (flags.data === '') throw new ZktError('ZKT_USAGE', { why: '--data names no directory' });
  const dir = path.resolve(flags.data);
  const members = membersOf(flags);
  await requireFreePorts(systemNet, portsOf(members));
  const lock = claim(dir);
  try {
    const lines = new LogLines(io.stderr, members.length, flags.logFormat === 'json');
    // Without standard error the logs have no place but there.
    const dashboard = flags.top && canShow(io) && io.stderr.isTTY;
    const paths = new Map(members.map(({ id }) => [id, path.join(dir, String(id), LOG_NAME)]));
    const log = dashboard ? new LogFiles(systemDisk, paths, lines) : lines;
    const colour = io.stderr.colour && !dashboard;
    const planned = members.map((member) => plan(member, members, { dir, flags, colour, log }));
    const world = { net: systemNet, timers: systemTimers, clock: systemClock };
    const ensemble = new LocalEnsemble(planned, connectText(members), log, world);
    if (!(log instanceof LogFiles)) return await ensemble.run(io.stop, secondSignal(io.stop));
    return await showing(ensemble, io, log, { members, paths: [...paths.values()] });
  } finally {
    lock.release();
  }
}

/** Runs the ensemble under a dashboard: when one of them ends, the other does. */
async function showing(
  ensemble: LocalEnsemble,
  io: Io,
  log: LogFiles,
  { members, paths }: { readonly members: readonly Member[]; readonly paths: readonly string[] },
): Promise<ExitCode> {
  const quit = new AbortController();
  const over = new AbortController();
  // A signal ends the dashboard, and that the ensemble: what is said of its end is to be seen.
  const running = ensemble.run(quit.signal, secondSignal(quit.signal)).finally(() => over.abort());
  try {
    const servers = members.flatMap(({ client }) => (client === undefined ? [] : [client]));
    const source = liveSource({ servers, timeoutMs: ANSWER_MS });
    const stopped = AbortSignal.any([io.stop, over.signal]);
    sayRecorded(await openDashboard(io, { from: { source }, stop: stopped }), io);
  } finally {
    // Ended by itself: why, was said while nobody could see it.
    log.speak(over.signal.aborted);
    quit.abort();
  }
  const exit = await running;
  log.close();
  log.own(`the logs of the servers: ${paths.join(', ')}`, systemClock.wallMs());
  return exit;
}

/** Makes the directory and takes it, so that no two ensembles share it. */
function claim(dir: string) {
  try {
    systemDisk.makeDir(dir);
  } catch (thrown) {
    throw new ZktError('ZKT_DATA_DIR', { dir, why: (thrown as Error).message }, { cause: thrown });
  }
  return lockDataDirs([dir]);
}

/** What the plans of all servers have in common. */
interface Plan {
  /** The parent of their directories. */
  readonly dir: string;
  readonly flags: UpFlags;
  /** Logs are coloured. */
  readonly colour: boolean;
  readonly log: EnsembleLog;
}

/** Writes the files of a server and says how to run it. */
function plan(member: Member, members: readonly Member[], { dir, flags, colour, log }: Plan): PlannedServer {
  const dataDir = path.join(dir, String(member.id));
  const [file, secretFile] = [path.join(dataDir, 'zoo.cfg'), path.join(dir, SECRET_NAME)];
  if (members.length > 1 && readUserFile(secretFile) === undefined) {
    writePrivateFile(secretFile, systemSecrets.randomBytes(SECRET_BYTES));
  }
  if (isReconfigured(readUserFile(file) ?? '')) {
    log.own(`server ${member.id} goes by what reconfig wrote: ${file}`, systemClock.wallMs());
  } else writePrivateFile(file, configText(member, members, { dataDir, secretFile }));
  writePrivateFile(path.join(dataDir, 'myid'), `${member.id}\n`);
  const command = [
    process.execPath,
    ...process.execArgv,
    process.argv[1] ?? '',
    'server',
    ...['--config', file, '--id', String(member.id), '--until-stdin-ends'],
    ...['--log-level', flags.logLevel, '--log-format', flags.logFormat === 'json' ? 'json' : 'pretty'],
    ...['--color', colour ? 'always' : 'never'],
    ...(flags.define ?? []).flatMap((it) => ['-D', it]),
  ];
  return { id: member.id, client: member.client ?? { host: '127.0.0.1', port: BASE_PORT }, command };
}

/** Aborted by a signal after the one that aborted `stop`. */
function secondSignal(stop: AbortSignal): AbortSignal {
  const kill = new AbortController();
  const listen = (): void => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.on(signal, () => kill.abort(signal));
  };
  stop.addEventListener('abort', listen, { once: true });
  return kill.signal;
}
