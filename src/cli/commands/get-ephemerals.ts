import type { Command } from '../command.ts';
import { reportOne } from '../output/report.ts';

/** `getEphemerals`: the ephemeral nodes of this session. */
export const command: Command = {
  name: 'getEphemerals',
  usage: 'path',
  summary: 'List the ephemeral nodes of this session whose path begins with the one given.',
  json: '`paths`',
  options: [],
  arguments: ['path'],
  needed: 0,
  examples: [['getEphemerals /locks', 'mine that begin with /locks']],
  zkCli: true,
  writes: false,
  async run(context, args) {
    const prefix = args.rest[0];
    const client = await context.client(prefix ?? '/');
    const paths = await client.getEphemerals(prefix === undefined ? undefined : context.path(prefix));
    paths.sort();
    reportOne(context.out, context.format, {
      json: () => ({ paths }),
      text: () => {
        if (context.style === 'zkCli') context.out.line(`[${paths.join(', ')}]`);
        else context.out.lines(paths);
      },
    });
  },
};
