/** Recovery's second half: the logs behind a snapshot, checked record by record and handed on in order. */
import { counterOf, epochOf, hex0x } from '../base/brands.ts';
import { ZktError } from '../base/errors.ts';
import type { Emitter } from '../events/bus.ts';
import type { Disk, DiskFile } from '../ports/disk.ts';
import { FILE_HEADER_BYTES } from '../protocol/files.ts';
import type { LogName } from './data-dir.ts';
import { LogScanner } from './log-format.ts';
import { judgeDamage, type LogDamage, zerosUntil } from './tail.ts';

/** What takes the transactions. */
export interface ReplayTarget {
  /** One entry, `bytes[start, end)`, good for this call only. A text answered is an objection. */
  replay(bytes: Buffer, start: number, end: number, zxid: bigint): string | undefined;
}

/** How a log that was read ended. */
export interface LogReport {
  readonly file: string;
  /** Records read, those that the snapshot covers included. */
  readonly records: number;
  /** Of its last record; -1 without any. */
  readonly lastZxid: bigint;
  /**
   * `clean` and `padding` are the ordinary ends; `torn`: a tail that was never acknowledged; `blank`: no
   * header.
   */
  readonly end: 'clean' | 'padding' | 'torn' | 'blank';
  /** Where the records end, bytes. */
  readonly endOffset: number;
  /** In words. */
  readonly why: string;
}

/** Where replay starts. */
export interface ReplayStart {
  /** The zxid of the snapshot: records up to it are passed over. */
  readonly base: bigint;
  /** False when there is no snapshot and the first record may have any zxid. */
  readonly trusted: boolean;
  /** Stop after this zxid. */
  readonly upTo: bigint | undefined;
}

/** How many of the last records are remembered, to tell a repeated one from a different one with its zxid. */
const REMEMBERED = 1024;

/** Reads the logs of one recovery, oldest first. */
export class LogReplay {
  readonly reports: LogReport[] = [];
  private readonly disk: Disk;
  private readonly events: Emitter;
  private readonly target: ReplayTarget;
  private readonly start: ReplayStart;
  private last: bigint;
  private trusted: boolean;
  private replayed = 0;
  private done = false;
  /** Damage in a record that the snapshot seems to cover: an error unless the next good one shows it. */
  private passed: (LogDamage & { readonly file: string; readonly after: bigint }) | undefined;
  private readonly recentZxids = new BigInt64Array(REMEMBERED);
  private readonly recentCrcs = new Uint32Array(REMEMBERED);
  private recentAt = 0;

  constructor(
    deps: { readonly disk: Disk; readonly events: Emitter },
    target: ReplayTarget,
    start: ReplayStart,
  ) {
    this.disk = deps.disk;
    this.events = deps.events;
    this.target = target;
    this.start = start;
    this.last = start.base;
    this.trusted = start.trusted;
  }

  /** Reads one log to its end. Throws `ZKT_LOG_CORRUPT` and `ZKT_LOG_GAP`. */
  read(log: LogName): void {
    if (this.done) return;
    const file = this.disk.open(log.path, 'read');
    try {
      const report = this.readFile(log, file);
      this.reports.push(report);
      const { events } = this;
      if (events.on['log.recovered']) {
        const { records, lastZxid, end } = report;
        events.emit('log.recovered', { file: log.path, count: records, lastZxid, end });
      }
    } finally {
      file.close();
    }
  }

  /**
   * After the last file: cuts a torn end off and removes files of no content, unless the disk is to be left
   * alone.
   */
  finish(leaveDisk: boolean): { lastZxid: bigint; replayed: number } {
    if (this.passed !== undefined && !this.covered(this.passed.after)) this.throwPassed();
    if (!leaveDisk) this.tidy();
    return { lastZxid: this.last, replayed: this.replayed };
  }

  /** Whether a log has no content: no whole header, or nothing but zeros behind it. */
  static isBlank(disk: Disk, log: LogName): boolean {
    const file = disk.open(log.path, 'read');
    try {
      const size = file.size();
      if (size <= FILE_HEADER_BYTES) return true;
      return zerosUntil(file, FILE_HEADER_BYTES) === size;
    } finally {
      file.close();
    }
  }

  private readFile(log: LogName, file: DiskFile): LogReport {
    const scan = new LogScanner(file);
    if (scan.header.kind !== 'ok') return this.withoutHeader(log, file, scan);
    let records = 0;
    let lastZxid = -1n;
    while (!this.done && scan.next()) {
      if (!scan.crcOk) {
        const why = 'the checksum does not match';
        const damage: LogDamage = {
          kind: 'checksum',
          offset: scan.offset,
          length: scan.entryEnd - scan.entryStart,
          why,
        };
        const verdict = this.judge(log, file, damage, lastZxid);
        if (verdict === undefined) continue;
        return { file: log.path, records, lastZxid, end: 'torn', endOffset: scan.offset, why: verdict };
      }
      records++;
      lastZxid = scan.zxid;
      this.take(log, scan, lastZxid);
    }
    const end = scan.end;
    if (end === undefined || end.kind === 'clean') {
      const endOffset = end?.offset ?? scan.offset;
      return {
        file: log.path,
        records,
        lastZxid,
        end: 'clean',
        endOffset,
        why: end?.why ?? 'not read further',
      };
    }
    if (end.kind === 'padding' && zerosUntil(file, end.offset) === file.size()) {
      return { file: log.path, records, lastZxid, end: 'padding', endOffset: end.offset, why: end.why };
    }
    const why = end.kind === 'padding' ? 'zeros with something behind them' : end.why;
    const verdict = this.judge(log, file, { ...end, why }, lastZxid);
    // A damaged length hides where the next record begins, so nothing after it can be taken.
    if (verdict === undefined) this.throwPassed();
    return { file: log.path, records, lastZxid, end: 'torn', endOffset: end.offset, why: verdict };
  }

  /** One whole record: passed over, handed on, or refused for its place in the order. */
  private take(log: LogName, scan: LogScanner, zxid: bigint): void {
    if (zxid <= this.start.base) {
      this.remember(zxid, scan.storedCrc);
      return;
    }
    if (this.start.upTo !== undefined && zxid > this.start.upTo) {
      this.done = true;
      return;
    }
    if (this.trusted && zxid <= this.last) {
      if (this.isRepeated(zxid, scan.storedCrc)) return;
      this.corrupt(
        log.path,
        scan.offset,
        `zxid ${hex0x(zxid)} comes again, with another content or out of order`,
      );
    }
    if (this.trusted && !follows(this.last, zxid)) {
      if (this.passed !== undefined) this.throwPassed();
      throw new ZktError('ZKT_LOG_GAP', { file: log.path, from: hex0x(this.last), to: hex0x(zxid) });
    }
    this.passed = undefined;
    const objection = this.target.replay(scan.bytes, scan.entryStart, scan.entryEnd, zxid);
    if (objection !== undefined) this.corrupt(log.path, scan.offset, objection);
    this.trusted = true;
    this.last = zxid;
    this.replayed++;
    this.remember(zxid, scan.storedCrc);
    if (zxid === this.start.upTo) this.done = true;
  }

  /**
   * Judges damage. Answers why the tail is torn; undefined when the damage is passed over for now, because
   * the snapshot covers the record. Throws otherwise.
   */
  private judge(log: LogName, file: DiskFile, damage: LogDamage, lastInFile: bigint): string | undefined {
    const verdict = judgeDamage(file, damage);
    if (verdict.torn) return verdict.why;
    const after = lastInFile < 0n ? log.zxid - 1n : lastInFile;
    if (damage.kind !== 'checksum' || !this.covered(after))
      this.corrupt(log.path, damage.offset, verdict.why);
    this.passed ??= { ...damage, file: log.path, after };
    const { events } = this;
    const { offset } = damage;
    if (events.on['log.damage-passed']) {
      events.emit('log.damage-passed', {
        file: log.path,
        offset,
        why: `${verdict.why}; the snapshot covers it`,
      });
    }
    return undefined;
  }

  /** Whether the record after that zxid is one the snapshot holds. */
  private covered(after: bigint): boolean {
    return after < this.start.base;
  }

  private throwPassed(): never {
    const passed = this.passed;
    this.corrupt(passed?.file ?? '', passed?.offset ?? 0, passed?.why ?? '');
  }

  /** A file that does not begin as a log: of no content, or something else. */
  private withoutHeader(log: LogName, file: DiskFile, scan: LogScanner): LogReport {
    const why = scan.end?.why ?? '';
    const blank = scan.header.kind !== 'wrong-magic' || zerosUntil(file, 0) === file.size();
    if (!blank) {
      const verdict = judgeDamage(file, { kind: 'header', offset: 0, why });
      if (!verdict.torn) this.corrupt(log.path, 0, why);
    }
    return { file: log.path, records: 0, lastZxid: -1n, end: 'blank', endOffset: 0, why };
  }

  /** Cuts and removes from the newest file backwards, as far as there are no records. */
  private tidy(): void {
    for (let i = this.reports.length - 1; i >= 0; i--) {
      const report = this.reports[i] as LogReport;
      if (report.end === 'blank') {
        this.disk.remove(report.file);
        this.tellCut(report, 0);
        continue;
      }
      if (report.end === 'torn') this.cut(report);
      if (report.records > 0) return;
    }
  }

  private cut(report: LogReport): void {
    const file = this.disk.open(report.file, 'update');
    try {
      const bytes = file.size() - report.endOffset;
      file.truncate(report.endOffset);
      file.sync();
      this.tellCut(report, bytes);
    } finally {
      file.close();
    }
  }

  private tellCut(report: LogReport, bytes: number): void {
    const { events } = this;
    if (!events.on['log.tail-cut']) return;
    events.emit('log.tail-cut', { file: report.file, offset: report.endOffset, bytes, why: report.why });
  }

  private remember(zxid: bigint, crc: number): void {
    this.recentZxids[this.recentAt] = zxid;
    this.recentCrcs[this.recentAt] = crc;
    this.recentAt = (this.recentAt + 1) % REMEMBERED;
  }

  private isRepeated(zxid: bigint, crc: number): boolean {
    for (let i = 0; i < REMEMBERED; i++) {
      if (this.recentZxids[i] === zxid && this.recentCrcs[i] === crc) return true;
    }
    return false;
  }

  private corrupt(file: string, offset: number, why: string): never {
    throw new ZktError('ZKT_LOG_CORRUPT', { file, offset, why, lastZxid: hex0x(this.last) });
  }
}

/**
 * Whether `next` may follow `last` in a complete history: the next counter, or the first of a later epoch.
 * Apache's servers log every zxid they use, those of failed requests included, and a leader's first
 * transaction has counter 1.
 */
export const follows = (last: bigint, next: bigint): boolean =>
  next === last + 1n || (epochOf(next) > epochOf(last) && counterOf(next) === 1);
