/** Client-port records: headers, session set-up, and the request and reply of every operation (facts 2). */
import {
  bool,
  buffer,
  byHand,
  type Infer,
  int,
  long,
  nullableString,
  nullableVector,
  record,
  tail,
  ustring,
  vector,
} from '../jute/schema.ts';
import { AclList } from './acl.ts';
import { Stat } from './stat.ts';

/** Opens or resumes a session. `readOnly` is absent from clients older than 3.4. */
export const ConnectRequest = record('ConnectRequest', {
  protocolVersion: int,
  lastZxidSeen: long,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
  readOnly: tail(bool),
});
export type ConnectRequest = Infer<typeof ConnectRequest>;

/**
 * What a zkt client may append to its connect request: what it calls itself. A server that does not know of
 * it passes over it, as Apache's does.
 */
export const ConnectName = record('ConnectName', { clientName: ustring });
/** A longer name is not taken, bytes. */
export const CLIENT_NAME_BYTES_MAX = 128;

/**
 * The answer; `timeOut` 0 means the session is refused. `readOnly` is sent if and only if the request had it.
 */
export const ConnectResponse = record('ConnectResponse', {
  protocolVersion: int,
  timeOut: int,
  sessionId: long,
  passwd: buffer,
  readOnly: tail(bool),
});
export type ConnectResponse = Infer<typeof ConnectResponse>;

export const RequestHeader = record('RequestHeader', { xid: int, type: int });
export type RequestHeader = Infer<typeof RequestHeader>;

/** A body follows only when `err` is 0. */
export const ReplyHeader = record('ReplyHeader', { xid: int, zxid: long, err: int });
export type ReplyHeader = Infer<typeof ReplyHeader>;

/** Precedes each operation and each result of a multi. */
export const MultiHeader = record('MultiHeader', { type: int, done: bool, err: int });
export type MultiHeader = Infer<typeof MultiHeader>;

export const CreateRequest = byHand(
  record('CreateRequest', { path: ustring, data: buffer, acl: AclList, flags: int }),
  {
    read: (r) => ({
      path: r.readString() ?? '',
      data: r.readBuffer(),
      acl: AclList.read(r),
      flags: r.readInt(),
    }),
    write(w, v) {
      w.writeString(v.path);
      w.writeBuffer(v.data);
      AclList.write(w, v.acl);
      w.writeInt(v.flags);
    },
  },
);
export type CreateRequest = Infer<typeof CreateRequest>;
export const CreateTtlRequest = record('CreateTTLRequest', {
  path: ustring,
  data: buffer,
  acl: AclList,
  flags: int,
  ttl: long,
});
export type CreateTtlRequest = Infer<typeof CreateTtlRequest>;
export const CreateResponse = record('CreateResponse', { path: ustring });
export const Create2Response = record('Create2Response', { path: ustring, stat: Stat });
export const DeleteRequest = record('DeleteRequest', { path: ustring, version: int });
export type DeleteRequest = Infer<typeof DeleteRequest>;
/** exists, getData, getChildren and getChildren2 ask with the same record. */
export const PathWatchRequest = byHand(record('PathWatchRequest', { path: ustring, watch: bool }), {
  read: (r) => ({ path: r.readString() ?? '', watch: r.readBool() }),
  write(w, v) {
    w.writeString(v.path);
    w.writeBool(v.watch);
  },
});
export type PathWatchRequest = Infer<typeof PathWatchRequest>;
export const StatResponse = record('StatResponse', { stat: Stat });
export const GetDataResponse = record('GetDataResponse', { data: buffer, stat: Stat });
export type GetDataResponse = Infer<typeof GetDataResponse>;
export const SetDataRequest = byHand(
  record('SetDataRequest', { path: ustring, data: buffer, version: int }),
  {
    read: (r) => ({ path: r.readString() ?? '', data: r.readBuffer(), version: r.readInt() }),
    write(w, v) {
      w.writeString(v.path);
      w.writeBuffer(v.data);
      w.writeInt(v.version);
    },
  },
);
export type SetDataRequest = Infer<typeof SetDataRequest>;
export const PathRequest = record('PathRequest', { path: ustring });
export type PathRequest = Infer<typeof PathRequest>;
export const PathResponse = record('PathResponse', { path: ustring });
export const GetAclResponse = record('GetACLResponse', { acl: AclList, stat: Stat });
export type GetAclResponse = Infer<typeof GetAclResponse>;
export const SetAclRequest = record('SetACLRequest', { path: ustring, acl: AclList, version: int });
export type SetAclRequest = Infer<typeof SetAclRequest>;
export const GetChildrenResponse = record('GetChildrenResponse', { children: vector(ustring) });
export const GetChildren2Response = record('GetChildren2Response', { children: vector(ustring), stat: Stat });
export type GetChildren2Response = Infer<typeof GetChildren2Response>;
export const CheckVersionRequest = record('CheckVersionRequest', { path: ustring, version: int });
export type CheckVersionRequest = Infer<typeof CheckVersionRequest>;
export const ReconfigRequest = record('ReconfigRequest', {
  joiningServers: nullableString,
  leavingServers: nullableString,
  newMembers: nullableString,
  curConfigId: long,
});
export type ReconfigRequest = Infer<typeof ReconfigRequest>;
/** checkWatches and removeWatches: `type` is one of WATCHER_TYPE. */
export const WatchesRequest = record('WatchesRequest', { path: ustring, type: int });
export type WatchesRequest = Infer<typeof WatchesRequest>;
export const AuthPacket = record('AuthPacket', { type: int, scheme: ustring, auth: buffer });
export type AuthPacket = Infer<typeof AuthPacket>;
export const SetWatches = record('SetWatches', {
  relativeZxid: long,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
});
export type SetWatches = Infer<typeof SetWatches>;
export const SetWatches2 = record('SetWatches2', {
  relativeZxid: long,
  dataWatches: vector(ustring),
  existWatches: vector(ustring),
  childWatches: vector(ustring),
  persistentWatches: vector(ustring),
  persistentRecursiveWatches: vector(ustring),
});
export type SetWatches2 = Infer<typeof SetWatches2>;
export const SaslRequest = record('GetSASLRequest', { token: buffer });
export const SaslResponse = record('SetSASLResponse', { token: buffer });
export const GetEphemeralsRequest = record('GetEphemeralsRequest', { prefixPath: nullableString });
export const GetEphemeralsResponse = record('GetEphemeralsResponse', { ephemerals: vector(ustring) });
export const CountResponse = record('GetAllChildrenNumberResponse', { totalNumber: int });
export const AddWatchRequest = record('AddWatchRequest', { path: ustring, mode: int });
export type AddWatchRequest = Infer<typeof AddWatchRequest>;
export const ErrorResponse = record('ErrorResponse', { err: int });
/** One identity of a connection: the scheme and the name without secrets. */
export const ClientInfo = record('ClientInfo', { authScheme: ustring, user: ustring });
export type ClientInfo = Infer<typeof ClientInfo>;
export const WhoAmIResponse = record('WhoAmIResponse', { clientInfo: nullableVector(ClientInfo) });
