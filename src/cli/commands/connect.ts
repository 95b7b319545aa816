import type { Command } from '../command.ts';

/** `connect`: to other servers. */
export const command: Command = {
  name: 'connect',
  usage: 'host:port',
  summary: 'Leave this connection for another; without an address, for the same servers again.',
  options: [],
  arguments: ['server'],
  needed: 0,
  examples: [['connect zk2:2181/app', 'another server, with a chroot']],
  zkCli: true,
  writes: false,
  only: 'shell',
  offline: true,
  optionsStand: 'nowhere',
  async run({ shell }, args) {
    await shell?.close();
    await shell?.connect(args.rest[0]);
  },
};
