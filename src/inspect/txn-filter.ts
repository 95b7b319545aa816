/** Which transactions a person wants to see. */

import { txnPaths } from '../formatters/txn-json.ts';
import { txnTypeName } from '../formatters/txn-text.ts';
import { OP } from '../protocol/opcodes.ts';
import type { TxnEntry } from '../protocol/txn.ts';
import { readSubTxns } from '../protocol/txn.ts';

/** All conditions must hold; undefined ones do. */
export interface TxnFilter {
  /** First and last zxid wanted. */
  readonly from?: bigint | undefined;
  readonly to?: bigint | undefined;
  readonly session?: bigint | undefined;
  /** A path: transactions that touch it or something below it. */
  readonly path?: string | undefined;
  /** Names of operations, as the dump shows them; a multi also matches by its parts. */
  readonly ops?: readonly string[] | undefined;
}

/** Whether a record of that zxid and, as far as it could be decoded, that content is wanted. */
export function wanted(filter: TxnFilter, zxid: bigint, entry: TxnEntry | undefined): boolean {
  if (filter.from !== undefined && zxid < filter.from) return false;
  if (filter.to !== undefined && zxid > filter.to) return false;
  if (filter.session === undefined && filter.path === undefined && filter.ops === undefined) return true;
  if (entry === undefined) return false;
  if (filter.session !== undefined && entry.header.clientId !== filter.session) return false;
  if (filter.ops !== undefined && !opNames(entry).some((name) => filter.ops?.includes(name))) return false;
  const { path } = filter;
  return path === undefined || txnPaths(entry.txn).some((p) => isWithin(p, path));
}

/** Whether a path is `root` or below it. */
export const isWithin = (path: string, root: string): boolean =>
  path === root || root === '/' || path.startsWith(`${root}/`);

function opNames({ header, txn }: TxnEntry): string[] {
  const names = [txnTypeName(header.type).toLowerCase()];
  if (txn.type !== OP.multi) return names;
  try {
    for (const sub of readSubTxns(txn))
      if (sub !== undefined) names.push(txnTypeName(sub.type).toLowerCase());
  } catch {
    // A part that cannot be decoded has no name.
  }
  return names;
}
