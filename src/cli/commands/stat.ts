import { KeeperError } from '../../client/keeper-error.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { Command } from '../command.ts';
import { statJson, statLines } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';
import { WATCH } from '../parse/standard-options.ts';

/** `stat`: what there is to know of a node beside its data. */
export const command: Command = {
  name: 'stat',
  usage: '[-w] path',
  summary: 'Print the stat of a node: zxids, times, versions, owner, sizes.',
  json: '`path`, `stat`',
  options: [WATCH],
  arguments: ['path'],
  needed: 1,
  examples: [['stat /app', 'the stat of /app']],
  zkCli: true,
  writes: false,
  async run(context, args) {
    const [argument = '', ...more] = args.rest;
    if (more.length > 0) {
      context.err.line("'stat path [watch]' has been deprecated. Please use 'stat [-w] path' instead.");
    }
    const path = context.path(argument);
    const client = await context.client(path);
    const stat = await client.exists(path, args.has('w') || more.length > 0);
    if (stat === undefined) throw new KeeperError(ERR.NONODE, path);
    reportOne(context.out, context.format, {
      json: () => ({ path, stat: statJson(stat) }),
      text: () => context.out.lines(statLines(stat)),
    });
  },
};
