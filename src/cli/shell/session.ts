/**
 * A shell without its terminal: it runs lines. It knows the connection, the lines run so far, the directory
 * and the exit code; what it prints, and on which stream, is zkCli's where zkCli has a word for it.
 */
import { EXIT, ZktError } from '../../base/errors.ts';
import type { Client, ClientState, WatchEvent } from '../../client/api.ts';
import { connect } from '../../client/index.ts';
import { KeeperError } from '../../client/keeper-error.ts';
import { ERR } from '../../protocol/error-codes.ts';
import { eventName, stateName } from '../../protocol/watch-types.ts';
import { loadCommand, loadCommands, VERBS } from '../catalogue.ts';
import type { Command, CommandContext, ShellState } from '../command.ts';
import { CommandFailure, explain, UsageFailure, zkCliMessage } from '../explain.ts';
import { printHelp, printVerbs } from '../help.ts';
import type { Io } from '../io.ts';
import { reach } from '../nodes/reach.ts';
import { resolvePath } from '../nodes/relative-path.ts';
import type { Printer } from '../output/printer.ts';
import { globalsFrom, withShellOptions } from '../parse/command-line.ts';
import { parseFor } from '../parse/parse-for.ts';
import { splitWords } from '../parse/words.ts';
import type { OutputFormat } from '../settings/global-options.ts';
import { suggestion } from '../suggest.ts';

/** zkCli's exit code of a command nobody knows. */
const EXIT_NOT_FOUND = 127;

/** What a shell is started with. */
export interface ShellOptions {
  readonly servers: string;
  readonly sessionTimeoutMs: number;
  /** `connect` waits for the connection. */
  readonly waitForConnection: boolean;
  /** How long an operation may take, and waiting for a connection before it; without end, as in zkCli. */
  readonly requestTimeoutMs: number | undefined;
  /** Accept a server that is cut off from its ensemble. */
  readonly acceptReadOnly: boolean;
  readonly auth: readonly { readonly scheme: string; readonly auth: string | Buffer }[];
  /** Refuse commands that change data. */
  readonly refuseWrites: boolean;
  readonly output: OutputFormat;
  readonly yes: boolean;
  readonly dryRun: boolean;
  /** Somebody sits at it: questions are asked, help helps. */
  readonly interactive: boolean;
}

/** What a shell needs of the place it runs in. */
export interface ShellPlace {
  readonly io: Io;
  readonly out: Printer;
  readonly err: Printer;
  ask(question: string): Promise<boolean>;
  withTerminal<T>(work: () => Promise<T>): Promise<T>;
  /** Something the prompt shows has changed. */
  changed(): void;
}

const isAlive = (state: ClientState): boolean =>
  state !== 'closed' && state !== 'expired' && state !== 'authFailed';

/** Thrown by `quit`. */
export class Quit extends Error {}

/** See the top of the file. */
export class ShellSession implements ShellState {
  directory = '/';
  printWatches = true;
  /** Of the last command: 0, 1, or 127. */
  exitCode = 0;
  /** The command that runs now is to end. */
  private stop = new AbortController();
  private readonly options: ShellOptions;
  private readonly place: ShellPlace;
  private readonly typed = new Map<number, string | null>();
  private count = 0;
  private client: Client | undefined;
  private servers: string;
  private relative: boolean;

  constructor(options: ShellOptions, place: ShellPlace) {
    this.options = options;
    this.place = place;
    this.servers = options.servers;
    this.relative = options.interactive;
  }

  get lines() {
    return { get: (index: number) => this.typed.get(index), present: this.count };
  }

  /** Lines run so far. */
  get lineCount(): number {
    return this.count;
  }

  /** `[zk: host:port(CONNECTED) 3] `, with the directory where it is not the root. */
  get prompt(): string {
    const at = this.directory === '/' ? '' : ` ${this.directory}`;
    return `[zk: ${this.servers}(${PROMPT_STATES[this.client?.state ?? 'closed']}) ${this.count}${at}] `;
  }

  /** The connection as it is, for completion. */
  get connection(): Client | undefined {
    return this.client;
  }

  async connect(servers = this.servers): Promise<void> {
    const { sessionTimeoutMs, requestTimeoutMs, acceptReadOnly, auth, waitForConnection } = this.options;
    const client = connect({
      servers,
      sessionTimeoutMs,
      ...(requestTimeoutMs !== undefined && { requestTimeoutMs }),
      readOnly: acceptReadOnly,
      auth: this.client ? [] : auth,
    });
    this.servers = servers;
    this.client = client;
    client.onEvent((event) => this.announce(event));
    client.onState(() => this.place.changed());
    if (waitForConnection) await client.connected(sessionTimeoutMs);
  }

  /** Resolves when connected. */
  async connected(timeoutMs: number): Promise<void> {
    await this.client?.connected(timeoutMs);
  }

  async close(): Promise<void> {
    const client = this.client;
    if (client === undefined || !isAlive(client.state)) return;
    await client.close();
  }

  /** Ends the session without a word, as the end of input does. */
  async leave(): Promise<void> {
    this.printWatches = false;
    await this.close();
  }

  async quit(): Promise<void> {
    await this.close();
    throw new Quit();
  }

  async redo(index: number): Promise<void> {
    const line = index < 0 || index >= this.count ? undefined : this.typed.get(index);
    if (line === undefined || line === null) throw new CommandFailure('Command index out of range');
    const words = splitWords(line);
    if (words[0] === 'redo') throw new CommandFailure('No redoing redos');
    this.typed.set(this.count, line);
    await this.runWords(words);
  }

  announce(event: WatchEvent): void {
    if (!this.printWatches) return;
    const { out } = this.place;
    if (event.gap !== undefined) {
      // zkCli has no word for it; a script gets zkCli's lines only.
      if (this.options.interactive)
        out.line({ text: 'WATCHER:: events may have been lost: read again', style: 'yellow' });
      return;
    }
    const zxid = event.zxid >= 0n ? ` zxid: ${event.zxid}` : '';
    const what = `state:${stateName(event.state)} type:${eventName(event.type)} path:${event.path}`;
    out.lines(['', 'WATCHER::', '', `WatchedEvent ${what}${zxid}`]);
  }

  /** Ends the command that runs now, as far as it can be ended. */
  interrupt(): void {
    this.stop.abort();
  }

  /** Runs a line; an empty one is no line. Throws `Quit`. */
  async runLine(line: string): Promise<void> {
    if (line === '') return;
    const words = splitWords(line);
    this.typed.set(this.count, line);
    if (words.length > 0) await this.runWords(words);
    this.count++;
  }

  /** Runs one command, given as words. Throws `Quit`; what goes wrong is printed. */
  async runWords(words: readonly string[]): Promise<void> {
    this.stop = new AbortController();
    const stopped = new Promise<void>((resolve) =>
      this.stop.signal.addEventListener('abort', () => resolve()),
    );
    const work = this.dispatch(words).then(
      () => {
        this.exitCode = 0;
      },
      (error: unknown) => this.failed(error),
    );
    await Promise.race([work, stopped]);
    await this.place.io.stdout.drained();
  }

  private failed(error: unknown): void {
    if (error instanceof Quit) throw error;
    const known = explain(error);
    if (known === undefined) throw error;
    this.exitCode = error instanceof CommandNotFound ? EXIT_NOT_FOUND : EXIT.failed;
    const message = error instanceof CommandFailure ? error.message : zkCliMessage(error);
    if (message !== '') this.place.err.line(message);
    if (this.options.interactive && known.hint !== undefined && error instanceof KeeperError) {
      this.place.err.line({ text: known.hint, style: 'dim' });
    }
  }

  private async dispatch(words: readonly string[]): Promise<void> {
    const [name = '', ...rest] = words;
    if (name === 'help' && this.options.interactive) return await this.help(rest[0]);
    const command = await loadCommand(name);
    if (command === undefined) return await this.notFound(name);
    const alive = this.client !== undefined && isAlive(this.client.state);
    if (command.offline !== true && !alive) {
      this.place.out.line('Not connected');
      return;
    }
    await this.run(command, rest);
    const { interactive } = this.options;
    // zkCli looks for a connection behind the commands that need none, all but connect and quit.
    if (command.offline === true && command.zkCli && name !== 'connect' && !alive && !interactive) {
      this.place.out.line('Not connected');
    }
  }

  private async run(command: Command, words: readonly string[]): Promise<void> {
    const args = parseFor(command, withShellOptions(command.options), words);
    if (args.has('help') || args.has('h')) {
      printHelp(this.place.out, command, args.has('help'));
      return;
    }
    const { length } = args.rest;
    if (length < command.needed || length > (command.most ?? length))
      throw new UsageFailure(`${command.name} ${command.usage}`);
    if (command.writes && this.options.refuseWrites)
      throw new ZktError('ZKT_READ_ONLY', { command: command.name });
    const globals = globalsFrom(args);
    const { output, dryRun } = this.options;
    await command.run(
      this.context(globals.output ?? output, globals.dryRun ?? dryRun, globals.yes ?? this.options.yes),
      args,
    );
    if (command.name === 'cd') this.relative = true;
  }

  private context(format: OutputFormat, dryRun: boolean, yes: boolean): CommandContext {
    const { io, out, err } = this.place;
    return {
      io,
      out,
      err,
      style: 'zkCli',
      format,
      dryRun,
      stop: this.stop.signal,
      client: (path) => this.ready(path),
      path: (argument) =>
        this.relative && argument !== '' && !argument.startsWith('/')
          ? resolvePath(this.directory, argument)
          : argument,
      watches: true,
      confirm: async (question) => yes || !this.options.interactive || (await this.place.ask(question)),
      withTerminal: (work) => this.place.withTerminal(work),
      shell: this,
    };
  }

  /**
   * The client once it is connected. As with Apache's client, an operation is lost when no server can be
   * reached.
   */
  private async ready(path: string | undefined): Promise<Client> {
    const client = this.client;
    if (client === undefined) throw new KeeperError(ERR.CONNECTIONLOSS, path);
    try {
      const { requestTimeoutMs, sessionTimeoutMs } = this.options;
      await reach(client, requestTimeoutMs ?? sessionTimeoutMs);
    } catch (error) {
      if (this.options.interactive || !(error instanceof ZktError)) throw error;
      throw new KeeperError(ERR.CONNECTIONLOSS, path);
    }
    return client;
  }

  private async notFound(name: string): Promise<never> {
    const { err } = this.place;
    if (this.options.interactive) {
      throw new CommandNotFound(
        `Command not found: ${name}.${suggestion(name, VERBS)} \`help\` lists the commands.`,
      );
    }
    err.line('ZooKeeper -server host:port -client-configuration properties-file cmd args');
    const known = (await loadCommands()).filter(({ zkCli }) => zkCli);
    known.sort((a, b) => (a.name < b.name ? -1 : 1));
    for (const { name: each, usage } of known) err.text(`\t${each} ${usage}`);
    throw new CommandNotFound(`Command not found: Command not found ${name}`);
  }

  private async help(name: string | undefined): Promise<void> {
    const { out } = this.place;
    const command = name === undefined ? undefined : await loadCommand(name);
    if (command !== undefined) {
      printHelp(out, command, true);
      return;
    }
    if (name !== undefined)
      throw new CommandNotFound(`Command not found: ${name}.${suggestion(name, VERBS)}`);
    printVerbs(out, await loadCommands());
    out.line('`help COMMAND` or `COMMAND --help` tells more.');
  }
}

class CommandNotFound extends CommandFailure {}

/** States as zkCli's prompt has them. */
const PROMPT_STATES: Readonly<Record<ClientState, string>> = {
  connecting: 'CONNECTING',
  connected: 'CONNECTED',
  connectedReadOnly: 'CONNECTEDREADONLY',
  closed: 'CLOSED',
  expired: 'CLOSED',
  authFailed: 'AUTH_FAILED',
};
