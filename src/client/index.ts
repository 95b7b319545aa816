/**
 * The client library of zkt, and what the package exports.
 *
 *     import { connect } from 'zkt';
 *     const client = connect({ servers: '127.0.0.1:2181' });
 *     await client.create('/greeting', 'hello');
 *     await client.close();
 *
 * The one file of the client that knows the real network and clock.
 */
import path from 'node:path';
import { systemClock } from '../platform/clock.ts';
import { systemNet } from '../platform/net.ts';
import { systemRandom } from '../platform/random.ts';
import { systemTimers } from '../platform/timers.ts';
import type { Client, ClientOptions } from './api.ts';
import { ZkClient } from './client.ts';

export { ZktError } from '../base/errors.ts';
export type { Acl, Id } from '../protocol/acl.ts';
export { ANYONE, CREATOR_ALL_ACL, OPEN_ACL, PERMS, READ_ONLY_ACL } from '../protocol/acl.ts';
export type { CreateMode } from '../protocol/create-mode.ts';
export type { ErrName } from '../protocol/error-codes.ts';
export { ERR } from '../protocol/error-codes.ts';
export type { ClientInfo } from '../protocol/messages.ts';
export type { Stat } from '../protocol/stat.ts';
export type { EventType, KeeperState, WatcherType } from '../protocol/watch-types.ts';
export { EVENT, eventName, STATE, stateName, WATCHER_TYPE } from '../protocol/watch-types.ts';
export type * from './api.ts';
export { isKeeperError, KeeperError } from './keeper-error.ts';

/**
 * Begins a session and answers at once; operations wait for the connection, or see `connected()`. Throws
 * ZKT_USAGE for a server list that is none. The process stays alive until `close()`, or until the session
 * ends otherwise.
 */
export function connect(options: ClientOptions): Client {
  const clientName = options.clientName ?? programName();
  return new ZkClient(
    { ...options, clientName },
    {
      net: systemNet,
      clock: systemClock,
      timers: systemTimers,
      random: systemRandom,
    },
  );
}

/** How a program is named that does not name itself: `zkt (pid 4711)`. */
const programName = (): string =>
  `${path.basename(process.argv[1] ?? 'node').slice(0, PROGRAM_CHARS_MAX)} (pid ${process.pid})`;
/** At most three bytes each in UTF-8, so that the name is not too long. */
const PROGRAM_CHARS_MAX = 32;
