import { limitsPath, parseQuota, usagePath } from '../../protocol/quota.ts';
import type { Command } from '../command.ts';
import { textOf } from '../nodes/quota-nodes.ts';
import { reportOne } from '../output/report.ts';

/** `listquota`: the limits of a subtree, and how much of them is used. */
export const command: Command = {
  name: 'listquota',
  usage: 'path',
  summary: 'Print the quota of a path and what is used of it.',
  json: '`path`, `limits` and `usage` (`count`, `bytes`, `countHard`, `bytesHard`; -1 is none), null without a quota',
  options: [],
  arguments: ['path'],
  needed: 1,
  examples: [['listquota /app', 'limits and usage of /app']],
  zkCli: true,
  writes: false,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    if (context.style === 'zkCli') context.err.line(`absolute path is ${limitsPath(path)}`);
    const client = await context.client(path);
    const limits = await textOf(client, limitsPath(path));
    const usage = limits === undefined ? undefined : await textOf(client, usagePath(path));
    if (limits === undefined || usage === undefined) {
      if (context.style === 'zkCli' || context.format === 'table')
        context.err.line(`quota for ${path} does not exist.`);
      if (context.style === 'zkCli') return;
    }
    const quota = (text: string | undefined) => (text === undefined ? null : parseQuota(text));
    reportOne(context.out, context.format, {
      json: () => ({ path, limits: quota(limits), usage: quota(usage) }),
      text: () => {
        if (limits === undefined || usage === undefined) return;
        context.out.line(`Output quota for ${path} ${limits}`);
        context.out.line(`Output stat for ${path} ${usage}`);
      },
    });
  },
};
