/** Transactions in words: the lines of Apache's TxnLogToolkit (3.6 and later). */
import { hex64 } from '../base/brands.ts';
import { OP, opName } from '../protocol/opcodes.ts';
import type { Txn, TxnEntry } from '../protocol/txn.ts';
import { javaShortDate } from './java-dates.ts';
import { javaAclList, juteAcl, juteString, juteVector } from './jute-text.ts';

/** What the first line of a dump says. */
export const logHeaderLine = (dbid: bigint, version: number): string =>
  `ZooKeeper Transactional Log File with dbid ${dbid} txnlog format version ${version}`;

/** What its last line says. */
export const logEndLine = (count: number): string => `EOF reached after ${count} txns.`;

/** The tool's name of a transaction type. */
export const txnTypeName = (type: number): string => {
  if (type === OP.createTTL) return 'createTtl';
  return opName(type) ?? `unknown ${type}`;
};

/** Data as the tool shows it: decoded as UTF-8, nothing for null. */
const text = (data: Buffer | null): string => data?.toString('utf8') ?? '';

/** The part of the line that depends on the type. */
function txnText(txn: Txn): string {
  switch (txn.type) {
    case OP.create:
    case OP.create2:
      return `${txn.path},${text(txn.data)},${javaAclList(txn.acl)},${txn.ephemeral},${txn.parentCVersion ?? -1}`;
    case OP.createContainer:
      return `${txn.path},${text(txn.data)},${javaAclList(txn.acl)},${txn.parentCVersion}`;
    case OP.createTTL:
      return `${txn.path},${text(txn.data)},${javaAclList(txn.acl)},${txn.parentCVersion},${txn.ttl}`;
    case OP.setData:
    case OP.reconfig:
      return `${txn.path},${text(txn.data)},${txn.version}`;
    case OP.delete:
    case OP.deleteContainer:
      return juteString(txn.path);
    case OP.setACL: {
      const acl = juteVector(txn.acl === null ? null : txn.acl.map((a) => `s{${juteAcl(a)}}`));
      return `${juteString(txn.path)},${acl},${txn.version}`;
    }
    case OP.check:
      return `${juteString(txn.path)},${txn.version}`;
    case OP.createSession:
      return String(txn.timeOut);
    case OP.closeSession:
      // No list at all: the tool has no record to show.
      return txn.paths2Delete === undefined ? '' : juteVector(txn.paths2Delete?.map(juteString) ?? null);
    case OP.error:
      return String(txn.err);
    case OP.multi:
      return txn.txns.map(({ type, data }) => `${txnTypeName(type)}:${text(data)}`).join(';');
  }
}

/**
 * What stands before a transaction whose checksum is wrong; the tool prints it so, and then once more
 * without.
 */
export const CRC_ERROR = 'CRC ERROR - ';
/** What stands before a transaction whose checksum was made right. */
export const CRC_FIXED = 'CRC FIXED - ';

/** One transaction, without a line break at its end (ACLs have some inside). */
export function txnLine({ header, txn }: TxnEntry): string {
  const { time, clientId, cxid, zxid, type } = header;
  const ids = `session 0x${hex64(clientId)} cxid 0x${hex64(BigInt(cxid))} zxid 0x${hex64(zxid)}`;
  return `${javaShortDate(time)} ${ids} ${txnTypeName(type)} ${txnText(txn)}`;
}
