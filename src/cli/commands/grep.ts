import { EXIT } from '../../base/errors.ts';
import { isKeeperError } from '../../client/keeper-error.ts';
import type { Command, CommandContext } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { walk } from '../nodes/walk.ts';
import { ListReport } from '../output/report.ts';
import { Pattern } from '../parse/pattern.ts';

/** `grep`: search the data of nodes. */
export const command: Command = {
  name: 'grep',
  usage: '[-i] [-l] [-F] pattern [path]',
  summary: 'Print the lines of data below a path that match.',
  about: ['As a one-shot it ends with 1 when nothing matched. Patterns take a time linear in the text.'],
  json: '`matches` (`path`, `line`: its number, `text`)',
  options: [
    { flag: 'i', says: 'upper and lower case are the same' },
    { flag: 'l', says: 'print only the paths' },
    { flag: 'F', says: 'the pattern is plain text' },
  ],
  arguments: ['text', 'path'],
  needed: 1,
  examples: [['grep -i timeout /app', 'lines that speak of a timeout']],
  zkCli: false,
  writes: false,
  async run(context, args) {
    const source = args.rest[0] ?? '';
    const literal = args.has('F') ? source.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&') : source;
    const pattern = Pattern.compile(literal, args.has('i'));
    const path = context.path(args.rest[1] ?? context.shell?.directory ?? '/');
    const found = await search(context, path, pattern, args.has('l'));
    if (found === 0 && context.style === 'quiet') throw new CommandFailure('', EXIT.failed);
  },
};

async function search(
  context: CommandContext,
  path: string,
  pattern: Pattern,
  onlyPaths: boolean,
): Promise<number> {
  const client = await context.client(path);
  const report = new ListReport(context.out, context.format, 'matches');
  let found = 0;
  for await (const node of walk(client, path)) {
    if (context.stop.aborted) return found;
    const data = await client.get(node.path).catch((error: unknown) => {
      if (isKeeperError(error, 'NONODE')) return undefined;
      if (!isKeeperError(error, 'NOAUTH')) throw error;
      context.err.line(`${node.path}: may not be read`);
      return undefined;
    });
    const lines = data?.data?.toString('utf8').split('\n') ?? [];
    for (const [i, text] of lines.entries()) {
      if (!pattern.matches(text)) continue;
      found++;
      await report.add(
        () => (onlyPaths ? { path: node.path } : { path: node.path, line: i + 1, text }),
        () => {
          if (onlyPaths) context.out.line(node.path);
          else context.out.line({ text: `${node.path}:`, style: 'magenta' }, text);
        },
      );
      if (onlyPaths) break;
    }
  }
  report.end();
  return found;
}
