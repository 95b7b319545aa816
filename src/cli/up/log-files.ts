/**
 * The logs of a local ensemble while its terminal shows a dashboard: a file for each server, of two files'
 * size at most. What `zkt up` itself has to say waits until the terminal is free again.
 */
import { Ring } from '../../base/ring.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import type { EnsembleLog } from './log-lines.ts';

/** A file of this length becomes `server.log.1`, in place of the one before. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Lines of `zkt up` that wait. */
const WAITING_MAX = 50;

/** See the head of the file. */
export class LogFiles implements EnsembleLog {
  private readonly terminal: EnsembleLog;
  private readonly waiting = new Ring<{ readonly text: string; readonly wallMs: number }>(WAITING_MAX);
  private readonly files = new Map<number, LogFile>();
  private free = false;

  /** `paths`: the file of each server by its id; `terminal` is for when there is no dashboard any more. */
  constructor(disk: Disk, paths: ReadonlyMap<number, string>, terminal: EnsembleLog) {
    this.terminal = terminal;
    for (const [id, path] of paths) this.files.set(id, new LogFile(disk, path));
  }

  ofServer(id: number, text: string): void {
    this.files.get(id)?.add(text);
  }

  own(text: string, wallMs: number): void {
    if (this.free) this.terminal.own(text, wallMs);
    else this.waiting.push({ text, wallMs });
  }

  /** The terminal is free: says what waited, if wanted, and from now on speaks there. */
  speak(whatWaited: boolean): void {
    this.free = true;
    if (whatWaited) for (const { text, wallMs } of this.waiting) this.terminal.own(text, wallMs);
  }

  /** Closes the files. */
  close(): void {
    for (const file of this.files.values()) file.close();
  }
}

class LogFile {
  private readonly disk: Disk;
  private readonly path: string;
  private file: DiskFile | undefined;
  private size = 0;

  constructor(disk: Disk, path: string) {
    this.disk = disk;
    this.path = path;
  }

  add(line: string): void {
    const bytes = Buffer.from(`${line}\n`);
    try {
      const file = this.opened();
      file.writeAt(bytes, this.size);
      this.size += bytes.length;
      if (this.size > FILE_BYTES_MAX) this.roll();
    } catch {
      // A log that cannot be written is no reason to end the ensemble; the next line tries again.
      this.close();
    }
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  private opened(): DiskFile {
    if (this.file !== undefined) return this.file;
    this.file = this.disk.open(this.path, this.disk.exists(this.path) ? 'update' : 'create-private');
    this.size = this.file.size();
    return this.file;
  }

  private roll(): void {
    this.close();
    this.disk.rename(this.path, `${this.path}.1`);
  }
}
