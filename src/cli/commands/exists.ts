import { EXIT } from '../../base/errors.ts';
import type { Command } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { statJson } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';

/** `exists`: whether there is such a node. */
export const command: Command = {
  name: 'exists',
  usage: 'path',
  summary: 'Tell whether a node exists, by the exit code: 0 or 4.',
  about: [
    'In the shell it prints `true` or `false`; as a one-shot it prints nothing unless -o json is given.',
  ],
  json: '`path`, `exists`, `stat` where it does',
  options: [],
  arguments: ['path'],
  needed: 1,
  examples: [['exists /app && zkt get /app', 'read it if it is there']],
  zkCli: false,
  writes: false,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    const client = await context.client(path);
    const stat = await client.exists(path);
    reportOne(context.out, context.format, {
      json: () => ({ path, exists: stat !== undefined, ...(stat !== undefined && { stat: statJson(stat) }) }),
      text: () => {
        if (context.style === 'zkCli') context.out.line(String(stat !== undefined));
      },
    });
    if (stat === undefined && context.style === 'quiet') throw new CommandFailure('', EXIT.noNode);
  },
};
