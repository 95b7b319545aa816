import type { Command } from '../command.ts';
import { VALUE_OPTIONS, valueFrom, versionOf } from '../nodes/value.ts';
import { statJson, statLines } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';
import { STAT, VERSION } from '../parse/standard-options.ts';

/** `set`: new data for a node. */
export const command: Command = {
  name: 'set',
  usage: '[-s] [-v version] path data',
  summary: 'Replace the data of a node.',
  about: ['As a one-shot, `-` for data reads standard input.'],
  json: '`path`, `stat`',
  options: [STAT, VERSION, { flag: 'b', says: 'the value is given in base64' }, ...VALUE_OPTIONS],
  arguments: ['path', 'data'],
  needed: 2,
  examples: [
    ['set /app/config on', 'set it'],
    ['set -v 3 /app/config on', 'set it only if nobody changed version 3'],
    ['set /app/blob - < blob', 'exact bytes from a file'],
  ],
  zkCli: true,
  writes: true,
  async run(context, args) {
    const [argument = '', text = ''] = args.rest;
    const path = context.path(argument);
    const version = versionOf(args.value('v'));
    const data = await valueFrom(context, args, text);
    if (context.dryRun) {
      context.err.line(`would set ${path} to ${data.length} bytes`);
      return;
    }
    const client = await context.client(path);
    const stat = await client.set(path, data, version);
    if (context.style === 'quiet' || args.has('s')) {
      reportOne(context.out, context.format, {
        json: () => ({ path, stat: statJson(stat) }),
        text: () => {
          if (args.has('s')) context.out.lines(statLines(stat));
        },
      });
    }
  },
};
