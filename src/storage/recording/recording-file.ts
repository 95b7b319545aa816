/** One file of a recording, opened for reading: its blocks, and what is wrong with it. */
import { crc32 } from '../../base/checksum.ts';
import { reasonOf, ZktError } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { Disk } from '../../ports/disk.ts';
import { SnappyError, uncompressBlock } from '../snappy.ts';
import { decodeBlock } from './block-decoder.ts';
import { RecordingDamage } from './byte-sink.ts';
import { type EventLayout, OWN_TABLE, OWN_TABLE_CRC, readTable } from './event-layout.ts';
import { BLOCK, type BlockHead, HEAD_BYTES, PACKING, readBytes, readHead } from './format.ts';
import { type FileScan, scanFile } from './scan.ts';

/** See the head of the file. */
export class RecordingFile {
  readonly path: string;
  readonly blocks: readonly BlockHead[];
  /** It was closed in good order. */
  readonly closed: boolean;
  private readonly disk: Disk;
  private readonly scan: FileScan;
  private readonly tables = new Map<number, readonly EventLayout[]>([[OWN_TABLE_CRC, readTable(OWN_TABLE)]]);
  private tablesRead = false;
  /** Blocks that turned out to be damaged, by offset. */
  private readonly damaged = new Map<number, { readonly events: number; readonly why: string }>();
  /** Events of other releases, by block, so that reading twice does not count twice. */
  private readonly unknown = new Map<number, ReadonlyMap<string, number>>();

  /** Throws a `DiskError`, or `ZKT_NOT_A_RECORDING`. */
  constructor(disk: Disk, path: string) {
    this.disk = disk;
    this.path = path;
    this.scan = scanFile(disk, path);
    this.closed = this.scan.closed;
    this.blocks = this.scan.heads.filter((head) => head.kind === BLOCK.events);
  }

  /** The length of the file, bytes. */
  get bytes(): number {
    return this.scan.size;
  }

  /** Something of it cannot be read, as far as it was tried. */
  get broken(): boolean {
    return this.scan.gaps > 0 || this.damaged.size > 0;
  }

  /** What is wrong with it, as far as it was read. */
  get faults(): string[] {
    const { scan } = this;
    const said: string[] = [];
    if (scan.size === 0) said.push('it is empty');
    else if (!scan.closed) said.push('it was not closed: its writer was ended, or is still at work');
    if (scan.tailBytes > 0) said.push(`${scan.tailBytes} bytes at the end are no whole block`);
    const inside = scan.gaps - (scan.tailBytes > 0 ? 1 : 0);
    if (inside > 0) said.push(`${scan.gapBytes - scan.tailBytes} bytes in ${places(inside)} are damaged`);
    if (scan.foreign > 0) said.push(`${scan.foreign} blocks are of a newer version of the format`);
    const [first] = this.damaged.values();
    if (first !== undefined) {
      const events = [...this.damaged.values()].reduce((sum, it) => sum + it.events, 0);
      said.push(`${this.damaged.size} blocks with ${events} events cannot be read (${first.why})`);
    }
    return said;
  }

  /** Events met that this release does not know: how many, by name. */
  get unknownEvents(): ReadonlyMap<string, number> {
    const sums = new Map<string, number>();
    for (const counts of this.unknown.values()) {
      for (const [name, count] of counts) sums.set(name, (sums.get(name) ?? 0) + count);
    }
    return sums;
  }

  /** The events of one of its blocks; none where it is damaged, which `faults` tells from then on. */
  read(block: BlockHead): ZktEvent[] {
    const unknown = new Map<string, number>();
    try {
      const { head, body } = this.load(block);
      const events = decodeBlock(body, head.events, this.table(head.tableCrc), (name) =>
        unknown.set(name, (unknown.get(name) ?? 0) + 1),
      );
      if (unknown.size > 0) this.unknown.set(block.offset, unknown);
      return events;
    } catch (error) {
      this.damaged.set(block.offset, { events: block.events, why: whyOf(error) });
      return [];
    }
  }

  /** A block, unpacked, with its head as it is in the file. */
  private load({ offset, bodyBytes }: BlockHead): { head: BlockHead; body: Buffer } {
    const bytes = readBytes(this.disk, this.path, offset, HEAD_BYTES + bodyBytes);
    const head = readHead(bytes, 0, offset);
    const body = bytes.subarray(HEAD_BYTES);
    if (head === undefined || head.bodyBytes !== body.length)
      throw new RecordingDamage('its head is damaged');
    if (crc32(body) !== head.bodyCrc) throw new RecordingDamage('its checksum is wrong');
    if (head.packing === PACKING.none) return { head, body };
    if (head.packing === PACKING.snappy) return { head, body: uncompressBlock(body) };
    throw new RecordingDamage('it is packed in an unknown way');
  }

  private table(crc: number): readonly EventLayout[] {
    if (!this.tables.has(crc) && !this.tablesRead) this.readTables();
    const table = this.tables.get(crc);
    if (table === undefined) throw new RecordingDamage('the table of its events is lost');
    return table;
  }

  private readTables(): void {
    this.tablesRead = true;
    for (const block of this.scan.heads) {
      if (block.kind !== BLOCK.table) continue;
      try {
        const { body } = this.load(block);
        this.tables.set(crc32(body), readTable(body));
      } catch (error) {
        // Told where it is missed: of the blocks that are written by it.
        whyOf(error);
      }
    }
  }
}

const places = (count: number): string => (count === 1 ? 'one place' : `${count} places`);

/** What is wrong with bytes; rethrows what is no fault of theirs. */
function whyOf(error: unknown): string {
  const { code } = error as { readonly code?: string };
  const expected =
    error instanceof RecordingDamage || error instanceof SnappyError || error instanceof ZktError;
  if (expected || typeof code === 'string') return reasonOf(error);
  throw error;
}
