import type { Command } from '../command.ts';
import { versionOf } from '../nodes/value.ts';
import { reportOne } from '../output/report.ts';
import { VERSION } from '../parse/standard-options.ts';

/** `delete`: away with one node. */
export const command: Command = {
  name: 'delete',
  usage: '[-v version] path',
  summary: 'Delete a node that has no children.',
  json: '`path`',
  options: [VERSION],
  arguments: ['path'],
  needed: 1,
  examples: [
    ['delete /app/old', 'delete it'],
    ['delete -v 3 /app/old', 'delete it only if nobody changed version 3'],
  ],
  zkCli: true,
  writes: true,
  async run(context, args) {
    const [argument = '', ...more] = args.rest;
    if (more.length > 0) {
      // As in zkCli, where the old form is noticed and its version is not looked at.
      context.err.line(
        "'delete path [version]' has been deprecated. Please use 'delete [-v version] path' instead.",
      );
    }
    const path = context.path(argument);
    const version = versionOf(args.value('v'));
    if (context.dryRun) {
      context.err.line(`would delete ${path}`);
      return;
    }
    const client = await context.client(path);
    await client.delete(path, version);
    if (context.style === 'quiet')
      reportOne(context.out, context.format, { json: () => ({ path }), text: () => {} });
  },
};
