/**
 * Reading a transaction log to the bitter end: records, and what had to be skipped between them. Never
 * writes, and never gives up where something behind the damage can still be read.
 */
import { JuteError } from '../jute/jute-error.ts';
import type { DiskFile } from '../ports/disk.ts';
import { decodeEntry, type TxnEntry } from '../protocol/txn.ts';
import { type LogEnd, type LogHeaderVerdict, LogScanner } from '../storage/log-format.ts';
import { judgeDamage, zerosUntil } from '../storage/tail.ts';

/** A record: whole, though its checksum may be wrong or its entry beyond decoding. */
export interface LogRecordItem {
  readonly kind: 'record';
  /** Where the record starts, and how many bytes it has with checksum, length and end mark. */
  readonly offset: number;
  readonly bytes: number;
  readonly crcOk: boolean;
  readonly zxid: bigint;
  /**
   * The decoded entry, on bytes that are good until the next item is asked for; undefined when it cannot be
   * decoded.
   */
  readonly entry: TxnEntry | undefined;
  /** Why it cannot. */
  readonly fault: string | undefined;
  /** The record itself, good until the next item is asked for. */
  readonly raw: Buffer;
}

/** Bytes that are no record, with readable records behind them. */
export interface LogSkippedItem {
  readonly kind: 'skipped';
  readonly offset: number;
  readonly bytes: number;
  readonly why: string;
}

/** The end of the file. */
export interface LogEndItem {
  readonly kind: 'end';
  /**
   * `clean`, `padding`: as it should be. `torn`: cut off by a crash, nothing lost. `damaged`: anything else.
   */
  readonly state: 'clean' | 'padding' | 'torn' | 'damaged';
  /** The byte after the last record. */
  readonly offset: number;
  /** Bytes behind it that are not padding. */
  readonly bytes: number;
  readonly why: string;
}

/** What a log is made of, in order. */
export type LogItem = LogRecordItem | LogSkippedItem | LogEndItem;

/** How to read. */
export interface LogItemsOptions {
  /** Start at the record there instead of the first. */
  readonly from?: number;
}

/** What a log's first bytes are. */
export const logHeader = (file: DiskFile): LogHeaderVerdict =>
  new LogScanner(file, { chunkBytes: 64 }).header;

/** The items of a log; the last one is its end. */
export function* logItems(file: DiskFile, options: LogItemsOptions = {}): Generator<LogItem, void> {
  let from = options.from ?? 0;
  for (;;) {
    const scan = new LogScanner(file, { from });
    while (scan.next()) yield recordItem(scan);
    const end = scan.end as LogEnd;
    const last = classify(file, end);
    if (last !== undefined) {
      yield last;
      return;
    }
    const verdict = judgeDamage(file, end.kind === 'padding' ? { ...end, length: 0 } : end);
    const next = end.kind === 'header' ? undefined : verdict.nextRecord;
    if (next === undefined) {
      const state = verdict.torn ? 'torn' : 'damaged';
      yield { kind: 'end', state, offset: end.offset, bytes: file.size() - end.offset, why: verdict.why };
      return;
    }
    yield { kind: 'skipped', offset: end.offset, bytes: next - end.offset, why: verdict.why };
    from = next;
  }
}

/** The ordinary ends; undefined for all others. */
function classify(file: DiskFile, end: LogEnd): LogEndItem | undefined {
  if (end.kind === 'clean')
    return { kind: 'end', state: 'clean', offset: end.offset, bytes: 0, why: end.why };
  if (end.kind === 'padding' && zerosUntil(file, end.offset) === file.size()) {
    return { kind: 'end', state: 'padding', offset: end.offset, bytes: 0, why: end.why };
  }
  return undefined;
}

function recordItem(scan: LogScanner): LogRecordItem {
  const { offset, crcOk, zxid, entryStart, entryEnd } = scan;
  let entry: TxnEntry | undefined;
  let fault: string | undefined;
  try {
    entry = decodeEntry(scan.bytes.subarray(entryStart, entryEnd));
    if (entry === undefined) fault = `unknown transaction type ${scan.bytes.readInt32BE(entryStart + 28)}`;
  } catch (error) {
    if (!(error instanceof JuteError)) throw error;
    fault = error.message;
  }
  const raw = scan.bytes.subarray(entryStart - 12, entryEnd + 1);
  return { kind: 'record', offset, bytes: raw.length, crcOk, zxid, entry, fault, raw };
}
