import type { Command } from '../command.ts';

/** `addauth`: present a credential. */
export const command: Command = {
  name: 'addauth',
  usage: 'scheme auth',
  summary: 'Present a credential, now and on every later connection of this session.',
  about: [
    'A line with it is never written to the history file. For one-shots put credentials into a file (--auth-file) or into ' +
      'ZKT_AUTH: arguments of a process can be seen by others.',
  ],
  options: [],
  arguments: ['text', 'text'],
  needed: 1,
  examples: [['addauth digest user:password', 'become user']],
  zkCli: true,
  writes: false,
  only: 'shell',
  async run(context, args) {
    const [scheme = '', auth] = args.rest;
    const client = await context.client();
    // Refusal ends the session, which the default watcher is told; zkCli has no other word for it.
    await client.addAuth(scheme, auth ?? null).catch(() => {});
  },
};
