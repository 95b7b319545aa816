import type { Client } from '../../client/api.ts';
import { isKeeperError } from '../../client/keeper-error.ts';
import { parentPath } from '../../protocol/paths.ts';
import type { Command } from '../command.ts';
import { countOf } from '../nodes/value.ts';
import { inBatches, subtree } from '../nodes/walk.ts';
import { ListReport } from '../output/report.ts';

/** `du`: where the bytes are. */
export const command: Command = {
  name: 'du',
  usage: '[-d depth] [path]',
  summary: 'Print nodes and bytes of data of a subtree and of its branches.',
  about: [
    'Columns: bytes of data, number of nodes, path. -d 0 prints only the sum.',
    'Nodes whose children may not be read are told on stderr; what is below them is not counted.',
  ],
  json: '`subtrees` (`path`, `bytes`, `nodes`)',
  options: [{ flag: 'd', value: 'depth', says: 'print branches down to that depth, default 1' }],
  arguments: ['path'],
  needed: 0,
  examples: [['du -d 0 /app', 'how much /app holds']],
  zkCli: false,
  writes: false,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? context.shell?.directory ?? '/');
    const depthMax = countOf(args.value('d') ?? '1', '-d', 0);
    const client = await context.client(path);
    const sums = await sumUp(client, path, (at) => context.err.line(`${at}: its children may not be read`));
    const report = new ListReport(context.out, context.format, 'subtrees');
    const depthOf = (at: string) =>
      at === path ? 0 : at.slice(path.length).split('/').length - (path === '/' ? 0 : 1);
    const shown = [...sums].filter(([at]) => depthOf(at) <= depthMax).sort(([a], [b]) => (a < b ? -1 : 1));
    const width = Math.max(...shown.map(([, { bytes }]) => String(bytes).length));
    const nodesWidth = Math.max(...shown.map(([, { nodes }]) => String(nodes).length));
    for (const [at, { bytes, nodes }] of shown) {
      await report.add(
        () => ({ path: at, bytes, nodes }),
        () =>
          context.out.line(`${String(bytes).padStart(width)}  ${String(nodes).padStart(nodesWidth)}  ${at}`),
      );
    }
    report.end();
  },
};

async function sumUp(
  client: Client,
  path: string,
  refused: (path: string) => void,
): Promise<Map<string, { bytes: number; nodes: number }>> {
  const paths = await subtree(client, path, undefined, refused);
  const sizes = await inBatches(paths, async (at) => {
    try {
      return (await client.exists(at))?.dataLength;
    } catch (error) {
      if (isKeeperError(error, 'NOAUTH')) return 0;
      throw error;
    }
  });
  const sums = new Map<string, { bytes: number; nodes: number }>();
  // From the bottom up: every node stands behind its parent in the list.
  for (let i = paths.length - 1; i >= 0; i--) {
    const at = paths[i] as string;
    if (sizes[i] === undefined) continue;
    const own = sums.get(at) ?? { bytes: 0, nodes: 0 };
    const total = { bytes: own.bytes + (sizes[i] ?? 0), nodes: own.nodes + 1 };
    sums.set(at, total);
    if (at === path) break;
    const above = sums.get(parentPath(at)) ?? { bytes: 0, nodes: 0 };
    sums.set(parentPath(at), { bytes: above.bytes + total.bytes, nodes: above.nodes + total.nodes });
  }
  return sums;
}
