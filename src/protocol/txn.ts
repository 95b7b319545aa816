/** What the transaction log and proposals carry (facts 6): header, one record by type, digest. */

import { JuteReader } from '../jute/reader.ts';
import {
  bool,
  buffer,
  byHand,
  type Codec,
  type Infer,
  int,
  long,
  nullableVector,
  record,
  tail,
  ustring,
  vector,
} from '../jute/schema.ts';
import { AclList } from './acl.ts';
import { OP } from './opcodes.ts';

/** Who asked, as what, and when (leader's wall clock, ms). 32 bytes. */
export const TxnHeader = byHand(
  record('TxnHeader', { clientId: long, cxid: int, zxid: long, time: long, type: int }),
  {
    read: (r) => ({
      clientId: r.readLong(),
      cxid: r.readInt(),
      zxid: r.readLong(),
      time: r.readLong(),
      type: r.readInt(),
    }),
    write(w, v) {
      w.writeLong(v.clientId);
      w.writeInt(v.cxid);
      w.writeLong(v.zxid);
      w.writeLong(v.time);
      w.writeInt(v.type);
    },
  },
);
export type TxnHeader = Infer<typeof TxnHeader>;

/** The tree's digest after the transaction. */
export const TxnDigest = byHand(record('TxnDigest', { version: int, treeDigest: long }), {
  read: (r) => ({ version: r.readInt(), treeDigest: r.readLong() }),
  write(w, v) {
    w.writeInt(v.version);
    w.writeLong(v.treeDigest);
  },
});
export type TxnDigest = Infer<typeof TxnDigest>;
/** The version of the digest this code computes. */
export const DIGEST_VERSION = 2;

export const CreateTxn = byHand(
  record('CreateTxn', {
    path: ustring,
    data: buffer,
    acl: AclList,
    ephemeral: bool,
    /** The parent's stored cversion after this create; absent before 3.4, -1 means "one more". */
    parentCVersion: tail(int),
  }),
  {
    read: (r) => ({
      path: r.readString() ?? '',
      data: r.readBuffer(),
      acl: AclList.read(r),
      ephemeral: r.readBool(),
      parentCVersion: r.remaining === 0 ? undefined : r.readInt(),
    }),
    write(w, v) {
      w.writeString(v.path);
      w.writeBuffer(v.data);
      AclList.write(w, v.acl);
      w.writeBool(v.ephemeral);
      if (v.parentCVersion !== undefined) w.writeInt(v.parentCVersion);
    },
  },
);
export type CreateTxn = Infer<typeof CreateTxn>;
export const CreateContainerTxn = record('CreateContainerTxn', {
  path: ustring,
  data: buffer,
  acl: AclList,
  parentCVersion: int,
});
export type CreateContainerTxn = Infer<typeof CreateContainerTxn>;
export const CreateTtlTxn = record('CreateTTLTxn', {
  path: ustring,
  data: buffer,
  acl: AclList,
  parentCVersion: int,
  ttl: long,
});
export type CreateTtlTxn = Infer<typeof CreateTtlTxn>;
export const DeleteTxn = record('DeleteTxn', { path: ustring });
export type DeleteTxn = Infer<typeof DeleteTxn>;
/** setData and reconfig; `version` is the new one. */
export const SetDataTxn = byHand(record('SetDataTxn', { path: ustring, data: buffer, version: int }), {
  read: (r) => ({ path: r.readString() ?? '', data: r.readBuffer(), version: r.readInt() }),
  write(w, v) {
    w.writeString(v.path);
    w.writeBuffer(v.data);
    w.writeInt(v.version);
  },
});
export type SetDataTxn = Infer<typeof SetDataTxn>;
export const SetAclTxn = record('SetACLTxn', { path: ustring, acl: AclList, version: int });
export type SetAclTxn = Infer<typeof SetAclTxn>;
export const CheckVersionTxn = record('CheckVersionTxn', { path: ustring, version: int });
export type CheckVersionTxn = Infer<typeof CheckVersionTxn>;
export const CreateSessionTxn = record('CreateSessionTxn', { timeOut: int });
export type CreateSessionTxn = Infer<typeof CreateSessionTxn>;
/** The ephemerals to delete; absent before 3.6. */
export const CloseSessionTxn = record('CloseSessionTxn', { paths2Delete: tail(nullableVector(ustring)) });
export type CloseSessionTxn = Infer<typeof CloseSessionTxn>;
export const ErrorTxn = record('ErrorTxn', { err: int });
export type ErrorTxn = Infer<typeof ErrorTxn>;
/** One part of a multi, still encoded; `data` has no header and no digest. */
export const SubTxn = record('Txn', { type: int, data: buffer });
export type SubTxn = Infer<typeof SubTxn>;
export const MultiTxn = record('MultiTxn', { txns: vector(SubTxn) });
export type MultiTxn = Infer<typeof MultiTxn>;

/** A transaction's record, told apart by the header's type. */
export type Txn =
  | ({ readonly type: typeof OP.create | typeof OP.create2 } & CreateTxn)
  | ({ readonly type: typeof OP.createContainer } & CreateContainerTxn)
  | ({ readonly type: typeof OP.createTTL } & CreateTtlTxn)
  | ({ readonly type: typeof OP.delete | typeof OP.deleteContainer } & DeleteTxn)
  | ({ readonly type: typeof OP.setData | typeof OP.reconfig } & SetDataTxn)
  | ({ readonly type: typeof OP.setACL } & SetAclTxn)
  | ({ readonly type: typeof OP.check } & CheckVersionTxn)
  | ({ readonly type: typeof OP.createSession } & CreateSessionTxn)
  | ({ readonly type: typeof OP.closeSession } & CloseSessionTxn)
  | ({ readonly type: typeof OP.error } & ErrorTxn)
  | ({ readonly type: typeof OP.multi } & MultiTxn);

/** Codec of the record of each transaction type. */
export const TXN_CODECS: ReadonlyMap<number, Codec<unknown>> = new Map<number, Codec<unknown>>([
  [OP.create, CreateTxn],
  [OP.create2, CreateTxn],
  [OP.createContainer, CreateContainerTxn],
  [OP.createTTL, CreateTtlTxn],
  [OP.delete, DeleteTxn],
  [OP.deleteContainer, DeleteTxn],
  [OP.setData, SetDataTxn],
  [OP.reconfig, SetDataTxn],
  [OP.setACL, SetAclTxn],
  [OP.check, CheckVersionTxn],
  [OP.createSession, CreateSessionTxn],
  [OP.closeSession, CloseSessionTxn],
  [OP.error, ErrorTxn],
  [OP.multi, MultiTxn],
] as [number, Codec<unknown>][]);

/** A whole log entry: header, record, and the digest if the writer kept one. */
export interface TxnEntry {
  readonly header: TxnHeader;
  readonly txn: Txn;
  readonly digest: TxnDigest | undefined;
}

/**
 * The record of a transaction of that type; undefined for a type that no log can hold. Throws `JuteError`.
 */
function readTxn(type: number, r: JuteReader): Txn | undefined {
  const codec = TXN_CODECS.get(type);
  if (codec === undefined) return undefined;
  // Added to the new object: to spread it into another is slow, and a learner comes by here with every write.
  const txn = codec.read(r) as { type?: number };
  txn.type = type;
  return txn as Txn;
}

/**
 * Decodes a log entry (`checksum` and framing removed). Trailing bytes that are no digest are tolerated
 * (facts 14.2). Throws `JuteError` for bytes that are no such entry; answers undefined for an unknown
 * transaction type.
 */
export function decodeEntry(bytes: Buffer): TxnEntry | undefined {
  const r = new JuteReader(bytes, 0, bytes.length, bytes.length);
  const header = TxnHeader.read(r);
  // A digest behind a closeSession without its list (`closeSessionTxn.enabled=false`): a list of two paths
  // takes more.
  const listless =
    header.type === OP.closeSession && r.remaining === TxnDigest.minBytes && bytes.readInt32BE(r.pos) === 2;
  const txn: Txn | undefined = listless
    ? { type: OP.closeSession, paths2Delete: undefined }
    : readTxn(header.type, r);
  if (txn === undefined) return undefined;
  const digest = r.remaining >= TxnDigest.minBytes ? TxnDigest.read(r) : undefined;
  return { header, txn, digest };
}

/** The decoded parts of a multi, in order. Throws `JuteError`. */
export const readSubTxns = (multi: MultiTxn): (Txn | undefined)[] =>
  multi.txns.map(({ type, data }) => readTxn(type, new JuteReader(data ?? Buffer.alloc(0))));
