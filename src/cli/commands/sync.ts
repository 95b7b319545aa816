import { KeeperError } from '../../client/keeper-error.ts';
import { errText } from '../../protocol/error-codes.ts';
import type { Command } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { reportOne } from '../output/report.ts';

/** `sync`: wait for the server to catch up. */
export const command: Command = {
  name: 'sync',
  usage: 'path',
  summary: 'Wait until this server has caught up with the leader.',
  json: '`path`',
  options: [],
  arguments: ['path'],
  needed: 1,
  examples: [['sync /', 'then a read sees all that was acknowledged before']],
  zkCli: true,
  writes: false,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    const client = await context.client(path);
    try {
      await client.sync(path);
    } catch (error) {
      if (context.style !== 'zkCli' || !(error instanceof KeeperError)) throw error;
      context.out.line(`Sync has failed. rc=${error.code}`);
      throw new CommandFailure(errText(error.code));
    }
    reportOne(context.out, context.format, {
      json: () => ({ path }),
      text: () => {
        if (context.style === 'zkCli') context.out.line('Sync is OK');
      },
    });
  },
};
