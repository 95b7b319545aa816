import type { Command } from '../command.ts';
import { type OptionSpec, ParsedArgs, parseLeadingOptions, parseOptions } from './options.ts';

/** Tells options and arguments of a verb apart, where it has them; throws `OptionError`. */
export function parseFor(
  command: Command,
  specs: readonly OptionSpec[],
  words: readonly string[],
): ParsedArgs {
  // Whoever asks for help alone is not told first what is missing.
  const [only] = words;
  if (words.length === 1 && (only === '-h' || only === '--help')) {
    return new ParsedArgs([], new Map([[only.replace(/^-+/, ''), true]]));
  }
  if (command.optionsStand === 'nowhere') return new ParsedArgs(words, new Map());
  return command.optionsStand === 'first' ? parseLeadingOptions(specs, words) : parseOptions(specs, words);
}
