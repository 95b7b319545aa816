import { EXIT } from '../../base/errors.ts';
import type { Client } from '../../client/api.ts';
import { isKeeperError, KeeperError } from '../../client/keeper-error.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { Command, CommandContext } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { countOf } from '../nodes/value.ts';
import { subtree } from '../nodes/walk.ts';
import { reportOne } from '../output/report.ts';
import type { ParsedArgs } from '../parse/options.ts';

const BATCH = 1000;
/** Multis under way at a time. */
const MULTIS_AT_A_TIME = 10;

/** `deleteall`: away with a node and all below it. */
export const command: Command = {
  name: 'deleteall',
  usage: 'path [-b batch size]',
  summary: 'Delete a node and all below it.',
  about: [
    'Deletes from the bottom up, a batch as one multi; what is created meanwhile may make it fail half-way. Asks first ' +
      'at a terminal and needs --yes as a one-shot off it; a script in `zkt shell` is not asked, as in zkCli.',
  ],
  json: '`path`, `deleted`: how many',
  options: [
    { flag: 'b', value: 'batch size', says: `nodes in a multi, default ${BATCH}` },
    { long: 'limit', value: 'count', says: 'refuse when there are more nodes than that' },
  ],
  arguments: ['path'],
  needed: 1,
  examples: [
    ['deleteall --dry-run /app', 'say how many nodes would go'],
    ['deleteall --yes --limit 100 /app', 'delete them, if they are no more than 100'],
  ],
  zkCli: true,
  writes: true,
  run: deleteAll,
};

/** Shared with `rmr`, its name of old. */
export async function deleteAll(context: CommandContext, args: ParsedArgs): Promise<void> {
  const path = context.path(args.rest[0] ?? '');
  const size = batchSize(args.value('b'));
  const limitText = args.value('limit');
  const limit = limitText === undefined ? Number.POSITIVE_INFINITY : countOf(limitText, '--limit');
  const client = await context.client(path);
  const paths = await subtree(client, path, limit);
  const count = paths.length === 1 ? '1 node' : `${paths.length} nodes`;
  if (paths.length > limit) {
    throw new CommandFailure(`${path} holds more than ${limit} nodes (--limit); nothing was deleted`);
  }
  if (context.dryRun) {
    context.err.line(`would delete ${count}: ${path}${paths.length > 1 ? ' and all below it' : ''}`);
    return;
  }
  if (!(await context.confirm(`Delete ${path}, ${count} in all?`))) return;
  const failure = await deleteInBatches(client, paths.reverse(), size);
  if (failure === undefined) {
    const { out, format } = context;
    const json = () => ({ path, deleted: paths.length });
    if (context.style === 'quiet') reportOne(out, format, { json, text: () => {} });
  } else if (context.style === 'zkCli') context.err.line('Failed to delete some node(s) in the subtree!');
  else {
    const { code, path: where } = failure;
    const what = isKeeperError(failure, 'NOAUTH') ? EXIT.noAuth : EXIT.failed;
    const why = `KeeperError ${failure.errName ?? code}${where === undefined ? '' : ` for ${where}`}`;
    throw new CommandFailure(`Failed to delete some node(s) in the subtree: ${why}`, what);
  }
}

/** 0 and less: all in one multi, as in zkCli. */
function batchSize(text: string | undefined): number {
  if (text === undefined) return BATCH;
  const value = /^[-+]?\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value !== (value | 0)) throw new CommandFailure('-b argument must be an int value', EXIT.usage);
  return value > 0 ? value : Number.POSITIVE_INFINITY;
}

/**
 * Deletes paths in that order. Later batches are begun while earlier ones are under way: the server keeps
 * their order.
 */
async function deleteInBatches(
  client: Client,
  paths: readonly string[],
  size: number,
): Promise<KeeperError | undefined> {
  let failure: KeeperError | undefined;
  const running = new Set<Promise<void>>();
  for (let at = 0; at < paths.length && failure === undefined; at += size) {
    const batch = paths.slice(at, at + size).map((path) => ({ type: 'delete' as const, path }));
    const one: Promise<void> = client
      .multi(batch)
      .catch((error: unknown) => {
        if (!(error instanceof KeeperError)) throw error;
        failure ??= error;
      })
      .then(() => void running.delete(one));
    running.add(one);
    if (running.size >= MULTIS_AT_A_TIME) await Promise.race(running);
  }
  await Promise.all(running);
  return failure?.code === ERR.OK ? undefined : failure;
}
