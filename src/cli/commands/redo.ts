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
  async run({ shell }, args) {
    const text = args.rest[0];
    if (text === undefined || shell === undefined) return;
    if (!/^[-+]?\d{1,9}$/.test(text))
      throw new CommandFailure(`redo needs the number of a line, not ${text}`);
    await shell.redo(Number(text));
  },
};
