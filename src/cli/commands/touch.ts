import { isKeeperError } from '../../client/keeper-error.ts';
import type { Command } from '../command.ts';
import { statJson } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';

/** `touch`: a node that is there, and was changed just now. */
export const command: Command = {
  name: 'touch',
  usage: 'path',
  summary: 'Create a node if there is none; else write its data again, which renews version and time.',
  about: [
    'The data is written back under its version, so that a change of somebody else is not lost: then it fails.',
  ],
  json: '`path`, `created`, `stat`',
  options: [],
  arguments: ['path'],
  needed: 1,
  examples: [['touch /app/heartbeat', 'wake who watches it']],
  zkCli: false,
  writes: true,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    if (context.dryRun) {
      context.err.line(`would touch ${path}`);
      return;
    }
    const client = await context.client(path);
    const node = await client.get(path).catch((error: unknown) => {
      if (isKeeperError(error, 'NONODE')) return undefined;
      throw error;
    });
    const stat =
      node === undefined
        ? (await client.create(path, '', { stat: true })).stat
        : await client.set(path, node.data, node.stat.version);
    reportOne(context.out, context.format, {
      json: () => ({ path, created: node === undefined, ...(stat && { stat: statJson(stat) }) }),
      text: () => {},
    });
  },
};
