/** Where `zkt record` writes: a file, or a ring of files. */
import { reasonOf, ZktError } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { Disk } from '../../ports/disk.ts';
import { RecordingRing } from '../../storage/recording/recording-ring.ts';
import { RecordingWriter, type WriterListener } from '../../storage/recording/recording-writer.ts';
import { ringMembers } from '../../storage/recording/ring-names.ts';

/** What it is told to write to. */
export interface RecordTarget {
  readonly path: string;
  /** A ring where any of these is given. */
  readonly bytesMax?: number | undefined;
  readonly ageMsMax?: number | undefined;
  readonly files?: number | undefined;
  /** What to do with a recording that is there already; undefined: refuse. */
  readonly existing?: 'append' | 'replace' | undefined;
}

/** What writes it: a `RecordingWriter` or a `RecordingRing`. */
export interface Recorder {
  /** The file being written. */
  readonly path: string;
  readonly events: number;
  readonly bytes: number;
  readonly lost: number;
  append(event: ZktEvent): void;
  flush(): void;
  close(): void;
}

const FILES = 4;

/** Opens it. Throws `ZKT_FILE`, `ZKT_NOT_A_RECORDING`. */
export function openTarget(disk: Disk, target: RecordTarget, listener: WriterListener): Recorder {
  const { path } = target;
  try {
    return isRing(target) ? openRing(disk, target, listener) : openFile(disk, target, listener);
  } catch (error) {
    if (error instanceof ZktError) throw error;
    throw new ZktError('ZKT_FILE', { file: path, what: 'write', why: reasonOf(error) }, { cause: error });
  }
}

const isRing = ({ bytesMax, ageMsMax, files }: RecordTarget): boolean =>
  bytesMax !== undefined || ageMsMax !== undefined || files !== undefined;

function openFile(disk: Disk, { path, existing }: RecordTarget, listener: WriterListener): Recorder {
  const there = disk.exists(path);
  if (there && existing === undefined) throw isThere(path);
  if (there && existing === 'replace') disk.remove(path);
  const writer = new RecordingWriter(
    disk,
    path,
    there && existing === 'append' ? 'append' : 'create',
    listener,
  );
  writer.begin();
  return writer;
}

function openRing(disk: Disk, target: RecordTarget, listener: WriterListener): Recorder {
  const { path, bytesMax, ageMsMax, files = FILES, existing } = target;
  const members = ringMembers(disk, path);
  const [first] = members;
  if (first !== undefined && existing === undefined) throw isThere(first.path);
  if (existing === 'replace') for (const member of members) disk.remove(member.path);
  const ring = new RecordingRing(disk, path, { bytesMax, ageMsMax, files }, listener);
  ring.begin();
  return ring;
}

const isThere = (file: string): ZktError =>
  new ZktError('ZKT_FILE', {
    file,
    what: 'write',
    why: 'it exists; --append goes on with it, --force replaces it',
  });
