import type { Command } from '../command.ts';

/** `quit`: leave. */
export const command: Command = {
  name: 'quit',
  usage: '',
  summary: 'End the session and leave.',
  options: [],
  arguments: [],
  needed: 0,
  examples: [['quit', 'leave']],
  zkCli: true,
  writes: false,
  only: 'shell',
  offline: true,
  optionsStand: 'nowhere',
  async run({ shell }) {
    await shell?.quit();
  },
};
