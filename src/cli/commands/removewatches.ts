import { WATCHER_TYPE, type WatcherType } from '../../protocol/watch-types.ts';
import type { Command } from '../command.ts';
import type { OptionSpec } from '../parse/options.ts';

const TYPES: readonly (readonly [string, WatcherType, string])[] = [
  ['c', WATCHER_TYPE.children, 'child watcher type'],
  ['d', WATCHER_TYPE.data, 'data watcher type'],
  ['p', WATCHER_TYPE.persistent, 'persistent watcher type (servers since 3.9)'],
  ['r', WATCHER_TYPE.persistentRecursive, 'persistent recursive watcher type (servers since 3.9)'],
  ['a', WATCHER_TYPE.any, 'any watcher type'],
];

/** `removewatches`: forget watches. */
export const command: Command = {
  name: 'removewatches',
  usage: 'path [-c|-d|-a] [-l]',
  summary: 'Remove watches of this session from a node; without a type, all of them.',
  options: [
    ...TYPES.map(([flag, , says]): OptionSpec => ({ flag, says })),
    { flag: 'l', says: 'remove locally when there is no server connection' },
  ],
  arguments: ['path'],
  needed: 1,
  examples: [['removewatches /app -d', 'forget the data watches of /app']],
  zkCli: true,
  writes: false,
  only: 'shell',
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    const type = TYPES.find(([flag]) => args.has(flag))?.[1] ?? WATCHER_TYPE.any;
    const client = await context.client(path);
    await client.removeWatches(path, type, { local: args.has('l') });
  },
};
