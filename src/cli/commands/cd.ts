import { KeeperError } from '../../client/keeper-error.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { Command } from '../command.ts';
import { resolvePath } from '../nodes/relative-path.ts';

/** `cd`: where relative paths start. */
export const command: Command = {
  name: 'cd',
  usage: '[path]',
  summary: 'Choose the node relative paths start from; without a path, the root.',
  about: ['From then on, paths that do not begin with / are relative, also in a script.'],
  options: [],
  arguments: ['path'],
  needed: 0,
  examples: [['cd /app', 'then `get config` reads /app/config']],
  zkCli: false,
  writes: false,
  only: 'shell',
  async run(context, args) {
    if (context.shell === undefined) return;
    const path = resolvePath(context.shell.directory ?? '/', args.rest[0] ?? '/');
    const client = await context.client(path);
    if ((await client.exists(path)) === undefined) throw new KeeperError(ERR.NONODE, path);
    context.shell.directory = path;
  },
};
