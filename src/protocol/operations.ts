import type { Codec } from '../jute/schema.ts';
import { Empty } from '../jute/schema.ts';
import * as m from './messages.ts';
import { MultiRequest, MultiResponse } from './multi.ts';
import { OP, type OpName } from './opcodes.ts';

/**
 * What an operation does to the ensemble: `write` is ordered by the leader and logged, `read` is answered
 * from the local tree, `sync` waits for the leader, `session` concerns the connection alone, `internal` no
 * client may send.
 */
export type OpClass = 'write' | 'read' | 'sync' | 'session' | 'internal';

/** One operation of the client port. */
export interface Operation {
  readonly code: number;
  readonly name: OpName;
  readonly request: Codec<never> | Codec<unknown>;
  readonly reply: Codec<never> | Codec<unknown>;
  readonly class: OpClass;
}

const op = <Q, R>(name: OpName, request: Codec<Q>, reply: Codec<R>, cls: OpClass) =>
  ({ code: OP[name], name, request, reply, class: cls }) as const;

/** Every operation: its code, request and reply records, and class. The one table all rooms derive from. */
export const OPERATIONS = {
  create: op('create', m.CreateRequest, m.CreateResponse, 'write'),
  delete: op('delete', m.DeleteRequest, Empty, 'write'),
  exists: op('exists', m.PathWatchRequest, m.StatResponse, 'read'),
  getData: op('getData', m.PathWatchRequest, m.GetDataResponse, 'read'),
  setData: op('setData', m.SetDataRequest, m.StatResponse, 'write'),
  getACL: op('getACL', m.PathRequest, m.GetAclResponse, 'read'),
  setACL: op('setACL', m.SetAclRequest, m.StatResponse, 'write'),
  getChildren: op('getChildren', m.PathWatchRequest, m.GetChildrenResponse, 'read'),
  sync: op('sync', m.PathRequest, m.PathResponse, 'sync'),
  ping: op('ping', Empty, Empty, 'read'),
  getChildren2: op('getChildren2', m.PathWatchRequest, m.GetChildren2Response, 'read'),
  check: op('check', m.CheckVersionRequest, Empty, 'write'),
  multi: op('multi', MultiRequest, MultiResponse, 'write'),
  create2: op('create2', m.CreateRequest, m.Create2Response, 'write'),
  reconfig: op('reconfig', m.ReconfigRequest, m.GetDataResponse, 'write'),
  checkWatches: op('checkWatches', m.WatchesRequest, Empty, 'read'),
  removeWatches: op('removeWatches', m.WatchesRequest, Empty, 'read'),
  createContainer: op('createContainer', m.CreateRequest, m.Create2Response, 'write'),
  deleteContainer: op('deleteContainer', m.PathRequest, Empty, 'internal'),
  createTTL: op('createTTL', m.CreateTtlRequest, m.Create2Response, 'write'),
  multiRead: op('multiRead', MultiRequest, MultiResponse, 'read'),
  auth: op('auth', m.AuthPacket, Empty, 'session'),
  setWatches: op('setWatches', m.SetWatches, Empty, 'read'),
  sasl: op('sasl', m.SaslRequest, m.SaslResponse, 'session'),
  getEphemerals: op('getEphemerals', m.GetEphemeralsRequest, m.GetEphemeralsResponse, 'read'),
  getAllChildrenNumber: op('getAllChildrenNumber', m.PathRequest, m.CountResponse, 'read'),
  setWatches2: op('setWatches2', m.SetWatches2, Empty, 'read'),
  addWatch: op('addWatch', m.AddWatchRequest, m.ErrorResponse, 'read'),
  whoAmI: op('whoAmI', Empty, m.WhoAmIResponse, 'read'),
  createSession: op('createSession', Empty, Empty, 'internal'),
  closeSession: op('closeSession', Empty, Empty, 'write'),
} as const;

/** Operations by code. */
export const OPERATION_BY_CODE: ReadonlyMap<number, Operation> = new Map(
  Object.values(OPERATIONS).map((o) => [o.code, o]),
);
