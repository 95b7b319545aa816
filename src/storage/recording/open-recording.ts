/**
 * Recordings in files: one file, a ring that was written with rotation (`NAME.1.zktrec`, `NAME.2.zktrec`, …),
 * or all of a directory, such as the flight recordings of the servers of a local ensemble: they are one
 * recording.
 *
 * Blocks are read one at a time and put in the order of time; those that overlap are held together.
 */
import { reasonOf, ZktError } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { Disk } from '../../ports/disk.ts';
import { type BlockHead, RECORDING_SUFFIX } from './format.ts';
import type { Recording } from './recording.ts';
import { RecordingFile } from './recording-file.ts';
import { ringMembers } from './ring-names.ts';
import { TimeOrder } from './time-order.ts';

/** Events held to put them in order; where more overlap in time (a clock was set), order gives way. */
const HELD_MAX = 400_000;
/** How deep below a directory recordings are looked for: `<data>/<id>/version-2`. */
const DEPTH_MAX = 3;
/** Names of events of other releases that are told. */
const UNKNOWN_TOLD = 3;

/** A recording in files. */
export interface FileRecording extends Recording {
  /** Its files, in the order of their beginnings. */
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly events: number }[];
  /** Something of it is lost, as far as it was read: more than an end that was not written yet. */
  readonly damaged: boolean;
  /** Events met that this release does not know: how many, by name. */
  readonly unknownEvents: ReadonlyMap<string, number>;
}

/**
 * Opens a file, a directory or a ring. Reads the index, or the heads of blocks, and no event. Throws
 * `ZKT_FILE` where there is nothing to read, `ZKT_NOT_A_RECORDING`.
 */
export function openRecording(disk: Disk, path: string): FileRecording {
  const opened: RecordingFile[] = [];
  const refused: ZktError[] = [];
  for (const it of pathsOf(disk, path)) {
    try {
      opened.push(new RecordingFile(disk, it));
    } catch (error) {
      refused.push(
        error instanceof ZktError
          ? error
          : new ZktError('ZKT_FILE', { file: it, what: 'read', why: reasonOf(error) }, { cause: error }),
      );
    }
  }
  // One bad file among others is a fault of the recording.
  const [first] = refused;
  if (opened.length === 0 && first !== undefined) throw first;
  return new FilesRecording(
    opened,
    refused.map((it) => it.message),
  );
}

function pathsOf(disk: Disk, path: string): string[] {
  if (listOf(disk, path) !== undefined) {
    const found = filesUnder(disk, path, DEPTH_MAX);
    if (found.length > 0) return found;
    const why = `there is no ${RECORDING_SUFFIX} file in that directory`;
    throw new ZktError('ZKT_FILE', { file: path, what: 'read', why });
  }
  if (disk.exists(path)) return [path];
  const ring = ringMembers(disk, path);
  return ring.length > 0 ? ring.map((member) => member.path) : [path];
}

/** `a.9` before `a.10`. */
const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });

/** The recordings in a directory and, `depth` levels down, in those in it. */
function filesUnder(disk: Disk, dir: string, depth: number): string[] {
  const found: string[] = [];
  for (const name of (listOf(disk, dir) ?? []).sort(byNumber)) {
    const path = disk.join(dir, name);
    if (name.endsWith(RECORDING_SUFFIX)) found.push(path);
    else if (depth > 0) found.push(...filesUnder(disk, path, depth - 1));
  }
  return found;
}

/** The names in a directory; undefined for what is none. */
function listOf(disk: Disk, path: string): string[] | undefined {
  try {
    return disk.list(path);
  } catch {
    return undefined;
  }
}

interface Piece {
  readonly file: RecordingFile;
  readonly block: BlockHead;
  /** Its place in the order of recording. */
  readonly place: number;
}

class FilesRecording implements FileRecording {
  readonly startMs: number;
  readonly endMs: number;
  readonly count: number;
  private readonly opened: readonly RecordingFile[];
  /** What is said of files that are not read. */
  private readonly refused: readonly string[];
  private readonly pieces: readonly Piece[];

  constructor(opened: readonly RecordingFile[], refused: readonly string[]) {
    this.opened = opened;
    this.refused = refused;
    this.pieces = opened
      .flatMap((file) => file.blocks.map((block) => ({ file, block })))
      .map((piece, place) => ({ ...piece, place }))
      .sort((a, b) => a.block.startMs - b.block.startMs);
    let [start, end, count] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
    for (const { block } of this.pieces) {
      start = Math.min(start, block.startMs);
      end = Math.max(end, block.endMs);
      count += block.events;
    }
    this.startMs = count === 0 ? 0 : start;
    this.endMs = count === 0 ? 0 : end;
    this.count = count;
  }

  get files() {
    return this.opened.map(({ path, bytes, blocks }) => ({
      path,
      bytes,
      events: blocks.reduce((sum, block) => sum + block.events, 0),
    }));
  }

  get unknownEvents(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const file of this.opened) {
      for (const [name, count] of file.unknownEvents) sums.set(name, (sums.get(name) ?? 0) + count);
    }
    return sums;
  }

  get damaged(): boolean {
    return this.refused.length > 0 || this.opened.some((file) => file.broken);
  }

  get fault(): string | undefined {
    const several = this.opened.length > 1;
    const said = this.opened.flatMap(({ path, faults }) =>
      faults.length === 0 ? [] : [`${several ? `${path}: ` : ''}${faults.join(', ')}`],
    );
    const unknown = [...this.unknownEvents];
    if (unknown.length > 0) {
      const names = unknown.slice(0, UNKNOWN_TOLD).map(([name, count]) => `${count} ${name}`);
      const more = unknown.length > UNKNOWN_TOLD ? ', …' : '';
      said.push(`events of another release left out: ${names.join(', ')}${more}`);
    }
    said.push(...this.refused);
    return said.length === 0 ? undefined : said.join('; ');
  }

  *events(fromMs = Number.NEGATIVE_INFINITY): IterableIterator<ZktEvent> {
    const order = new TimeOrder();
    for (const { file, block, place } of this.pieces) {
      if (block.endMs < fromMs) continue;
      yield* order.length > HELD_MAX ? order.all() : order.before(block.startMs);
      const events = file.read(block);
      order.add(block.startMs < fromMs ? events.filter((it) => it.time >= fromMs) : events, place);
    }
    yield* order.all();
  }
}
