/** `zkt shell`: zkCli's prompt, one of its commands, or a script on standard input. */
import type { Command } from 'commander';
import { EXIT, type ExitCode, reasonOf } from '../../base/errors.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { settle } from '../settings/settings.ts';
import { toolHelp } from '../settings/tool-help.ts';
import { type ShellArguments, shellArguments } from '../shell/arguments.ts';
import { childrenSoon, SHELL_VERBS } from '../shell/complete.ts';
import { HistoryFile } from '../shell/history-file.ts';
import { linesOf } from '../shell/lines.ts';
import { Quit, type ShellOptions, ShellSession } from '../shell/session.ts';
import { Terminal } from '../shell/terminal.ts';
import type { ToolContext } from '../tool.ts';

const COMPLETION_MS = 2_000;
/** How long the first prompt waits for a connection, so that it can show one. */
const FIRST_PROMPT_MS = 500;

const HELP = `
Examples:
  zkt shell                                 a prompt on 127.0.0.1:2181
  zkt shell -server zk1:2181,zk2:2181/app   other servers, and a chroot
  zkt shell ls -R /                         one command, as zkCli prints it
  zkt shell < script                        a script, as zkCli runs it: exit code of its last command

Options, in front of a command:
  -s, -server, --servers LIST   servers
  -timeout MS                   session timeout
  -r, -readonly                 accept a server that is cut off from its ensemble
  -waitforconnection            wait for the connection before the first command
  -q, --quiet                   print no banner
and the options of every command (zkt --help). What zkCli has and zkt has not is passed over.`;

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  command
    .description('A prompt as of zkCli, one of its commands, or a script on standard input.')
    .argument('[command...]')
    .allowUnknownOption()
    .passThroughOptions()
    .action(async () => {
      context.exit(await runShell(command.args, context));
    });
}

/** Runs a shell with zkCli's arguments; answers the exit code. */
export async function runShell(words: readonly string[], { io, globals }: ToolContext): Promise<ExitCode> {
  const args = shellArguments(words);
  for (const option of args.incomplete)
    new Printer(io.stderr).line(`Error: no argument found for option ${option}`);
  const settings = settle({ ...globals, ...args.globals }, io.env);
  const options = {
    servers: settings.servers,
    auth: settings.auth,
    sessionTimeoutMs: args.sessionTimeoutMs,
    requestTimeoutMs: args.globals.timeoutMs ?? globals.timeoutMs,
    waitForConnection: args.waitForConnection,
    acceptReadOnly: args.acceptReadOnly,
    refuseWrites: settings.readOnly,
    output: settings.output,
    yes: settings.yes,
    dryRun: settings.dryRun,
  };
  const interactive = args.command.length === 0 && io.stdin.isTTY && io.stdout.isTTY;
  return interactive ? await atTerminal(io, options, args) : await fromScript(io, options, args);
}

type Options = Omit<ShellOptions, 'interactive'>;

async function fromScript(io: Io, options: Options, args: ShellArguments): Promise<ExitCode> {
  const [out, err] = [new Printer(io.stdout), new Printer(io.stderr)];
  const place = {
    io,
    out,
    err,
    ask: () => Promise.resolve(true),
    withTerminal: <T>(work: () => Promise<T>) => work(),
    changed: () => {},
  };
  const shell = new ShellSession({ ...options, interactive: false }, place);
  const stop = () => shell.interrupt();
  io.stop.addEventListener('abort', stop);
  try {
    if (!(await begin(shell, out, err, options, args))) return EXIT.failed;
    if (args.command.length > 0) await shell.runWords(args.command);
    else {
      if (!args.quiet) out.lines(['Welcome to ZooKeeper!', 'JLine support is disabled']);
      for await (const line of linesOf(io.stdin.stream as AsyncIterable<Buffer>)) {
        if (io.stop.aborted) break;
        await shell.runLine(line);
      }
    }
  } catch (error) {
    if (!(error instanceof Quit)) throw error;
  } finally {
    io.stop.removeEventListener('abort', stop);
    await shell.leave();
  }
  if (io.stop.aborted && !io.stdout.broken) return EXIT.interrupted;
  return shell.exitCode as ExitCode;
}

/** Connects; false when it was to wait for the connection and there was none. */
async function begin(
  shell: ShellSession,
  out: Printer,
  err: Printer,
  options: Options,
  args: ShellArguments,
): Promise<boolean> {
  if (!args.quiet) out.line(`Connecting to ${options.servers}`);
  try {
    await shell.connect(options.servers);
    return true;
  } catch (error) {
    await shell.close();
    err.line(reasonOf(error));
    return false;
  }
}

async function atTerminal(io: Io, options: Options, args: ShellArguments): Promise<ExitCode> {
  const terminal = new Terminal(io, new HistoryFile(io.env));
  const place = {
    io,
    out: terminal.out,
    err: terminal.err,
    ask: (question: string) => terminal.ask(question),
    withTerminal: <T>(work: () => Promise<T>) => terminal.away(work),
    changed: () => terminal.refresh(),
  };
  const shell = new ShellSession({ ...options, interactive: true }, place);
  if (!(await begin(shell, place.out, place.err, options, args))) return EXIT.failed;
  if (!args.quiet) {
    place.out.line('Welcome to ZooKeeper! Tab completes, `help` lists the commands, Ctrl-D leaves.');
  }
  await shell.connected(FIRST_PROMPT_MS).catch(() => {});
  await terminal.serve({
    prompt: () => shell.prompt,
    place: {
      children: (path) => childrenSoon(shell.connection, path, COMPLETION_MS),
      get directory() {
        return shell.directory;
      },
      verbs: SHELL_VERBS,
    },
    interrupt: () => shell.interrupt(),
    run: async (line) => {
      try {
        await shell.runLine(line);
      } catch (error) {
        if (!(error instanceof Quit)) throw error;
        terminal.stop();
      }
    },
  });
  await shell.leave();
  return shell.exitCode as ExitCode;
}
