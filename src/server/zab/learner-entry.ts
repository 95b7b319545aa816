/**
 * A transaction as a learner gets it: checked before anything is done with it, since it comes from another
 * machine.
 */
import { JuteError } from '../../jute/jute-error.ts';
import { OP } from '../../protocol/opcodes.ts';
import { decodeEntry, readSubTxns, type TxnEntry } from '../../protocol/txn.ts';
import type { ZabEntry } from './learner-effects.ts';

/** A checked transaction. */
export interface LearnerEntry extends ZabEntry {
  readonly decoded: TxnEntry;
  /** The leader a committed reconfiguration names; undefined for every other transaction. */
  designated: bigint | undefined;
  /** False for what an observer does not write to its log (`syncEnabled=false`). */
  readonly logs: boolean;
}

/** Bytes of a log entry's header. */
const HEADER_BYTES = 32;

/**
 * Reads a log entry; `bytes` is copied. A text says what is wrong with it: it could not be applied, so it
 * must not be logged either.
 */
export function readLearnerEntry(zxid: bigint, bytes: Buffer | null, logs: boolean): LearnerEntry | string {
  if (bytes === null || bytes.length < HEADER_BYTES) return 'a transaction without a header';
  // A copy of its own: a view would keep the whole chunk it came in as long as the entry lives.
  const own = Buffer.from(bytes);
  try {
    const decoded = decodeEntry(own);
    if (decoded === undefined)
      return `a transaction of the unknown type ${own.readInt32BE(HEADER_BYTES - 4)}`;
    if (decoded.header.zxid !== zxid) return 'a transaction whose header has another zxid than its packet';
    if (decoded.txn.type === OP.multi && readSubTxns(decoded.txn).includes(undefined)) {
      return 'a multi with a part of an unknown type';
    }
    return { zxid, bytes: own, decoded, designated: undefined, logs };
  } catch (thrown) {
    if (!(thrown instanceof JuteError)) throw thrown;
    return `a transaction that cannot be read: ${thrown.message}`;
  }
}

/** The text of the configuration that a transaction proposes; undefined when it is no reconfiguration. */
export function proposedConfig({ decoded: { txn } }: LearnerEntry): string | undefined {
  return txn.type === OP.reconfig ? (txn.data ?? Buffer.alloc(0)).toString('utf8') : undefined;
}
