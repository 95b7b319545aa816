/** A verb as a command of its own: `zkt get /x`. Quiet, with the exit codes of the contract. */
import { EXIT, type ExitCode, ZktError } from '../base/errors.ts';
import type { Client } from '../client/api.ts';
import { connect } from '../client/index.ts';
import type { Command, CommandContext } from './command.ts';
import { CommandFailure, UsageFailure } from './explain.ts';
import { printHelp } from './help.ts';
import type { Io } from './io.ts';
import { reach } from './nodes/reach.ts';
import { Printer } from './output/printer.ts';
import { globalsFrom, withGlobals } from './parse/command-line.ts';
import { parseFor } from './parse/parse-for.ts';
import type { GlobalOptions } from './settings/global-options.ts';
import { type Settings, settle } from './settings/settings.ts';

/**
 * Time for one server to accept a connection and open the session, so that one that hangs does not hide the
 * others.
 */
const CONNECT_MS_MAX = 5_000;

/** Where a verb gets its session from. */
export interface OneShotSession {
  /** The client, once it is connected; the same one each time. */
  open(): Promise<Client>;
  close(): Promise<void>;
}

/**
 * Runs a verb on its arguments, in a session of its own unless `sessionOf` gives one. What goes wrong is
 * thrown, for the caller to explain.
 */
export async function runOneShot(
  command: Command,
  words: readonly string[],
  before: GlobalOptions,
  io: Io,
  sessionOf: (settings: Settings) => OneShotSession = (settings) => new Connection(settings),
): Promise<ExitCode> {
  const args = parseFor(command, withGlobals(command.options), words);
  const out = new Printer(io.stdout);
  if (args.has('help') || args.has('h')) {
    printHelp(out, command, args.has('help'));
    return EXIT.ok;
  }
  if (command.only === 'shell') {
    const why = `${command.name} changes the state of a shell; as a command of its own it would do nothing`;
    throw new ZktError('ZKT_USAGE', { why });
  }
  const { length } = args.rest;
  if (length < command.needed || length > (command.most ?? length))
    throw new UsageFailure(`zkt ${command.name} ${command.usage}`);
  const settings = settle({ ...before, ...globalsFrom(args) }, io.env);
  if (command.writes && settings.readOnly) throw new ZktError('ZKT_READ_ONLY', { command: command.name });
  const connection = sessionOf(settings);
  const context = contextOf(io, settings, connection);
  try {
    await untilStopped(io.stop, command.run(context, args));
    await io.stdout.drained();
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
    return io.stdout.broken ? EXIT.ok : EXIT.interrupted;
  } finally {
    await connection.close();
  }
}

/** A session that begins when it is needed. */
class Connection implements OneShotSession {
  private readonly settings: Settings;
  private client: Client | undefined;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  async open(): Promise<Client> {
    const { servers, auth, timeoutMs, readOnly } = this.settings;
    this.client ??= connect({
      servers,
      auth,
      readOnly,
      requestTimeoutMs: timeoutMs,
      connectTimeoutMs: Math.min(timeoutMs, CONNECT_MS_MAX),
    });
    await reach(this.client, timeoutMs);
    return this.client;
  }

  async close(): Promise<void> {
    await this.client?.close();
  }
}

function contextOf(io: Io, settings: Settings, connection: OneShotSession): CommandContext {
  return {
    io,
    out: new Printer(io.stdout),
    err: new Printer(io.stderr),
    style: 'quiet',
    format: settings.output,
    dryRun: settings.dryRun,
    stop: io.stop,
    client: () => connection.open(),
    path: (argument) => argument,
    watches: false,
    confirm: (question) => confirm(io, settings, question),
    withTerminal: (work) => work(),
    shell: undefined,
  };
}

async function confirm(io: Io, settings: Settings, question: string): Promise<boolean> {
  if (settings.yes) return true;
  if (!io.stdin.isTTY || !io.stderr.isTTY) {
    throw new CommandFailure(
      `${question} Nobody can be asked here: say --yes, or --dry-run to see`,
      EXIT.usage,
    );
  }
  new Printer(io.stderr).part(`${question} [y/N] `);
  // Loaded here only: most one-shots ask nothing.
  const { createInterface } = await import('node:readline');
  const lines = createInterface({ input: io.stdin.stream, terminal: false });
  try {
    for await (const line of lines) return /^\s*y(es)?\s*$/i.test(line);
    return false;
  } finally {
    lines.close();
  }
}

class Stopped extends Error {}

/** The promise, unless the command is to end before. */
function untilStopped(stop: AbortSignal, work: Promise<void>): Promise<void> {
  return new Promise((resolve, reject) => {
    const stopped = () => reject(new Stopped());
    if (stop.aborted) stopped();
    stop.addEventListener('abort', stopped, { once: true });
    work.then(resolve, reject);
  });
}
