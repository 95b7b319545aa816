import { EXIT } from '../../base/errors.ts';
import { isKeeperError, KeeperError } from '../../client/keeper-error.ts';
import type { Acl } from '../../protocol/acl.ts';
import type { CreateMode } from '../../protocol/create-mode.ts';
import { TTL_MAX } from '../../protocol/create-mode.ts';
import { ERR, keeperMessage } from '../../protocol/error-codes.ts';
import { pathFault } from '../../protocol/paths.ts';
import type { Command, CommandContext } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { aclFrom } from '../nodes/acl-text.ts';
import { VALUE_OPTIONS, valueFrom } from '../nodes/value.ts';
import { reportOne } from '../output/report.ts';
import type { ParsedArgs } from '../parse/options.ts';

/** `create`: a new node. */
export const command: Command = {
  name: 'create',
  usage: '[-s] [-e] [-c] [-t ttl] path [data] [acl]',
  summary: 'Create a node and print its path.',
  about: ['As a one-shot, `-` for data reads standard input. Without data the node has none (null).'],
  json: '`path`',
  options: [
    { flag: 's', says: 'sequential: a number is added to the name' },
    { flag: 'e', says: 'ephemeral: it goes with the session' },
    { flag: 'c', says: 'container: it goes when its last child has gone' },
    { flag: 't', value: 'ttl', says: 'it goes after so many milliseconds without children and changes' },
    ...VALUE_OPTIONS,
  ],
  arguments: ['path', 'data', 'acl'],
  needed: 1,
  examples: [
    ['create /app hello', 'a node with data'],
    ['create -s /queue/item- -', 'a sequential node, data from stdin'],
    ['create /secret x auth::cdrwa', 'a node only its creator may use'],
  ],
  zkCli: true,
  writes: true,
  async run(context, args) {
    const mode = createModeOf(args);
    const ttlMs = createTtlOf(args, context.path(args.rest[0] ?? ''));
    const [argument = '', dataText, aclText] = args.rest;
    const path = context.path(argument);
    const data = dataText === undefined ? null : await valueFrom(context, args, dataText);
    const acl = aclText === undefined ? undefined : aclFrom(context, aclText);
    if (context.dryRun) {
      context.err.line(`would create ${path}`);
      return;
    }
    const created = await create(context, path, data, { mode, ...(acl && { acl }), ...(ttlMs && { ttlMs }) });
    if (context.style === 'zkCli') context.err.line(`Created ${created}`);
    else {
      const { out, format } = context;
      reportOne(out, format, { json: () => ({ path: created }), text: () => out.line(created) });
    }
  },
};

interface CreateHow {
  readonly mode: CreateMode;
  readonly acl?: readonly Acl[];
  readonly ttlMs?: number;
}

async function create(
  context: CommandContext,
  path: string,
  data: Buffer | null,
  how: CreateHow,
): Promise<string> {
  try {
    // Apache's client does not send an empty ACL.
    if (how.acl?.length === 0) throw new KeeperError(ERR.INVALIDACL);
    const client = await context.client(path);
    return (await client.create(path, data, how)).path;
  } catch (error) {
    if (isKeeperError(error, 'INVALIDACL') && context.style === 'zkCli') {
      context.err.line(keeperMessage(error.code, error.path));
    }
    if (isKeeperError(error, 'EPHEMERALONLOCALSESSION')) {
      context.err.line('Unable to create ephemeral node on a local session');
    }
    throw error;
  }
}

/** The kind of node the flags say. */
export function createModeOf(args: ParsedArgs): CreateMode {
  const [s, e, c, t] = [args.has('s'), args.has('e'), args.has('c'), args.has('t')];
  if (c && (s || e)) {
    throw new CommandFailure(
      '-c cannot be combined with -s or -e. Containers cannot be ephemeral or sequential.',
      EXIT.usage,
    );
  }
  if (t && !isLong(args.value('t') ?? ''))
    throw new CommandFailure('-t argument must be a long value', EXIT.usage);
  if (t && e) throw new CommandFailure('TTLs cannot be used with Ephemeral znodes', EXIT.usage);
  if (t && c) throw new CommandFailure('TTLs cannot be used with Container znodes', EXIT.usage);
  if (c) return 'container';
  if (t) return s ? 'persistentSequentialTtl' : 'persistentTtl';
  if (e) return s ? 'ephemeralSequential' : 'ephemeral';
  return s ? 'persistentSequential' : 'persistent';
}

/** The TTL; like Apache's client it looks at the path first. */
export function createTtlOf(args: ParsedArgs, path: string): number | undefined {
  const text = args.value('t');
  if (text === undefined) return undefined;
  const fault = pathFault(args.has('s') ? `${path}1` : path);
  if (fault !== undefined) throw new CommandFailure(fault, EXIT.usage);
  const ttl = BigInt(text.replace(/^\+/, ''));
  if (ttl < 1n || ttl > TTL_MAX) {
    throw new CommandFailure(`ttl must be positive and cannot be larger than: ${TTL_MAX}`, EXIT.usage);
  }
  return Number(ttl);
}

/** Whether Java's `Long.parseLong` would take it. */
const isLong = (text: string): boolean =>
  /^[-+]?\d{1,40}$/.test(text) &&
  BigInt.asIntN(64, BigInt(text.replace(/^\+/, ''))) === BigInt(text.replace(/^\+/, ''));
