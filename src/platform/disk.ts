/**
 * `node:fs` behind the disk port. Errors are Node's own: `code` holds the errno, the message names call and
 * path.
 */
import fs from 'node:fs';
import path from 'node:path';
import type { Disk, DiskCallback, DiskError, DiskFile, OpenMode } from '../ports/disk.ts';

const FLAGS: Readonly<Record<OpenMode, string>> = {
  read: 'r',
  create: 'wx+',
  'create-private': 'wx+',
  update: 'r+',
};
/** Files hold ACL digests and session passwords: nobody else reads them. */
const FILE_MODE = 0o640;
const PRIVATE_MODE = 0o600;
const DIR_MODE = 0o750;

/** Node types an absent errno as a property that may be undefined; the port leaves it out. */
const asDiskError = (error: NodeJS.ErrnoException | null): DiskError | undefined =>
  error === null ? undefined : (error as DiskError);

class SystemFile implements DiskFile {
  readonly path: string;
  private readonly fd: number;
  private open = true;

  constructor(file: string, fd: number) {
    this.path = file;
    this.fd = fd;
  }

  size(): number {
    return fs.fstatSync(this.fd).size;
  }

  readAt(into: Buffer, position: number): number {
    let done = 0;
    while (done < into.length) {
      const count = fs.readSync(this.fd, into, done, into.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  }

  writeAt(bytes: Buffer, position: number): void {
    let done = 0;
    while (done < bytes.length) {
      done += fs.writeSync(this.fd, bytes, done, bytes.length - done, position + done);
    }
  }

  truncate(size: number): void {
    fs.ftruncateSync(this.fd, size);
  }

  sync(): void {
    fs.fdatasyncSync(this.fd);
  }

  syncSoon(done: DiskCallback): void {
    fs.fdatasync(this.fd, (error) => done(asDiskError(error)));
  }

  close(): void {
    if (!this.open) return;
    this.open = false;
    fs.closeSync(this.fd);
  }
}

/** The file system of the machine. */
export const systemDisk: Disk = {
  open: (file, mode) =>
    new SystemFile(
      file,
      fs.openSync(file, FLAGS[mode], mode === 'create-private' ? PRIVATE_MODE : FILE_MODE),
    ),
  list: (dir) => fs.readdirSync(dir),
  exists: (file) => fs.existsSync(file),
  modifiedMs: (file) => fs.statSync(file).mtimeMs,
  makeDir,
  rename: (from, to) => fs.renameSync(from, to),
  remove: (file) => fs.unlinkSync(file),
  syncDir,
  syncDirSoon,
  join: (...parts) => path.join(...parts),
};

function makeDir(dir: string): void {
  if (fs.existsSync(dir)) return;
  const parent = path.dirname(path.resolve(dir));
  if (!fs.existsSync(parent)) makeDir(parent);
  try {
    fs.mkdirSync(dir, { mode: DIR_MODE });
  } catch (thrown) {
    // Another process may have made it in between.
    if ((thrown as NodeJS.ErrnoException).code !== 'EEXIST') throw thrown;
  }
  syncDir(parent);
}

function syncDir(dir: string): void {
  const fd = fs.openSync(dir, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function syncDirSoon(dir: string, done: DiskCallback): void {
  fs.open(dir, 'r', (openError, fd) => {
    if (openError !== null) done(asDiskError(openError));
    else fs.fsync(fd, (error) => fs.close(fd, () => done(asDiskError(error))));
  });
}
