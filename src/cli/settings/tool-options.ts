/** Options of every command, as tools give them to commander. */
import { type Command, Option } from 'commander';
import type { ColourPolicy } from '../io.ts';
import { type GlobalOptions, OUTPUT_FORMATS, type OutputFormat } from './global-options.ts';
import { wholeNumber } from './settings.ts';

/** What commander makes of `serverOptions`. */
export interface ServerFlags {
  readonly servers?: string;
  readonly output?: OutputFormat;
  readonly timeout?: string;
  readonly profile?: string;
  readonly color?: ColourPolicy;
}

/** Adds the options of a tool that asks servers. */
export const serverOptions = (command: Command): Command =>
  command
    .option('-s, --servers <list>', 'host:port,host:port; else ZKT_SERVERS')
    .addOption(new Option('-o, --output <format>', 'form of the answer').choices([...OUTPUT_FORMATS]))
    .option('--timeout <ms>', 'time for each server')
    .option('--profile <name>', 'settings of that name in profiles.json');

/** Options in front of the tool's name, overridden by those behind it. */
export const toolGlobals = (flags: ServerFlags, globals: GlobalOptions): GlobalOptions => ({
  ...globals,
  ...(flags.servers !== undefined && { servers: flags.servers }),
  ...(flags.output !== undefined && { output: flags.output }),
  ...(flags.timeout !== undefined && { timeoutMs: wholeNumber(flags.timeout, '--timeout') }),
  ...(flags.profile !== undefined && { profile: flags.profile }),
});
