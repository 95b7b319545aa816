/** Is a log whole? One report a file; across files, whether their zxids go on from each other. */
import { hex0x } from '../base/brands.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import type { LogName } from '../storage/data-dir.ts';
import { headerText, RECORD_OVERHEAD_BYTES } from '../storage/log-format.ts';
import { follows } from '../storage/log-replay.ts';
import { wrongBit } from '../storage/tail.ts';
import { type LogEndItem, type LogRecordItem, logHeader, logItems } from './log-items.ts';
import { openForReading } from './targets.ts';

/** Something wrong at a place of a log. */
export interface LogProblem {
  readonly kind: 'header' | 'checksum' | 'undecodable' | 'skipped' | 'torn' | 'damaged' | 'gap' | 'order';
  readonly offset: number;
  readonly text: string;
}

/** What was found in one log. */
export interface LogCheck {
  readonly file: string;
  readonly size: number;
  readonly records: number;
  /** -1 without records. */
  readonly firstZxid: bigint;
  readonly lastZxid: bigint;
  /** Bytes up to the end of the last record. */
  readonly usedBytes: number;
  readonly end: LogEndItem['state'] | 'header';
  readonly problems: readonly LogProblem[];
  /** Problems beyond those listed. */
  readonly moreProblems: number;
}

/** Problems of one file that are listed one by one. */
const PROBLEMS_MAX = 100;

/** Told now and then how far checking has come. */
export type CheckProgress = (file: string, fraction: number, records: number) => boolean;

/**
 * Checks one log; `before` is the last zxid of the log before it, if that is known. `progress` answers false
 * to stop early. Throws `ZKT_FILE` when the file cannot be read.
 */
export function checkLog(
  disk: Disk,
  log: LogName,
  before: bigint | undefined,
  progress: CheckProgress,
): LogCheck {
  const file = openForReading(disk, log.path);
  const problems: LogProblem[] = [];
  let found = 0;
  const add = (kind: LogProblem['kind'], offset: number, text: string): void => {
    found++;
    if (problems.length < PROBLEMS_MAX) problems.push({ kind, offset, text });
  };
  const size = file.size();
  let records = 0;
  let firstZxid = -1n;
  let lastZxid = before;
  let usedBytes = 0;
  let end: LogCheck['end'] = 'header';
  try {
    const header = logHeader(file);
    if (header.kind !== 'ok') add('header', 0, headerText(header));
    for (const item of header.kind === 'ok' ? logItems(file) : []) {
      if (item.kind === 'skipped')
        add('skipped', item.offset, `${item.bytes} bytes are no record: ${item.why}`);
      if (item.kind === 'end') {
        end = item.state;
        if (item.state === 'torn')
          add('torn', item.offset, `a tail that was never acknowledged: ${item.why}`);
        if (item.state === 'damaged') add('damaged', item.offset, item.why);
      }
      if (item.kind !== 'record') continue;
      records++;
      usedBytes = item.offset + item.bytes;
      if (!item.crcOk) add('checksum', item.offset, `zxid ${hex0x(item.zxid)}: ${checksumText(file, item)}`);
      else if (item.fault !== undefined)
        add('undecodable', item.offset, `zxid ${hex0x(item.zxid)}: ${item.fault}`);
      // The zxid of a damaged record may be damaged as well.
      if (item.crcOk) {
        const order = orderProblem(lastZxid, item.zxid);
        if (order !== undefined) add(order.kind, item.offset, order.text);
        if (firstZxid < 0n) firstZxid = item.zxid;
        lastZxid = item.zxid;
      } else if (lastZxid !== undefined) lastZxid++;
      if (records % 4096 === 0 && !progress(log.path, item.offset / size, records)) break;
    }
  } finally {
    file.close();
  }
  const last = records > 0 ? (lastZxid ?? -1n) : -1n;
  const more = found - problems.length;
  return {
    file: log.path,
    size,
    records,
    firstZxid,
    lastZxid: last,
    usedBytes,
    end,
    problems,
    moreProblems: more,
  };
}

/** Says which bit is flipped, if it is just one. */
function checksumText(file: DiskFile, { offset, bytes }: LogRecordItem): string {
  const why = 'the checksum does not match';
  const bit = wrongBit(file, { kind: 'checksum', offset, length: bytes - RECORD_OVERHEAD_BYTES, why });
  return bit === undefined ? why : `${why}: ${bit}`;
}

function orderProblem(
  last: bigint | undefined,
  next: bigint,
): { kind: 'gap' | 'order'; text: string } | undefined {
  if (last === undefined || follows(last, next)) return undefined;
  if (next <= last) return { kind: 'order', text: `zxid ${hex0x(next)} comes after ${hex0x(last)}` };
  return { kind: 'gap', text: `zxid ${hex0x(next)} comes after ${hex0x(last)}: transactions are missing` };
}
