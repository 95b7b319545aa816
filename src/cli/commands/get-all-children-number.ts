import type { Command } from '../command.ts';
import { reportOne } from '../output/report.ts';

/** `getAllChildrenNumber`: how many nodes are below one. */
export const command: Command = {
  name: 'getAllChildrenNumber',
  usage: 'path',
  summary: 'Print the number of nodes below a node, all generations.',
  json: '`path`, `count`',
  options: [],
  arguments: ['path'],
  needed: 1,
  examples: [['getAllChildrenNumber /', 'how many nodes there are']],
  zkCli: true,
  writes: false,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    const client = await context.client(path);
    const count = await client.getAllChildrenNumber(path);
    reportOne(context.out, context.format, {
      json: () => ({ path, count }),
      text: () => context.out.line(String(count)),
    });
  },
};
