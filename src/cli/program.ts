/** The program: finds the command, runs it, and tells what went wrong. */
import { EXIT, type ExitCode, reasonOf, ZktError } from '../base/errors.ts';
import { escapeLine } from '../formatters/escape.ts';
import { loadCommand, loadCommands, VERBS } from './catalogue.ts';
import { explain } from './explain.ts';
import { printHelp, printProgramHelp } from './help.ts';
import { type Io, paint } from './io.ts';
import { Printer } from './output/printer.ts';
import { JSON_VERSION } from './output/report.ts';
import { globalsFrom, splitCommandLine } from './parse/command-line.ts';
import type { GlobalOptions } from './settings/global-options.ts';
import { suggestion } from './suggest.ts';
import type { ToolContext, ToolModule } from './tool.ts';
import { TOOL_MODULES } from './tool-modules.ts';
import { TOOLS } from './tools.ts';
import { VERSION } from './version.ts';

/** Runs a command line (without node and script); answers the exit code. Rejects only for a bug. */
export async function run(words: readonly string[], io: Io): Promise<ExitCode> {
  try {
    return await dispatch(words, io);
  } catch (error) {
    return tell(error, wantsJson(words), io);
  }
}

async function dispatch(words: readonly string[], io: Io): Promise<ExitCode> {
  const { before, name, rest } = splitCommandLine(words);
  const out = new Printer(io.stdout);
  if (before.has('version')) {
    out.line(VERSION);
    return EXIT.ok;
  }
  const helped = before.has('help') || before.has('h');
  if (name === undefined || (name === 'help' && rest[0] === undefined)) {
    const full = before.has('help') || name === 'help';
    printProgramHelp(
      helped || name === 'help' ? out : new Printer(io.stderr),
      full ? await loadCommands() : undefined,
    );
    return helped || name === 'help' ? EXIT.ok : EXIT.usage;
  }
  if (name === 'help') return await dispatch([rest[0] as string, '--help'], io);
  const globals = globalsFrom(before);
  const tool = TOOL_MODULES.get(name);
  if (tool !== undefined)
    return await runTool(name, tool, helped ? ['--help'] : rest, {
      io,
      globals,
      brief: helped ? before.has('h') : rest.includes('-h'),
    });
  const command = await loadCommand(name);
  if (command === undefined) {
    const why = `there is no command ${name}.${suggestion(name, [...VERBS, ...TOOLS.keys()])} See zkt --help`;
    throw new ZktError('ZKT_USAGE', { why });
  }
  if (helped) {
    printHelp(out, command, before.has('help'));
    return EXIT.ok;
  }
  const { runOneShot } = await import('./one-shot.ts');
  return await runOneShot(command, rest, globals, io);
}

const COLOURS = ['auto', 'always', 'never'];

/** Commander knows the options of tools; it is loaded for them only. */
async function runTool(
  name: string,
  load: () => Promise<ToolModule>,
  words: readonly string[],
  outside: Pick<ToolContext, 'io' | 'globals' | 'brief'>,
): Promise<ExitCode> {
  const [{ Command, CommanderError, Option }, module] = await Promise.all([import('commander'), load()]);
  const { io } = outside;
  let code: ExitCode = EXIT.ok;
  const context: ToolContext = {
    ...outside,
    exit: (wanted) => {
      code = wanted;
    },
  };
  const command = new Command(`zkt ${name}`);
  module.build(command, context);
  for (const each of [command, ...command.commands]) {
    // What it says was read before there was an `Io`; the shell reads its own options.
    if (name !== 'shell') each.addOption(new Option('--color <when>', 'use of colour').choices(COLOURS));
    each
      .exitOverride()
      .showSuggestionAfterError()
      .configureOutput({
        writeOut: (text) => void io.stdout.write(text),
        writeErr: (text) => void io.stderr.write(text),
        // Commander puts its suggestion on a line of its own; an error is one line here.
        outputError: (text, write) =>
          write(
            `zkt: ${escapeLine(
              text
                .replace(/^error: /, '')
                .trimEnd()
                .replace(/\n+/g, ' '),
            )}\n`,
          ),
      });
  }
  try {
    await command.parseAsync([...words], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  }
  return code;
}

/** Whether errors are wanted as JSON too. A guess: the words may be what is wrong. */
const wantsJson = (words: readonly string[]): boolean =>
  words.some((word, i) => {
    const value = /^(-o|--output)=?(.*)$/.exec(word)?.[2];
    return value !== undefined && /^(nd)?json$/.test(value || (words[i + 1] ?? ''));
  });

function tell(error: unknown, json: boolean, io: Io): ExitCode {
  const known = explain(error);
  const err = new Printer(io.stderr);
  if (known === undefined) {
    // A bug: what happened, for the report.
    io.stderr.write(
      `zkt: internal error: ${error instanceof Error ? (error.stack ?? error.message) : reasonOf(error)}\n`,
    );
    return EXIT.failed;
  }
  const { message, hint, code, exit } = known;
  // No message: the exit code is the answer (`exists`, `grep`), and nothing went wrong.
  if (message === '') return exit;
  if (json) err.json({ v: JSON_VERSION, error: { code, message, exit } });
  else {
    err.line({ text: 'zkt: ', style: 'red' }, message);
    if (hint !== undefined) io.stderr.write(`${paint(io.stderr, 'dim', `     ${escapeLine(hint)}`)}\n`);
  }
  return exit;
}

/** `--color` out of a command line, before there is an `Io`. */
export function colourOf(words: readonly string[]): GlobalOptions['colour'] {
  for (const [i, word] of words.entries()) {
    if (word === '--') return undefined;
    const found = /^--color(=(.*))?$/.exec(word);
    const value = found?.[2] ?? (found === null ? undefined : words[i + 1]);
    if (value === 'always' || value === 'never' || value === 'auto') return value;
  }
  return undefined;
}
