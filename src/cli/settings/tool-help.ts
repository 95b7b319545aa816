/** Help of tools as of every command: `--help` begins with examples, `-h` leaves them out. */
import type { Command } from 'commander';

/**
 * Adds a text to a tool's help: a paragraph that begins with `Examples:`, and notes below it. `brief` is
 * true when `-h` was given.
 */
export function toolHelp(command: Command, text: string, brief: boolean): Command {
  const [examples = '', ...notes] = text.trim().split('\n\n');
  if (!brief) command.addHelpText('before', `${examples}\n`);
  return notes.length === 0 ? command : command.addHelpText('after', `\n${notes.join('\n\n')}`);
}
