import { EXIT } from '../../base/errors.ts';
import type { Client } from '../../client/api.ts';
import { isKeeperError } from '../../client/keeper-error.ts';
import { baseName } from '../../protocol/paths.ts';
import type { Command } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { countOf } from '../nodes/value.ts';
import { walk } from '../nodes/walk.ts';
import { ListReport } from '../output/report.ts';
import type { ParsedArgs } from '../parse/options.ts';
import { globPattern, Pattern } from '../parse/pattern.ts';

/** `find`: nodes of a kind. */
export const command: Command = {
  name: 'find',
  usage: '[path] [-name glob] [-regex pattern] [-data text] [-type e|p] [-d depth]',
  summary: 'List the nodes below a path that match.',
  about: [
    'All conditions must hold. -name compares the last component with `*`, `?` and `[…]`; -regex searches the whole path; ' +
      'both take a time linear in the text. Nodes that may not be read are told on stderr and passed over.',
  ],
  json: '`paths`: objects with `path`',
  options: [
    { flag: 'name', value: 'glob', says: 'the last component matches' },
    { flag: 'regex', value: 'pattern', says: 'the path matches a regular expression somewhere' },
    { flag: 'data', value: 'text', says: 'the data contains this text' },
    { flag: 'type', value: 'e|p', says: 'ephemeral or persistent' },
    { flag: 'd', value: 'depth', says: 'no deeper than that' },
  ],
  arguments: ['path'],
  needed: 0,
  examples: [
    ['find / -name "lock-*"', 'locks, wherever they are'],
    ['find /app -type e', 'who is there now'],
    ['find /app -data password', 'nodes whose data contains a word'],
  ],
  zkCli: false,
  writes: false,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? context.shell?.directory ?? '/');
    const depth = args.value('d');
    const byName = nameTest(args);
    const wanted = nodeTest(args);
    const client = await context.client(path);
    const report = new ListReport(context.out, context.format, 'paths');
    for await (const node of walk(client, path, depth === undefined ? undefined : countOf(depth, '-d', 0))) {
      if (context.stop.aborted) return;
      if (node.refused) context.err.line(`${node.path}: its children may not be read`);
      if (!byName(node.path) || !(await wanted(client, node.path))) continue;
      await report.add(
        () => ({ path: node.path }),
        () => context.out.line(node.path),
      );
    }
    report.end();
  },
};

function nameTest(args: ParsedArgs): (path: string) => boolean {
  const [glob, regex] = [args.value('name'), args.value('regex')];
  const name = glob === undefined ? undefined : globPattern(glob);
  const whole = regex === undefined ? undefined : Pattern.compile(regex);
  return (path) => (name?.matches(baseName(path)) ?? true) && (whole?.matches(path) ?? true);
}

function nodeTest(args: ParsedArgs): (client: Client, path: string) => Promise<boolean> {
  const [type, text] = [args.value('type'), args.value('data')];
  if (type !== undefined && type !== 'e' && type !== 'p') {
    throw new CommandFailure(`-type must be e or p, not ${type}`, EXIT.usage);
  }
  return async (client, path) => {
    if (type === undefined && text === undefined) return true;
    try {
      const { data, stat } = await client.get(path);
      const isType = type === undefined || (stat.ephemeralOwner !== 0n) === (type === 'e');
      return isType && (text === undefined || (data?.includes(text) ?? false));
    } catch (error) {
      if (isKeeperError(error, 'NONODE') || isKeeperError(error, 'NOAUTH')) return false;
      throw error;
    }
  };
}
