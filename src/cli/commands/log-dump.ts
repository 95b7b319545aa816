/** `zkt log dump`: every transaction of a log, as Apache's TxnLogToolkit prints it, or as JSON. */
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import { escapeJson } from '../../formatters/escape.ts';
import { txnJson } from '../../formatters/txn-json.ts';
import { CRC_ERROR, logEndLine, logHeaderLine, txnLine } from '../../formatters/txn-text.ts';
import { idJson, type ValueForm } from '../../formatters/value-json.ts';
import { type LogItem, type LogRecordItem, logHeader, logItems } from '../../inspect/log-items.ts';
import { logsAt, openForReading } from '../../inspect/targets.ts';
import { type TxnFilter, wanted } from '../../inspect/txn-filter.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { headerText } from '../../storage/log-format.ts';
import type { Io } from '../io.ts';
import { BulkWriter } from '../output/bulk-writer.ts';
import { Printer } from '../output/printer.ts';
import { ProgressBar } from '../output/progress-bar.ts';
import { JSON_VERSION } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';

/** What to dump and how. */
export interface LogDumpOptions {
  /** A log, or a directory with logs. */
  readonly target: string;
  readonly format: OutputFormat;
  readonly values: ValueForm;
  readonly filter: TxnFilter;
}

/** Records between two looks at the clock of the progress bar. */
const PROGRESS_EVERY = 2000;

/** Dumps; the exit code: 7 when something was skipped or wrong. Throws `ZKT_FILE`, `ZKT_NOT_A_LOG`. */
export async function run(options: LogDumpOptions, io: Io, disk: Disk): Promise<ExitCode> {
  const dump = new Dump(options, io);
  for (const log of logsAt(disk, options.target)) {
    const file = openForReading(disk, log.path);
    try {
      await dump.file(file);
    } finally {
      file.close();
    }
    if (dump.stopped) break;
  }
  await dump.end();
  if (io.stop.aborted && !io.stdout.broken) return EXIT.interrupted;
  return dump.damaged ? EXIT.corrupt : EXIT.ok;
}

class Dump {
  damaged = false;
  private readonly options: LogDumpOptions;
  private readonly out: BulkWriter;
  private readonly err: Printer;
  private readonly bar: ProgressBar;
  /** A bar between the lines of a dump at the same terminal would tear both. */
  private readonly showsBar: boolean;
  private first = true;

  constructor(options: LogDumpOptions, io: Io) {
    this.options = options;
    this.out = new BulkWriter(io);
    this.err = new Printer(io.stderr);
    this.bar = new ProgressBar(io.stderr);
    this.showsBar = !io.stdout.isTTY;
    if (options.format === 'json') this.out.line(`{"v":${JSON_VERSION},"records":[`);
  }

  get stopped(): boolean {
    return this.out.stopped;
  }

  async file(file: DiskFile): Promise<void> {
    const header = logHeader(file);
    if (header.kind !== 'ok') {
      this.damaged = true;
      const why = headerText(header);
      if (header.kind === 'wrong-magic') throw new ZktError('ZKT_NOT_A_LOG', { file: file.path, why });
      this.note(`${file.path}: ${why}`);
      return;
    }
    if (this.options.format === 'table') this.out.line(logHeaderLine(header.dbid, header.version));
    const size = file.size();
    let records = 0;
    for (const item of logItems(file)) {
      if (this.item(file, item, records)) {
        await this.out.flush();
        if (this.stopped) break;
      }
      if (item.kind !== 'record') continue;
      records++;
      if (this.showsBar && records % PROGRESS_EVERY === 0)
        this.bar.show(file.path, item.offset / size, `${records} transactions`);
    }
    this.bar.clear();
    await this.out.flush();
  }

  async end(): Promise<void> {
    if (this.options.format === 'json') this.out.line('\n]}');
    await this.out.flush();
  }

  private item(file: DiskFile, item: LogItem, records: number): boolean {
    if (item.kind === 'record') {
      if (!item.crcOk || item.entry === undefined) this.damaged = true;
      return wanted(this.options.filter, item.zxid, item.entry) && this.record(file, item);
    }
    if (item.kind === 'skipped') {
      this.damaged = true;
      const to = item.offset + item.bytes;
      this.note(`${file.path}: skipped bytes ${item.offset} to ${to - 1}: ${item.why}`);
      return this.json({ file: file.path, offset: item.offset, skipped: item.bytes, why: item.why });
    }
    if (item.state === 'torn' || item.state === 'damaged') {
      this.damaged = true;
      const what = item.state === 'torn' ? 'unfinished, and never acknowledged' : 'damaged';
      this.note(
        `${file.path}: the last ${item.bytes} bytes, from ${item.offset} on, are ${what}: ${item.why}`,
      );
      this.json({ file: file.path, offset: item.offset, skipped: item.bytes, why: item.why });
    }
    return this.options.format === 'table' && this.out.line(logEndLine(records));
  }

  private record(file: DiskFile, item: LogRecordItem): boolean {
    const { entry, crcOk } = item;
    if (this.options.format !== 'table') return this.recordJson(file, item);
    if (entry === undefined) {
      this.note(
        `${file.path}: zxid ${idJson(item.zxid)} at byte ${item.offset} cannot be decoded: ${item.fault}`,
      );
      return false;
    }
    const line = txnLine(entry);
    // Apache's tool prints such a transaction twice.
    if (!crcOk) this.out.line(CRC_ERROR + line);
    return this.out.line(line);
  }

  private recordJson(file: DiskFile, item: LogRecordItem): boolean {
    const { entry, crcOk, offset, bytes, fault } = item;
    const place = { file: file.path, offset, bytes, ...(!crcOk && { crcOk }) };
    if (entry !== undefined) return this.json({ ...txnJson(entry, this.options.values), ...place });
    return this.json({ zxid: idJson(item.zxid), ...place, fault, undecoded: item.raw.toString('base64') });
  }

  /** One object; with `ndjson` a line with the version of the schema. */
  private json(value: Record<string, unknown>): boolean {
    const { format } = this.options;
    if (format === 'table') return false;
    const text = escapeJson(JSON.stringify(format === 'ndjson' ? { v: JSON_VERSION, ...value } : value));
    const comma = format === 'json' && !this.first ? ',' : '';
    this.first = false;
    return this.out.line(comma + text);
  }

  private note(text: string): void {
    this.bar.clear();
    this.err.line(text);
  }
}
