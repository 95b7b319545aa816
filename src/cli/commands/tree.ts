import { baseName } from '../../protocol/paths.ts';
import type { Command } from '../command.ts';
import { knowsUtf8 } from '../locale.ts';
import { countOf } from '../nodes/value.ts';
import { type Visited, walk } from '../nodes/walk.ts';
import { ListReport } from '../output/report.ts';

/** `tree`: a subtree, drawn. */
export const command: Command = {
  name: 'tree',
  usage: '[-d depth] [path]',
  summary: 'Draw a node and all below it as a tree.',
  json: '`nodes` (`path`, `depth`, `children`: how many, `refused`: whether they may not be read)',
  options: [{ flag: 'd', value: 'depth', says: 'no deeper than that' }],
  arguments: ['path'],
  needed: 0,
  examples: [['tree -d 2 /', 'the first two generations']],
  zkCli: false,
  writes: false,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? context.shell?.directory ?? '/');
    const depth = args.value('d');
    const client = await context.client(path);
    const report = new ListReport(context.out, context.format, 'nodes');
    const lines = context.out.stream.isTTY && knowsUtf8(context.io.env) ? BOXES : PLAIN;
    for await (const node of walk(client, path, depth === undefined ? undefined : countOf(depth, '-d', 0))) {
      if (context.stop.aborted) return;
      const { path, depth: level, children, refused } = node;
      await report.add(
        () => ({ path, depth: level, children: children.length, refused }),
        () => {
          const name = level === 0 ? path : baseName(path);
          const note = refused ? [{ text: ' (may not be read)', style: 'red' as const }] : [];
          context.out.line({ text: branch(node, lines), style: 'dim' }, name, ...note);
        },
      );
    }
    report.end();
  },
};

const BOXES = { more: '├── ', last: '└── ', line: '│   ', none: '    ' };
const PLAIN = { more: '|-- ', last: '`-- ', line: '|   ', none: '    ' };

function branch({ last }: Visited, lines: typeof BOXES): string {
  return last
    .map((isLast, i) =>
      i === last.length - 1 ? (isLast ? lines.last : lines.more) : isLast ? lines.none : lines.line,
    )
    .join('');
}
