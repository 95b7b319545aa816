/** `zkt log chop` and `zkt log repair`: a changed copy beside the log; the log itself is never touched. */

import { hex0x, hex64 } from '../../base/brands.ts';
import { adler32 } from '../../base/checksum.ts';
import { EXIT, type ExitCode, reasonOf, ZktError } from '../../base/errors.ts';
import { CRC_ERROR, CRC_FIXED, txnLine } from '../../formatters/txn-text.ts';
import { type LogRecordItem, logHeader, logItems } from '../../inspect/log-items.ts';
import { openForReading } from '../../inspect/targets.ts';
import { JuteWriter } from '../../jute/writer.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { flippedBit } from '../../storage/flipped-bit.ts';
import {
  headerText,
  RECORD_OVERHEAD_BYTES,
  RECORD_PREFIX_BYTES,
  writeLogHeader,
} from '../../storage/log-format.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { ProgressBar } from '../output/progress-bar.ts';
import { reportOne } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';

/** What both need. */
interface RewriteOptions {
  readonly file: string;
  /** Replace a copy that is there already. */
  readonly force: boolean;
  readonly dryRun: boolean;
  readonly format: OutputFormat;
}

/** How to chop. */
export interface LogChopOptions extends RewriteOptions {
  /** The last transaction to keep. */
  readonly zxid: bigint;
}

/** How to repair. */
export interface LogRepairOptions extends RewriteOptions {
  /** Fix every checksum without asking. */
  readonly yes: boolean;
  /** Where one flipped bit explains a wrong checksum, flip it back: then the value is what was written. */
  readonly restoreBits: boolean;
  /** Go on behind places that cannot be read; otherwise the copy ends at the first. */
  readonly skipDamaged: boolean;
  /** Show every transaction, not just the fixed ones. */
  readonly verbose: boolean;
}

/** Up to this length of an entry, a flipped bit has only one place. */
const UNIQUE_BYTES = 65_520;
/** Bytes gathered before they are written. */
const PIECE_BYTES = 256 * 1024;

/** A new file next to the log, of this user alone, on disk when it is closed. */
class Copy {
  readonly path: string;
  private readonly disk: Disk;
  private readonly file: DiskFile | undefined;
  private readonly buffer = new JuteWriter(PIECE_BYTES);
  private position = 0;
  private finished = false;

  constructor(disk: Disk, path: string, options: RewriteOptions) {
    this.path = path;
    this.disk = disk;
    if (options.dryRun) return;
    if (disk.exists(path)) {
      if (!options.force) {
        throw new ZktError('ZKT_FILE', {
          file: path,
          what: 'write',
          why: 'it exists; use --force to replace it',
        });
      }
      disk.remove(path);
    }
    try {
      this.file = disk.open(path, 'create-private');
    } catch (error) {
      throw new ZktError('ZKT_FILE', { file: path, what: 'write', why: reasonOf(error) }, { cause: error });
    }
    writeLogHeader(this.buffer);
  }

  add(bytes: Buffer): void {
    if (this.file === undefined) return;
    this.buffer.writeRaw(bytes);
    if (this.buffer.pos >= PIECE_BYTES) this.write();
  }

  /** Forces it to disk and closes it. */
  finish(): void {
    this.write();
    this.file?.sync();
    this.file?.close();
    this.finished = true;
  }

  /** Removes what was written, unless it is finished. */
  discard(): void {
    if (this.file === undefined || this.finished) return;
    this.finished = true;
    this.file.close();
    this.disk.remove(this.path);
  }

  private write(): void {
    if (this.file === undefined) return;
    try {
      this.file.writeAt(this.buffer.bytes(), this.position);
    } catch (error) {
      throw new ZktError(
        'ZKT_FILE',
        { file: this.path, what: 'write', why: reasonOf(error) },
        { cause: error },
      );
    }
    this.position += this.buffer.pos;
    this.buffer.reset();
  }
}

/** Opens a log that begins as one. Throws `ZKT_FILE`, `ZKT_NOT_A_LOG`. */
function openLog(disk: Disk, path: string): DiskFile {
  const file = openForReading(disk, path);
  const header = logHeader(file);
  if (header.kind === 'ok') return file;
  file.close();
  throw new ZktError('ZKT_NOT_A_LOG', { file: path, why: headerText(header) });
}

/** Chops: writes `<file>.chopped<zxid>`, which ends with that transaction. */
export async function chop(options: LogChopOptions, io: Io, disk: Disk): Promise<ExitCode> {
  const file = openLog(disk, options.file);
  const out = new Printer(io.stdout);
  const bar = new ProgressBar(io.stderr);
  let copy: Copy | undefined;
  try {
    copy = new Copy(disk, `${options.file}.chopped${options.zxid}`, options);
    let records = 0;
    let found = false;
    for (const item of logItems(file)) {
      if (item.kind === 'skipped' || (item.kind === 'record' && !item.crcOk)) {
        const why = item.kind === 'skipped' ? item.why : 'the checksum does not match';
        throw corrupt(options.file, item.offset, why, records);
      }
      if (item.kind !== 'record' || item.zxid > options.zxid) break;
      copy.add(item.raw);
      records++;
      found = item.zxid === options.zxid;
      if (records % 4096 === 0) bar.show(options.file, item.offset / file.size(), `${records} transactions`);
      if (found) break;
    }
    bar.clear();
    if (!found) {
      const why = `it has no transaction ${hex0x(options.zxid)}; ${records} come before`;
      throw new ZktError('ZKT_FILE', { file: options.file, what: 'chop', why });
    }
    copy.finish();
    const { path } = copy;
    reportOne(out, options.format, {
      json: () => ({ file: path, zxid: hex0x(options.zxid), records, written: !options.dryRun }),
      text: () => out.line(`Chopping at ${hex64(options.zxid)} new log has ${records} records`),
    });
    return EXIT.ok;
  } finally {
    copy?.discard();
    file.close();
  }
}

const corrupt = (file: string, offset: number, why: string, records: number): ZktError =>
  new ZktError('ZKT_LOG_CORRUPT', { file, offset, why, lastZxid: `after ${records} transactions` });

/** What a person answered to the question about one transaction. */
type Answer = 'yes' | 'no' | 'abort';

/** Repairs: writes `<file>.fixed` with right checksums. `ask` is asked for each wrong one. */
export async function repair(
  options: LogRepairOptions,
  io: Io,
  disk: Disk,
  ask: (question: string) => Promise<string>,
): Promise<ExitCode> {
  const file = openLog(disk, options.file);
  const out = new Printer(io.stdout);
  const err = new Printer(io.stderr);
  let copy: Copy | undefined;
  try {
    copy = new Copy(disk, `${options.file}.fixed`, options);
    const counts = { records: 0, fixed: 0, kept: 0, left: 0 };
    let leaving = false;
    for (const item of logItems(file)) {
      if (
        item.kind === 'skipped' ||
        (item.kind === 'end' && (item.state === 'damaged' || item.state === 'torn'))
      ) {
        err.line(
          `${options.file}: bytes ${item.offset} to ${item.offset + item.bytes - 1} are left out: ${item.why}`,
        );
        leaving ||= !options.skipDamaged;
      }
      if (item.kind !== 'record') continue;
      if (leaving) {
        counts.left++;
        continue;
      }
      counts.records++;
      const bytes = item.crcOk ? item.raw : await mend(item, options, out, ask);
      if (bytes === undefined) {
        err.line('Recovery aborted.');
        return EXIT.failed;
      }
      if (!item.crcOk && bytes !== item.raw) counts.fixed++;
      if (!item.crcOk && bytes === item.raw) counts.kept++;
      if (item.crcOk && options.verbose && item.entry !== undefined) out.text(txnLine(item.entry));
      copy.add(bytes);
    }
    copy.finish();
    if (counts.left > 0) {
      err.line(
        `${counts.left} transactions behind the damage are left out; --skip-damaged takes them along.`,
      );
    }
    const { path } = copy;
    reportOne(out, options.format, {
      json: () => ({ file: path, ...counts, written: !options.dryRun }),
      text: () => out.line(`Recovery file ${path} has been written with ${counts.fixed} fixed CRC error(s)`),
    });
    return counts.left > 0 || counts.kept > 0 ? EXIT.corrupt : EXIT.ok;
  } finally {
    copy?.discard();
    file.close();
  }
}

/** The record with its checksum made right, as it is if that is not wanted, undefined to stop. */
async function mend(
  item: LogRecordItem,
  options: LogRepairOptions,
  out: Printer,
  ask: (question: string) => Promise<string>,
): Promise<Buffer | undefined> {
  const line = item.entry === undefined ? `zxid ${hex0x(item.zxid)} (${item.fault})` : txnLine(item.entry);
  // The question waits; the reader's window does not.
  const fixed = Buffer.from(item.raw);
  if (!options.yes) {
    if (options.format === 'table') out.text(CRC_ERROR + line);
    const answer = await answerOf(ask);
    if (answer === 'abort') return undefined;
    if (answer === 'no') return item.raw;
  } else if (options.format === 'table') out.text(CRC_FIXED + line);
  if (options.restoreBits) restoreBit(fixed);
  fixed.writeUInt32BE(0, 0);
  fixed.writeUInt32BE(adler32(fixed, RECORD_PREFIX_BYTES, fixed.length - 1), 4);
  return fixed;
}

/** Flips the one wrong bit of a record's entry back, if there is just one and its place is beyond doubt. */
function restoreBit(record: Buffer): void {
  const length = record.length - RECORD_OVERHEAD_BYTES;
  if (length > UNIQUE_BYTES) return;
  const actual = adler32(record, RECORD_PREFIX_BYTES, record.length - 1);
  const at = (i: number): number => record[RECORD_PREFIX_BYTES + i] as number;
  const found = flippedBit(at, length, actual, record.readUInt32BE(4));
  if (found?.at === undefined) return;
  const place = RECORD_PREFIX_BYTES + found.at;
  record[place] = (record[place] as number) ^ (1 << found.bit);
}

async function answerOf(ask: (question: string) => Promise<string>): Promise<Answer> {
  for (;;) {
    const text = (await ask('Would you like to fix it (Yes/No/Abort) ? ')).trim().toLowerCase();
    const known = (['yes', 'no', 'abort'] as const).find((a) => text !== '' && a.startsWith(text));
    if (known !== undefined) return known;
  }
}
