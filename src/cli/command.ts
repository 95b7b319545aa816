/**
 * A verb of the shell, which is also a one-shot of the command line. One file in `commands/` declares one
 * verb; the shell, the one-shots, help, completion and `docs/shell.md` read the declaration.
 *
 * In the shell a verb prints what zkCli prints, on the same streams. As a one-shot it is quiet: data on
 * stdout and nothing else, in the form `-o` asks for, and the exit codes of `base/errors.ts`.
 */
import type { Client, WatchEvent } from '../client/api.ts';
import type { Io } from './io.ts';
import type { Printer } from './output/printer.ts';
import type { OptionSpec, ParsedArgs } from './parse/options.ts';
import type { OutputFormat } from './settings/global-options.ts';

/** What an argument is, for completion and help. */
export type ArgumentKind = 'path' | 'data' | 'acl' | 'server' | 'command' | 'text';

/** See the top of the file. */
export interface Command {
  readonly name: string;
  /** Arguments in zkCli's words: `[-s] [-w] path`. */
  readonly usage: string;
  /** One sentence. */
  readonly summary: string;
  /** More to know, a paragraph each. */
  readonly about?: readonly string[];
  /** What `-o json` answers, beside `v`. */
  readonly json?: string;
  readonly options: readonly OptionSpec[];
  readonly arguments: readonly ArgumentKind[];
  /** Fewer arguments are answered with the usage line. */
  readonly needed: number;
  /** Examples: a command line without `zkt`, and what it does. */
  readonly examples: readonly (readonly [string, string])[];
  /** Whether zkCli has it. zkCli's list of commands, as far as scripts see it, names only these. */
  readonly zkCli: boolean;
  /** Whether it changes data: refused with `--read-only`. */
  readonly writes: boolean;
  /** Where it makes sense: everywhere, or only in a shell, which has a state. */
  readonly only?: 'shell';
  /** In a shell it works without a connection. */
  readonly offline?: boolean;
  /** More arguments are answered with the usage line. */
  readonly most?: number;
  /**
   * Where its options stand, if not anywhere: `first`, since its arguments are commands with options of their
   * own; or `nowhere`, since zkCli takes its words as they are.
   */
  readonly optionsStand?: 'first' | 'nowhere';
  run(context: CommandContext, args: ParsedArgs): Promise<void>;
}

/** What a verb is given. */
export interface CommandContext {
  readonly io: Io;
  /** stdout. */
  readonly out: Printer;
  /** stderr. */
  readonly err: Printer;
  /** As zkCli, line by line; or quiet. */
  readonly style: 'zkCli' | 'quiet';
  readonly format: OutputFormat;
  readonly dryRun: boolean;
  /** Aborted when the command should end: Ctrl-C, or a reader that has gone. */
  readonly stop: AbortSignal;
  /**
   * The present connection, once it is one. Rejects with CONNECTIONLOSS for `path` when no server answers.
   */
  client(path?: string): Promise<Client>;
  /** The path an argument means: relative ones start from the shell's directory. */
  path(argument: string): string;
  /** Told events of watches set with `true`. One-shots have nobody to tell. */
  readonly watches: boolean;
  /**
   * Asks before something that cannot be undone. At a terminal it asks; in a one-shot without one it demands
   * `--yes` by throwing; a shell fed by a script goes on, as zkCli does. False: the person said no.
   */
  confirm(question: string): Promise<boolean>;
  /** Leaves the terminal to another program while `work` runs. */
  withTerminal<T>(work: () => Promise<T>): Promise<T>;
  /** The shell around it; undefined for a one-shot. */
  readonly shell: ShellState | undefined;
}

/** What the shell's own commands change. */
export interface ShellState {
  /** The directory relative paths start from. */
  directory: string;
  /** Events of the default watcher are printed. */
  printWatches: boolean;
  /** Lines typed, by number, and the number of the present one. */
  readonly lines: { get(index: number): string | null | undefined; readonly present: number };
  /**
   * Begins a connection, without an address to the same servers again. Resolves when it stands if the shell
   * was started with `-waitforconnection`, else at once.
   */
  connect(servers: string | undefined): Promise<void>;
  /** Ends the session. */
  close(): Promise<void>;
  /** Ends the session and the shell. */
  quit(): Promise<void>;
  /** Runs an earlier line again. */
  redo(index: number): Promise<void>;
  /** How an event of the default watcher is printed. */
  announce(event: WatchEvent): void;
}
