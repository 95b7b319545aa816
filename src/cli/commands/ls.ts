import type { Command, CommandContext } from '../command.ts';
import { walkAsZkCli } from '../nodes/walk.ts';
import { statJson, statLines } from '../output/node-text.ts';
import { ListReport, reportOne } from '../output/report.ts';
import { STAT, WATCH } from '../parse/standard-options.ts';

/** `ls`: the children of a node. */
export const command: Command = {
  name: 'ls',
  usage: '[-s] [-w] [-R] path',
  summary: 'List the children of a node.',
  json: '`path`, `children`, with -s `stat`; with -R `paths`: objects with `path`',
  options: [STAT, WATCH, { flag: 'R', says: 'list the node and all below it' }],
  arguments: ['path'],
  needed: 1,
  examples: [
    ['ls /', 'the children of the root'],
    ['ls -R /app', '/app and every node below it'],
    ['ls -s -o json /app', 'children and stat as JSON'],
  ],
  zkCli: true,
  writes: false,
  async run(context, args) {
    const [argument = '', ...more] = args.rest;
    if (more.length > 0) {
      context.err.line("'ls path [watch]' has been deprecated. Please use 'ls [-w] path' instead.");
    }
    const path = context.path(argument);
    const watch = args.has('w') || more.length > 0;
    if (args.has('R')) await listAll(context, path, watch);
    else await list(context, path, watch, args.has('s'));
  },
};

async function listAll(context: CommandContext, path: string, watch: boolean): Promise<void> {
  const client = await context.client(path);
  const report = new ListReport(context.out, context.format, 'paths');
  for await (const each of walkAsZkCli(client, path, watch)) {
    if (context.stop.aborted) return;
    await report.add(
      () => ({ path: each }),
      () => context.out.line(each),
    );
  }
  report.end();
}

async function list(context: CommandContext, path: string, watch: boolean, withStat: boolean): Promise<void> {
  const client = await context.client(path);
  const { children, stat } = await client.getChildren(path, watch);
  children.sort();
  reportOne(context.out, context.format, {
    json: () => ({ path, children, ...(withStat && { stat: statJson(stat) }) }),
    text: () => {
      if (context.style === 'zkCli') context.out.line(`[${children.join(', ')}]`);
      else context.out.lines(children);
      if (withStat) context.out.lines(statLines(stat));
    },
  });
}
