/**
 * `zkt log tail`: the last transactions of a log, and with `-f` those that come, into the next file if it
 * rolls.
 */
import { EXIT, type ExitCode } from '../../base/errors.ts';
import { Ring } from '../../base/ring.ts';
import { escapeJson } from '../../formatters/escape.ts';
import { txnJson } from '../../formatters/txn-json.ts';
import { txnLine } from '../../formatters/txn-text.ts';
import { idJson, type ValueForm } from '../../formatters/value-json.ts';
import { type LogItem, type LogRecordItem, logItems } from '../../inspect/log-items.ts';
import { isDirectory, logsAt, openForReading } from '../../inspect/targets.ts';
import { type TxnFilter, wanted } from '../../inspect/txn-filter.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Timers } from '../../ports/timers.ts';
import type { LogName } from '../../storage/data-dir.ts';
import type { Io } from '../io.ts';
import { BulkWriter } from '../output/bulk-writer.ts';
import { Printer } from '../output/printer.ts';
import { JSON_VERSION } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';

/** What to show. */
export interface LogTailOptions {
  /** A log, or a directory with logs: then the newest, and the next when it rolls. */
  readonly target: string;
  /** Transactions to begin with. */
  readonly count: number;
  readonly follow: boolean;
  /** Time between two looks at the file, ms. */
  readonly pollMs: number;
  /** `table`, or one JSON object a line for every other. */
  readonly format: OutputFormat;
  readonly values: ValueForm;
  readonly filter: TxnFilter;
}

/** Shows; the exit code. Following ends with Ctrl-C (130) or when the reader goes. Throws `ZKT_FILE`. */
export async function run(
  options: LogTailOptions,
  io: Io,
  ports: { readonly disk: Disk; readonly timers: Timers },
): Promise<ExitCode> {
  const tail = new Tail(options, io, ports.disk);
  await tail.begin();
  while (options.follow && !tail.stopped) {
    await pause(options.pollMs, ports.timers, io.stop);
    if (!tail.stopped) await tail.more();
  }
  if (io.stop.aborted && !io.stdout.broken) return EXIT.interrupted;
  return tail.damaged ? EXIT.corrupt : EXIT.ok;
}

const pause = (ms: number, timers: Timers, stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const timer = timers.after(ms, done);
    function done(): void {
      timer.cancel();
      stop.removeEventListener('abort', done);
      resolve();
    }
    stop.addEventListener('abort', done);
  });

class Tail {
  damaged = false;
  private readonly options: LogTailOptions;
  private readonly disk: Disk;
  private readonly out: BulkWriter;
  private readonly err: Printer;
  private readonly isDir: boolean;
  /** The log being read, and where the next record begins in it. */
  private log: LogName | undefined;
  private offset = 0;

  constructor(options: LogTailOptions, io: Io, disk: Disk) {
    this.options = options;
    this.disk = disk;
    this.out = new BulkWriter(io);
    this.err = new Printer(io.stderr);
    this.isDir = isDirectory(disk, options.target);
  }

  get stopped(): boolean {
    return this.out.stopped;
  }

  /**
   * The last `count` transactions that are wanted: looks into older files as far as the newest has too few.
   */
  async begin(): Promise<void> {
    const logs = logsAt(this.disk, this.options.target);
    const groups: string[][] = [];
    let missing = this.options.count;
    for (let i = logs.length - 1; i >= 0 && (missing > 0 || i === logs.length - 1); i--) {
      const last = new Ring<string>(Math.max(missing, 1));
      const log = logs[i] as LogName;
      const end = this.read(log, 0, i === logs.length - 1, (item) => void last.push(this.text(item)));
      if (i === logs.length - 1) {
        this.log = log;
        this.offset = end;
      }
      const lines = missing > 0 ? [...last] : [];
      groups.unshift(lines);
      missing -= lines.length;
    }
    for (const line of groups.flat()) if (this.out.line(line)) await this.out.flush();
    await this.out.flush();
  }

  /** What has come since. */
  async more(): Promise<void> {
    for (;;) {
      const log = this.log;
      if (log === undefined) return;
      const next = this.nextLog(log);
      // A file is complete once there is a newer one, so it is read to its end after that has been seen.
      this.offset = this.read(
        log,
        this.offset,
        next === undefined,
        (item) => void this.out.line(this.text(item)),
      );
      await this.out.flush();
      if (next === undefined) return;
      this.log = next;
      this.offset = 0;
    }
  }

  private nextLog(log: LogName): LogName | undefined {
    if (!this.isDir) return undefined;
    return logsAt(this.disk, this.options.target).find((other) => other.zxid > log.zxid);
  }

  /**
   * Reads on from an offset; answers where it stopped. An unfinished record at the end of a live file is no
   * damage.
   */
  private read(log: LogName, from: number, live: boolean, show: (item: LogRecordItem) => void): number {
    const file = openForReading(this.disk, log.path);
    try {
      for (const item of logItems(file, { from })) {
        if (item.kind === 'end') {
          this.judge(log, item, live);
          return item.offset;
        }
        this.judge(log, item, live);
        if (item.kind === 'record' && wanted(this.options.filter, item.zxid, item.entry)) show(item);
        if (this.stopped) return from;
      }
      return from;
    } finally {
      file.close();
    }
  }

  private judge(log: LogName, item: LogItem, live: boolean): void {
    let text: string | undefined;
    if (item.kind === 'record') {
      if (!item.crcOk) text = `zxid ${idJson(item.zxid)} at byte ${item.offset}: the checksum does not match`;
    } else if (item.kind === 'skipped') {
      text = `skipped bytes ${item.offset} to ${item.offset + item.bytes - 1}: ${item.why}`;
    } else if ((item.state === 'torn' || item.state === 'damaged') && !(live && this.options.follow)) {
      text = `damage of ${item.bytes} bytes at byte ${item.offset}: ${item.why}`;
    }
    if (text === undefined) return;
    this.damaged = true;
    this.err.line(`${log.path}: ${text}`);
  }

  private text(item: LogRecordItem): string {
    const { entry, fault, zxid } = item;
    if (this.options.format === 'table') {
      return entry === undefined ? `zxid ${idJson(zxid)} cannot be decoded: ${fault}` : txnLine(entry);
    }
    const value =
      entry === undefined
        ? { zxid: idJson(zxid), fault, undecoded: item.raw.toString('base64') }
        : txnJson(entry, this.options.values);
    return escapeJson(JSON.stringify({ v: JSON_VERSION, ...value }));
  }
}
