/**
 * A tool is a command of `zkt` that is not a verb of the shell: server, log, snapshot, bench, status, ... Its
 * module is loaded when it is called, and describes itself to commander.
 */
import type { Command } from 'commander';
import type { ExitCode } from '../base/errors.ts';
import type { Io } from './io.ts';
import type { GlobalOptions } from './settings/global-options.ts';

/** What a tool's actions are given. */
export interface ToolContext {
  readonly io: Io;
  /** Options given before the tool's name, such as `--servers`; unset ones are undefined. */
  readonly globals: GlobalOptions;
  /** `-h` was given, not `--help`: help without examples. */
  readonly brief?: boolean;
  /**
   * Sets the exit code of the process where it is not 0. A thrown `ZktError` or `KeeperError` brings its own.
   */
  exit(code: ExitCode): void;
}

/** What `commands/<tool>.ts` exports. */
export interface ToolModule {
  /**
   * Fills in a fresh commander command of the tool's name: description, options, subcommands and actions. It
   * prints help and usage errors by itself (`-h` short, `--help` with the examples of `toolHelp` first).
   */
  build(command: Command, context: ToolContext): void;
}
