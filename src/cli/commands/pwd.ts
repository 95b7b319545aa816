import type { Command } from '../command.ts';

/** `pwd`: where relative paths start. */
export const command: Command = {
  name: 'pwd',
  usage: '',
  summary: 'Print the node relative paths start from.',
  options: [],
  arguments: [],
  needed: 0,
  examples: [['pwd', 'where am I']],
  zkCli: false,
  writes: false,
  only: 'shell',
  offline: true,
  async run({ shell, out }) {
    out.line(shell?.directory ?? '/');
  },
};
