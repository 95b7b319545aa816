import type { Client } from '../../client/api.ts';
import { isKeeperError } from '../../client/keeper-error.ts';
import { SYSTEM_PATHS } from '../../protocol/paths.ts';
import { limitsPath, noQuota, parseQuota, type Quota, usagePath } from '../../protocol/quota.ts';
import type { Command, CommandContext } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { LIMITS, limitsText, makeQuota, quotaAbove, quotaBelow, textOf } from '../nodes/quota-nodes.ts';
import { reportOne } from '../output/report.ts';
import type { OptionSpec, ParsedArgs } from '../parse/options.ts';

const LIMIT = { required: true };

/** What zkCli says of a value that is too small, and the smallest that is not. */
const BOUNDS: Readonly<Record<keyof Quota, readonly [number, string]>> = {
  count: [1, 'the num quota must be greater than zero'],
  bytes: [0, 'the bytes quota must be greater than or equal to zero'],
  countHard: [1, 'the num quota must be greater than zero'],
  bytesHard: [0, 'the bytes quota must be greater than or equal to zero'],
};

/** `setquota`: limit a subtree. */
export const command: Command = {
  name: 'setquota',
  usage: '-n|-b|-N|-B val path',
  summary: 'Limit the number of nodes, or the bytes of data, of a subtree.',
  about: [
    'Soft limits (-n, -b) make the server warn in its log; hard ones (-N, -B) make it refuse, where it enforces them.',
  ],
  json: '`path`, `limits`',
  options: LIMITS.map(([flag, , says]): OptionSpec => ({ flag, value: 'val', says, group: LIMIT })),
  arguments: ['path'],
  needed: 1,
  examples: [
    ['setquota -n 1000 /app', 'warn above 1000 nodes'],
    ['setquota -B 1000000 /app', 'refuse above a megabyte of data'],
  ],
  zkCli: true,
  writes: true,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    if (path.startsWith(SYSTEM_PATHS.quota)) {
      refuse(context, 'cannot set a quota under the path: /zookeeper/quota');
      return;
    }
    const wanted = limitsFrom(context, args);
    if (wanted === undefined) return;
    if (context.dryRun) {
      context.err.line(`would set the quota of ${path}`);
      return;
    }
    const client = await context.client(path);
    await setQuota(context, client, path, wanted);
  },
};

/** zkCli tells it and is content; a one-shot fails. */
function refuse(context: CommandContext, why: string): void {
  if (context.style === 'quiet') throw new CommandFailure(why, 2);
  context.err.line(why);
}

function limitsFrom(context: CommandContext, args: ParsedArgs): Partial<Quota> | undefined {
  const wanted: Partial<Quota> = {};
  for (const [flag, field] of LIMITS) {
    const text = args.value(flag);
    if (text === undefined) continue;
    const value = /^[-+]?\d{1,18}$/.test(text) ? Number(text) : Number.NaN;
    const [least, complaint] = BOUNDS[field];
    if (!Number.isSafeInteger(value)) {
      refuse(context, 'NumberFormatException happens when parsing the option value');
      return undefined;
    }
    if (value < least) {
      refuse(context, complaint);
      return undefined;
    }
    wanted[field] = value;
  }
  return wanted;
}

async function setQuota(
  context: CommandContext,
  client: Client,
  path: string,
  wanted: Partial<Quota>,
): Promise<void> {
  if ((await client.exists(path)) === undefined) throw new CommandFailure(`${path} does not exist.`, 4);
  const below = await quotaBelow(client, path);
  if (below !== undefined) throw new CommandFailure(`${path} has a child ${below} which has a quota`, 5);
  const above = await quotaAbove(client, path);
  if (above !== undefined) throw new CommandFailure(`${path} has a parent ${above} which has a quota`, 5);

  const present = await textOf(client, limitsPath(path));
  const quota = { ...noQuota(), ...(present !== undefined && parseQuota(present)), ...wanted };
  if (present === undefined) await makeQuota(client, path, limitsText(quota));
  else await client.set(limitsPath(path), limitsText(quota));
  await warn(context, client, path, quota);
  const json = () => ({ path, limits: quota });
  if (context.style === 'quiet') reportOne(context.out, context.format, { json, text: () => {} });
}

async function warn(context: CommandContext, client: Client, path: string, quota: Quota): Promise<void> {
  const usage = await textOf(client, usagePath(path)).catch((error: unknown) => {
    if (isKeeperError(error, 'NOAUTH')) return undefined;
    throw error;
  });
  if (usage === undefined) return;
  const used = parseQuota(usage);
  const to = context.style === 'zkCli' ? context.out : context.err;
  const exceeds = (limits: readonly number[], amount: number) => limits.some((it) => it > -1 && it < amount);
  if (exceeds([quota.count, quota.countHard], used.count)) {
    to.line(`[Warning]: the count quota you create is less than the existing count:${used.count}`);
  }
  if (exceeds([quota.bytes, quota.bytesHard], used.bytes)) {
    to.line(`[Warning]: the bytes quota you create is less than the existing bytes:${used.bytes}`);
  }
}
