import type { Command } from '../command.ts';
import { CommandFailure } from '../explain.ts';

/** `redo`: an earlier line again. */
export const command: Command = {
  name: 'redo',
  usage: 'cmdno',
  summary: 'Run an earlier line again, by its number in history.',
  options: [],
  arguments: ['text'],
  needed: 0,
  examples: [['redo 3', 'line 3 again']],
  zkCli: true,
  writes: false,
  only: 'shell',
  offline: true,
  optionsStand: 'nowhere',
  async run({ shell }, args) {
    const text = args.rest[0];
    if (text === undefined || shell === undefined) return;
    const index = decoded(text);
    if (index === undefined) throw new CommandFailure(`redo needs the number of a line, not ${text}`);
    await shell.redo(index);
  },
};

/** A number as zkCli reads it here: decimal, hexadecimal behind `0x` or `#`, octal behind a zero. */
function decoded(text: string): number | undefined {
  const found = /^([-+]?)(0x|#|0(?=[0-7]))?([0-9a-f]{1,8})$/i.exec(text);
  if (found === null) return undefined;
  const [, sign, prefix, digits = ''] = found;
  const radix = prefix === undefined ? 10 : prefix === '0' ? 8 : 16;
  if (![...digits].every((digit) => Number.parseInt(digit, radix) >= 0)) return undefined;
  return Number.parseInt(digits, radix) * (sign === '-' ? -1 : 1);
}
