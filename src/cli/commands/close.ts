import type { Command } from '../command.ts';

/** `close`: end the session. */
export const command: Command = {
  name: 'close',
  usage: '',
  summary: 'End the session; `connect` begins another.',
  options: [],
  arguments: [],
  needed: 0,
  examples: [['close', 'ephemerals of this session go']],
  zkCli: true,
  writes: false,
  only: 'shell',
  async run({ shell }) {
    await shell?.close();
  },
};
