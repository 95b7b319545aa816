import type { Command } from '../command.ts';
import { aclJson, aclLines, statJson, statLines } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';
import { STAT } from '../parse/standard-options.ts';

/** `getAcl`: who may do what to a node. */
export const command: Command = {
  name: 'getAcl',
  usage: '[-s] path',
  summary: 'Print who may do what to a node.',
  json: '`path`, `acl` (`scheme`, `id`, `perms`), with -s `stat`',
  options: [STAT],
  arguments: ['path'],
  needed: 1,
  examples: [['getAcl /app', 'the ACL of /app']],
  zkCli: true,
  writes: false,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    const client = await context.client(path);
    const { acl, stat } = await client.getAcl(path);
    reportOne(context.out, context.format, {
      json: () => ({ path, acl: aclJson(acl), ...(args.has('s') && { stat: statJson(stat) }) }),
      text: () => {
        context.out.lines(aclLines(acl));
        if (args.has('s')) context.out.lines(statLines(stat));
      },
    });
  },
};
