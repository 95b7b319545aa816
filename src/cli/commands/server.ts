/** `zkt server`: one node, in this process. */
import path from 'node:path';
import { type Command, Option } from 'commander';
import { EXIT, reasonOf, ZktError } from '../../base/errors.ts';
import { addressText } from '../../client/connect-string.ts';
import { Bus } from '../../events/bus.ts';
import { javaDate } from '../../formatters/java-dates.ts';
import { stampClock, systemClock } from '../../platform/clock.ts';
import { systemCompression } from '../../platform/compression.ts';
import { type DataDirLock, lockDataDirs } from '../../platform/data-dir-lock.ts';
import { systemDisk } from '../../platform/disk.ts';
import { systemNet } from '../../platform/net.ts';
import { environmentPairs, openFiles } from '../../platform/process-facts.ts';
import { systemRandom } from '../../platform/random.ts';
import { systemSecrets } from '../../platform/secrets.ts';
import { systemTimers } from '../../platform/timers.ts';
import { watchLeader } from '../../server/admin/leader-watch.ts';
import { ServerMetrics } from '../../server/admin/server-metrics.ts';
import { loadConfig } from '../../server/config/load-config.ts';
import type { ServerConfig } from '../../server/config/server-config.ts';
import { FourLetterAnswers } from '../../server/node/four-letter-answers.ts';
import { PeerFacts } from '../../server/node/quorum-facts.ts';
import type { RunningServer } from '../../server/node/running-server.ts';
import { ServerReports } from '../../server/node/server-reports.ts';
import { startServer } from '../../server/node/start-server.ts';
import type { ServerWorld } from '../../server/node/world.ts';
import type { Io } from '../io.ts';
import { LOG_FORMATS, LOG_LEVELS, type LogFormat, type LogLevel, ServerLog } from '../server-log.ts';
import { serverVersion } from '../server-version.ts';
import { startInstruments } from '../serving/instruments.ts';
import type { Instrument } from '../serving/laboratory.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';

/** The options of `zkt server`, as commander hands them over. */
interface ServerFlags {
  readonly config?: string;
  readonly data?: string;
  readonly id?: number;
  readonly port?: number;
  readonly define?: readonly string[];
  readonly logLevel: LogLevel;
  readonly logFormat: LogFormat;
  readonly untilStdinEnds?: boolean;
}

const EXAMPLES = `
Examples:
  zkt server                                    a standalone server on 127.0.0.1:2181, data in ./zkt-data
  zkt server --data /var/lib/zkt --port 2182
  zkt server --id 1                             a member (1, 2 or 3) of an ensemble on this host: client port
                                                2180 + id, data in ./zkt-data/<id>; zkt up runs all three
  zkt server --config /etc/zookeeper/conf/zoo.cfg -D zookeeper.snapCount=50000
  zkt server -D clientPortAddress=0.0.0.0       clients on other hosts may connect
  zkt server --log-level debug --log-format json 2> server.log

Without --config, ./zoo.cfg and ./conf/zoo.cfg are tried. Ctrl-C or SIGTERM stops the server in good order; a second
one ends it at once.`;

/** The descriptor the log goes to. */
const STDERR = 2;
/** Addresses to listen on that nobody can connect to everywhere. */
const ANY_HOST = /^(0\.0\.0\.0|[0:]+)$/;

/** `zkt server`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, EXAMPLES, context.brief === true);
  const whole = (what: string, max: number) => (text: string) => {
    const value = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value <= max))
      throw new ZktError('ZKT_USAGE', { why: `${what} is a number up to ${max}, not ${text}` });
    return value;
  };
  command
    .description('run one node')
    .option('--config <file>', 'a zoo.cfg; ./zoo.cfg and ./conf/zoo.cfg are tried without it')
    .option('--data <dir>', 'data directory; stronger than dataDir (default: ./zkt-data)')
    .option('--id <n>', 'the id of this server in its ensemble, instead of myid', whole('--id', 255))
    .option('--port <n>', 'client port; 0 for any free one', whole('--port', 65_535))
    .option(
      '-D, --define <key=value>',
      'a property (zookeeper.x=y) or a line of zoo.cfg (x=y); may be repeated',
      (text: string, before: readonly string[] | undefined) => [...(before ?? []), text],
    )
    .addOption(new Option('--log-level <level>', 'what to log').choices([...LOG_LEVELS]).default('info'))
    .addOption(new Option('--log-format <form>', 'how to log').choices([...LOG_FORMATS]).default('auto'))
    // How `zkt up` makes sure that no server outlives it.
    .addOption(new Option('--until-stdin-ends', 'stop when standard input ends').hideHelp())
    .action(async (flags: ServerFlags) => {
      const config = configuration(flags);
      const { io } = context;
      const stop = flags.untilStdinEnds === true ? AbortSignal.any([io.stop, endOf(io.stdin)]) : io.stop;
      await new ServerProcess(config, flags, { ...io, stop }).run();
    });
}

/** A server without its parent has so long to stop in good order, ms. */
const ORPHAN_MS_MAX = 10_000;

/** Aborted when standard input ends: who started the server is gone. */
function endOf(stdin: Io['stdin']): AbortSignal {
  const gone = new AbortController();
  const end = (): void => {
    if (gone.signal.aborted) return;
    gone.abort('its parent process is gone');
    systemTimers.after(ORPHAN_MS_MAX, () => process.exit(EXIT.failed));
  };
  for (const event of ['end', 'close', 'error']) stdin.stream.on(event, end);
  stdin.stream.resume();
  return gone.signal;
}

/** The configuration, with absolute directories. Throws `ZktError`. */
function configuration(flags: ServerFlags): ServerConfig {
  // An empty variable in a script (`--data "$DIR"`) would otherwise put the data into the working directory.
  if (flags.data === '') throw new ZktError('ZKT_USAGE', { why: '--data names no directory' });
  const config = loadConfig(systemDisk, {
    file: flags.config,
    dataDir: flags.data,
    id: flags.id,
    port: flags.port,
    definitions: flags.define ?? [],
  });
  const { storage, quorum } = config;
  const dataDir = path.resolve(storage.dataDir);
  const dataLogDir = path.resolve(storage.dataLogDir);
  // It is told in the file where the members are, for whoever starts from another directory.
  const keptFile = quorum.keptFile === undefined ? undefined : path.resolve(quorum.keptFile);
  return withinFiles({
    ...config,
    storage: { ...storage, dataDir, dataLogDir },
    quorum: { ...quorum, keptFile },
  });
}

/**
 * Descriptors kept from clients: files of the server itself, Node's own, and connections being turned away.
 */
const FILES_RESERVED = 48;

/**
 * Each connection takes a file descriptor. Where the system grants fewer than `maxCnxns`, clients could take
 * them all, and the server would have none left for its log: so fewer connections are accepted.
 */
function withinFiles(config: ServerConfig): ServerConfig {
  const granted = openFiles()?.max;
  if (granted === undefined) return config;
  const { file, client, warnings } = config;
  const room = Math.max(1, granted - FILES_RESERVED);
  if (client.connectionsMax > 0 && client.connectionsMax <= room) return config;
  const message = `maxCnxns is ${room}, since this process may open only ${granted} files`;
  return {
    ...config,
    client: { ...client, connectionsMax: room },
    // Nobody needs to hear of a limit that was not asked for and is far away.
    warnings:
      client.connectionsMax === 0 ? warnings : [...warnings, { file: file ?? '-D', line: 0, message }],
  };
}

/** One run of a server in this process: from start to signal. */
class ServerProcess {
  private readonly config: ServerConfig;
  private readonly io: Io;
  private readonly bus: Bus;
  private readonly world: ServerWorld;
  private readonly log: ServerLog;
  private readonly metrics = new ServerMetrics();
  private readonly reports: ServerReports;
  private lock: DataDirLock | undefined;
  private serving = false;

  constructor(config: ServerConfig, flags: ServerFlags, io: Io) {
    this.config = config;
    this.io = io;
    this.bus = new Bus(String(config.serverId), stampClock);
    this.metrics.subscribe(this.bus);
    const pretty = flags.logFormat === 'pretty' || (flags.logFormat === 'auto' && io.stderr.isTTY);
    this.log = new ServerLog(this.bus, {
      level: flags.logLevel,
      pretty,
      colour: io.stderr.colour,
      fd: STDERR,
    });
    this.world = {
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
      secrets: systemSecrets,
      net: systemNet,
      disk: systemDisk,
      compression: systemCompression,
      events: this.bus,
    };
    this.reports = new ServerReports({
      facts: {
        version: serverVersion(),
        environment: environmentPairs,
        openFiles,
        dateText: (ms) => javaDate(BigInt(ms)),
      },
      metrics: this.metrics,
      clock: systemClock,
      disk: systemDisk,
    });
  }

  /** Serves until told to stop. Rejects with a `ZktError` when the server cannot start. */
  async run(): Promise<void> {
    const crashed = (thrown: unknown): void => this.crash(thrown);
    process.on('uncaughtException', crashed);
    process.on('unhandledRejection', crashed);
    const answers = new FourLetterAnswers(this.reports);
    let running: RunningServer | undefined;
    const leader = this.watchLeader(() => running);
    const instruments = this.startInstruments(() => running);
    this.tellConfiguration();
    try {
      running = await startServer(this.config, this.world, {
        answerWord: (server, word, more, link) => answers.answer(server, word, more, link),
        answerIdle: (word, more, link) => answers.idle(word, more, link),
        claim: (dirs) => {
          this.lock = lockDataDirs(dirs);
        },
        failed: (error) => this.fail(error.code, error.message, error.exit),
      });
    } catch (thrown) {
      instruments.close();
      this.lock?.release();
      throw thrown;
    }
    this.serving = true;
    const { peer } = running;
    if (peer !== undefined) this.reports.quorum = new PeerFacts(peer, this.config, systemClock);
    await this.log.open();
    const { host, port } = running;
    const at = addressText({ host, port });
    const here = addressText({ host: ANY_HOST.test(host) ? '127.0.0.1' : host, port });
    const who = peer === undefined ? 'Serving' : `Server ${this.config.serverId} of an ensemble, clients`;
    this.log.say(`${who} on ${at}. Connect with: zkt shell -s ${here}`, systemClock.wallMs());
    await untilAborted(this.io.stop);
    leader?.cancel();
    await running.stop(String(this.io.stop.reason));
    instruments.close();
    this.lock?.release();
    this.log.close();
    process.off('uncaughtException', crashed);
    process.off('unhandledRejection', crashed);
  }

  private startInstruments(running: () => RunningServer | undefined): Instrument {
    const { config, world, bus, metrics, reports } = this;
    const claimed = (): boolean => this.lock !== undefined;
    return startInstruments({ config, world, bus, metrics, reports, running, claimed });
  }

  private watchLeader(running: () => RunningServer | undefined) {
    const { config } = this;
    const planned = config.quorum.membership;
    if (planned === undefined) return undefined;
    const others = (): number[] =>
      (running()?.peer?.parts.ensemble.committed ?? planned).members
        .map((m) => m.id)
        .filter((id) => id !== config.serverId);
    return watchLeader(this.world, this.bus, others);
  }

  private tellConfiguration(): void {
    const { bus, config } = this;
    if (bus.on['server.starting']) {
      bus.emit('server.starting', { version: serverVersion(), dataDir: config.storage.dataDir });
    }
    if (!bus.on['config.warning']) return;
    for (const { file, line, message } of config.warnings)
      bus.emit('config.warning', { file, line, message });
  }

  /** Ends the process: an operating error after which nothing may be acknowledged any more. */
  private fail(code: string, message: string, exit: number): never {
    if (this.bus.on['server.failed']) this.bus.emit('server.failed', { code, message });
    this.log.close();
    if (!this.serving || this.io.stderr.isTTY) this.io.stderr.write(`zkt: ${message}\n`);
    this.lock?.release();
    process.exit(exit);
  }

  /** A bug: state is no longer known. Says all there is, and ends. */
  private crash(thrown: unknown): never {
    if (thrown instanceof ZktError) return this.fail(thrown.code, thrown.message, thrown.exit);
    const message = thrown instanceof Error ? (thrown.stack ?? thrown.message) : reasonOf(thrown);
    return this.fail('BUG', message, EXIT.failed);
  }
}

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
