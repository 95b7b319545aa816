import { EXIT } from '../../base/errors.ts';
import { limitsPath, parseQuota } from '../../protocol/quota.ts';
import type { Command } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { dropQuota, LIMITS, limitsText, textOf } from '../nodes/quota-nodes.ts';
import { reportOne } from '../output/report.ts';
import type { OptionSpec } from '../parse/options.ts';

const LIMIT = { required: false };

/** `delquota`: take a limit away. */
export const command: Command = {
  name: 'delquota',
  usage: '[-n|-b|-N|-B] path',
  summary: 'Take away one limit of a quota, or the whole quota.',
  json: '`path`',
  options: LIMITS.map(([flag, , says]): OptionSpec => ({ flag, says, group: LIMIT })),
  arguments: ['path'],
  needed: 1,
  examples: [['delquota /app', 'no limits any more']],
  zkCli: true,
  writes: true,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    const client = await context.client(path);
    const present = await textOf(client, limitsPath(path));
    if (present === undefined) {
      if (context.style === 'quiet')
        throw new CommandFailure(`Quota does not exist for ${path}`, EXIT.noNode);
      context.out.line(`Quota does not exist for ${path}`);
      return;
    }
    if (context.dryRun) {
      context.err.line(`would delete the quota of ${path}`);
      return;
    }
    const chosen = LIMITS.find(([flag]) => args.has(flag));
    if (chosen === undefined) await dropQuota(client, path);
    else await client.set(limitsPath(path), limitsText({ ...parseQuota(present), [chosen[1]]: -1 }));
    if (context.style === 'quiet')
      reportOne(context.out, context.format, { json: () => ({ path }), text: () => {} });
  },
};
