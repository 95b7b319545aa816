import { hex0x } from '../../base/brands.ts';
import { EXIT } from '../../base/errors.ts';
import type { Client, NodeData, WatchEvent } from '../../client/api.ts';
import { isKeeperError } from '../../client/keeper-error.ts';
import { timeText } from '../../formatters/time-text.ts';
import { systemClock } from '../../platform/clock.ts';
import { EVENT, eventName, stateName } from '../../protocol/watch-types.ts';
import type { Command, CommandContext } from '../command.ts';
import { CommandFailure } from '../explain.ts';
import { countOf } from '../nodes/value.ts';
import { dataJson } from '../output/node-text.ts';
import { JSON_VERSION } from '../output/report.ts';

/** `watch`: follow a path. */
export const command: Command = {
  name: 'watch',
  usage: '[-R] [-d] [-n count] path',
  summary: 'Print what happens to a node as it happens, until Ctrl-C.',
  about: [
    'The watch is persistent, so that nothing is missed while the connection stands; after a loss of connection a line says ' +
      '`Gap`: what happened meanwhile nobody told. Needs a server of 3.6 or later. Ctrl-C ends with 130.',
  ],
  json: 'a line for each event, also without ndjson: `time`, `type`, `path`, `zxid` where the server tells, with -d `data` and `encoding`',
  options: [
    { flag: 'R', says: 'also all nodes below' },
    { flag: 'd', says: 'print the data of what was created or changed' },
    { flag: 'n', value: 'count', says: 'end after that many events' },
  ],
  arguments: ['path'],
  needed: 1,
  examples: [
    ['watch -d /app/config', 'every new value'],
    ['watch -R -o ndjson /app', 'what happens below /app, for a program'],
  ],
  zkCli: false,
  writes: false,
  async run(context, args) {
    const path = context.path(args.rest[0] ?? '');
    const count = args.value('n');
    let left = count === undefined ? Number.POSITIVE_INFINITY : countOf(count, '-n');
    const client = await context.client(path);
    const watch = await client.addWatch(
      path,
      args.has('R') ? 'persistentRecursive' : 'persistent',
      client.watch(),
    );
    const stopped = () => watch.close();
    context.stop.addEventListener('abort', stopped, { once: true });
    try {
      for await (const event of watch) {
        if (event.type === EVENT.none && event.gap === undefined) {
          throw new CommandFailure(`the session has ended: ${stateName(event.state)}`, EXIT.noConnection);
        }
        await print(context, client, event, args.has('d'));
        if (event.type !== EVENT.none && --left === 0) return;
      }
    } finally {
      context.stop.removeEventListener('abort', stopped);
      watch.close();
    }
  },
};

async function print(
  context: CommandContext,
  client: Client,
  event: WatchEvent,
  withData: boolean,
): Promise<void> {
  const nowMs = systemClock.wallMs();
  const type = event.gap === undefined ? eventName(event.type) : 'Gap';
  const node = withData ? await dataOf(client, event) : undefined;
  const { out, format } = context;
  if (format === 'json' || format === 'ndjson') {
    const zxid = event.zxid > 0n ? { zxid: hex0x(event.zxid) } : {};
    const data = node === undefined ? {} : dataJson(node.data);
    out.json({
      v: JSON_VERSION,
      time: new Date(nowMs).toISOString(),
      type,
      path: event.path,
      ...zxid,
      ...data,
    });
  } else {
    out.line(
      { text: `${timeText(nowMs, 'ms')} `, style: 'dim' },
      { text: type.padEnd(20), style: 'cyan' },
      ` ${event.path ?? ''}`,
    );
    if (node !== undefined) out.text(node.data?.toString('utf8') ?? 'null');
  }
  await out.stream.drained();
}

async function dataOf(client: Client, { type, path }: WatchEvent): Promise<NodeData | undefined> {
  if (path === null || (type !== EVENT.nodeCreated && type !== EVENT.nodeDataChanged)) return undefined;
  try {
    return await client.get(path);
  } catch (error) {
    if (isKeeperError(error, 'NONODE') || isKeeperError(error, 'NOAUTH')) return undefined;
    throw error;
  }
}
