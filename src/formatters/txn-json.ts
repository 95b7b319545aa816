/** Transactions as JSON; the schema is described in `docs/file-tools.md`. */
import { hex0x } from '../base/brands.ts';
import { errName } from '../protocol/error-codes.ts';
import { OP } from '../protocol/opcodes.ts';
import { readSubTxns, type Txn, type TxnEntry } from '../protocol/txn.ts';
import { txnTypeName } from './txn-text.ts';
import { aclJson, idJson, timeJson, type ValueForm, valueJson } from './value-json.ts';

/** A JSON object. */
type JsonObject = Record<string, unknown>;

/** The fields of a transaction, without its type. */
function fields(txn: Txn, form: ValueForm): JsonObject {
  switch (txn.type) {
    case OP.create:
    case OP.create2:
      return {
        path: txn.path,
        data: valueJson(txn.data, form),
        acl: aclJson(txn.acl),
        ephemeral: txn.ephemeral,
        parentCVersion: txn.parentCVersion ?? -1,
      };
    case OP.createContainer:
    case OP.createTTL:
      return {
        path: txn.path,
        data: valueJson(txn.data, form),
        acl: aclJson(txn.acl),
        parentCVersion: txn.parentCVersion,
        ...(txn.type === OP.createTTL && { ttlMs: Number(txn.ttl) }),
      };
    case OP.setData:
    case OP.reconfig:
      return { path: txn.path, data: valueJson(txn.data, form), version: txn.version };
    case OP.delete:
    case OP.deleteContainer:
      return { path: txn.path };
    case OP.setACL:
      return { path: txn.path, acl: aclJson(txn.acl), version: txn.version };
    case OP.check:
      return { path: txn.path, version: txn.version };
    case OP.createSession:
      return { timeoutMs: txn.timeOut };
    case OP.closeSession:
      return { paths: txn.paths2Delete ?? null };
    case OP.error:
      return { err: txn.err, error: errName(txn.err) };
    case OP.multi:
      return { txns: parts(txn, form) };
  }
}

/** The parts of a multi; one that cannot be decoded is shown as its bytes. */
function parts(txn: Txn & { readonly type: typeof OP.multi }, form: ValueForm): JsonObject[] {
  return txn.txns.map((sub) => {
    const op = txnTypeName(sub.type);
    try {
      const [decoded] = readSubTxns({ txns: [sub] });
      if (decoded !== undefined) return { op, ...fields(decoded, form) };
    } catch {
      // Shown as it is.
    }
    return { op, undecoded: sub.data?.toString('base64') ?? null };
  });
}

/**
 * A transaction as one JSON object: who, when and what, then the fields of its type, then the digest if it
 * has one.
 */
export function txnJson(entry: TxnEntry, form: ValueForm): JsonObject {
  const { header, txn, digest } = entry;
  return {
    zxid: idJson(header.zxid),
    time: timeJson(header.time),
    session: idJson(header.clientId),
    cxid: header.cxid,
    op: txnTypeName(header.type),
    ...fields(txn, form),
    ...(digest !== undefined && { digest: { version: digest.version, value: hex0x(digest.treeDigest) } }),
  };
}

/** Every path a transaction names, those of a multi's parts included. */
export function txnPaths(txn: Txn): string[] {
  switch (txn.type) {
    case OP.createSession:
    case OP.error:
      return [];
    case OP.closeSession:
      return txn.paths2Delete ?? [];
    case OP.multi:
      try {
        return readSubTxns(txn).flatMap((sub) => (sub === undefined ? [] : txnPaths(sub)));
      } catch {
        return [];
      }
    default:
      return [txn.path];
  }
}
