import type { Command } from '../command.ts';
import { UsageFailure } from '../explain.ts';

const MODES: ReadonlyMap<string, 'persistent' | 'persistentRecursive'> = new Map([
  ['PERSISTENT', 'persistent'],
  ['PERSISTENT_RECURSIVE', 'persistentRecursive'],
]);

const USAGE =
  '[-m mode] path # optional mode is one of [PERSISTENT, PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE';

/** `addWatch`: a watch that stays. */
export const command: Command = {
  name: 'addWatch',
  usage: USAGE,
  summary: 'Set a watch that stays; its events are printed as they come.',
  options: [
    { flag: 'm', value: 'mode', says: 'PERSISTENT, or PERSISTENT_RECURSIVE for all nodes below too' },
  ],
  arguments: ['path'],
  needed: 1,
  most: 1,
  examples: [['addWatch /app', 'tell what happens to /app and below']],
  zkCli: true,
  writes: false,
  only: 'shell',
  async run(context, args) {
    const mode = MODES.get((args.value('m') ?? 'PERSISTENT_RECURSIVE').toUpperCase());
    if (mode === undefined) throw new UsageFailure(`addWatch ${USAGE}`);
    const path = context.path(args.rest[0] ?? '');
    const client = await context.client(path);
    await client.addWatch(path, mode, true);
  },
};
