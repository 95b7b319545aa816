import type { Command } from '../command.ts';
import { type OptionSpec, ParsedArgs, parseLeadingOptions, parseOptions } from './options.ts';

/** Tells options and arguments of a verb apart, where it has them; throws `OptionError`. */
export function parseFor(
  command: Command,
  specs: readonly OptionSpec[],
  words: readonly string[],
): ParsedArgs {
  if (command.optionsStand === 'nowhere') return new ParsedArgs(words, new Map());
  return command.optionsStand === 'first' ? parseLeadingOptions(specs, words) : parseOptions(specs, words);
}
