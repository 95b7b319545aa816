/**
 * Writes a recording file. What is gathered goes to the file when there is enough for a block, or it is a
 * second old: a crash loses no more than that. Nothing is forced to disk. A file that cannot be written is
 * tried again and again; meanwhile blocks are kept up to a limit, then the oldest are lost, counted, and told
 * in the recording by a `feed.dropped`.
 */
import { reasonOf } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';
import type { Disk, DiskFile } from '../../ports/disk.ts';
import { compressBlock } from '../snappy.ts';
import { BlockEncoder } from './block-encoder.ts';
import { ByteSink } from './byte-sink.ts';
import { OWN_TABLE, OWN_TABLE_CRC } from './event-layout.ts';
import { BLOCK, type BlockHead, blockBytes, END_MAGIC, FILE_MAGIC, PACKING, readHead } from './format.ts';
import { scanFile } from './scan.ts';

/** A block is written when its body has this length. */
const BLOCK_BYTES = 64 * 1024;
/** Or when its first event is so old, ms, as the later ones tell; `flush` is for when none comes. */
const BLOCK_MS = 1000;
/** Smaller bodies are not worth packing. */
const PACK_BYTES_MIN = 512;
/** What may wait while the file cannot be written, bytes. */
const WAITING_BYTES_MAX = 1024 * 1024;

/** How a file is begun: a new one (it must not be there), or one that is gone on with. */
export type WriteMode = 'create' | 'append';

/** Who hears of trouble. */
export interface WriterListener {
  /** The file cannot be written; told once, until it could be again. */
  failed?(path: string, why: string): void;
}

/** A block that is not in the file yet. */
interface Waiting {
  readonly bytes: Buffer;
  readonly events: number;
}

/** See the head of the file. Of its methods, only `begin` throws. */
export class RecordingWriter {
  readonly path: string;
  /** Events taken, and those lost since the file could not be written. */
  events = 0;
  lost = 0;
  private readonly disk: Disk;
  private readonly mode: WriteMode;
  private readonly listener: WriterListener;
  private readonly encoder = new BlockEncoder(BLOCK_BYTES + 4096);
  private readonly index: BlockHead[] = [];
  private file: DiskFile | undefined;
  private closed = false;
  private position = 0;
  private waiting: Waiting[] = [];
  private waitingBytes = 0;
  private troubled = false;
  /** Lost and not told in the recording yet. */
  private untold = 0;
  private lastMs = 0;
  private node = '';

  constructor(disk: Disk, path: string, mode: WriteMode = 'create', listener: WriterListener = {}) {
    this.disk = disk;
    this.path = path;
    this.mode = mode;
    this.listener = listener;
    const head = { kind: BLOCK.table, packing: PACKING.snappy, tableCrc: OWN_TABLE_CRC, events: 0 };
    if (mode === 'create') this.enqueue(FILE_MAGIC, 0);
    this.enqueue(blockBytes({ ...head, startMs: 0, endMs: 0 }, compressBlock(OWN_TABLE)), 0);
  }

  /**
   * Opens the file now and not with the first block. Throws a `DiskError` (it exists, no such directory), or
   * `ZKT_NOT_A_RECORDING` for something else that is to be gone on with.
   */
  begin(): void {
    if (this.file !== undefined || this.closed) return;
    if (this.mode === 'append') {
      const { heads, size } = scanFile(this.disk, this.path);
      this.file = this.disk.open(this.path, 'update');
      this.index.push(...heads);
      this.position = size;
      if (size < FILE_MAGIC.length) {
        this.position = 0;
        this.waiting.unshift({ bytes: FILE_MAGIC, events: 0 });
        this.waitingBytes += FILE_MAGIC.length;
      }
    } else this.file = this.disk.open(this.path, 'create');
  }

  /** It could not be written when it was tried last. */
  get failing(): boolean {
    return this.troubled;
  }

  /** Bytes of the recording: those in the file, and those on the way. */
  get bytes(): number {
    return this.position + this.waitingBytes + this.encoder.bytes;
  }

  /** Takes an event in. Its time must be a number of ms that a clock may tell. */
  append(event: ZktEvent): void {
    const { encoder } = this;
    if (encoder.events > 0 && (event.time - encoder.sinceMs >= BLOCK_MS || encoder.bytes >= BLOCK_BYTES)) {
      this.flush();
    }
    encoder.add(event);
    this.events++;
    this.lastMs = event.time;
    this.node = event.node;
  }

  /** Writes what was gathered; to be called about once a second. */
  flush(): void {
    const { encoder } = this;
    if (encoder.events > 0) {
      const { events } = encoder;
      this.enqueue(encoder.take(pack), events);
    }
    this.write();
  }

  /** Writes all and the index, and closes the file; harmless when repeated. */
  close(): void {
    if (this.closed) return;
    this.flush();
    if (this.file !== undefined && this.waiting.length === 0) {
      this.enqueue(indexBlock(this.index, this.position), 0);
      this.write();
    }
    this.closed = true;
    for (const { events } of this.waiting) this.lost += events;
    this.waiting = [];
    this.waitingBytes = 0;
    try {
      this.file?.close();
    } catch {
      // Nothing was promised of what is not on disk yet.
    }
  }

  private enqueue(bytes: Buffer, events: number): void {
    this.waiting.push({ bytes, events });
    this.waitingBytes += bytes.length;
    while (this.waitingBytes > WAITING_BYTES_MAX) {
      // The first ones of a file that could not be begun are no events, and few.
      const oldest = this.waiting.findIndex((it) => it.events > 0);
      const [gone] = oldest < 0 ? [] : this.waiting.splice(oldest, 1);
      if (gone === undefined) break;
      this.waitingBytes -= gone.bytes.length;
      this.lost += gone.events;
      this.untold += gone.events;
    }
  }

  private write(): void {
    if (this.waiting.length === 0 || this.closed) return;
    const start = this.position;
    try {
      this.begin();
      const file = this.file as DiskFile;
      for (let next = this.waiting[0]; next !== undefined; next = this.waiting[0]) {
        file.writeAt(next.bytes, this.position);
        const head = readHead(next.bytes, 0, this.position);
        if (head !== undefined) this.index.push(head);
        this.position += next.bytes.length;
        this.waitingBytes -= next.bytes.length;
        this.waiting.shift();
      }
      this.troubled = false;
    } catch (error) {
      // What is half there is written over by the next try; a reader that comes first passes over it.
      const first = !this.troubled;
      this.troubled = true;
      if (first) this.listener.failed?.(this.path, reasonOf(error));
    }
    if (this.position > start && this.untold > 0) this.tellLost();
  }

  private tellLost(): void {
    const count = this.untold;
    this.untold = 0;
    const { node, lastMs: time } = this;
    this.encoder.add({ name: 'feed.dropped', node, seq: 0, time, fields: { why: 'disk', count, ms: 0 } });
  }
}

const pack = (body: Buffer): Buffer => (body.length < PACK_BYTES_MIN ? body : compressBlock(body));

/** The block that ends a file: where the others are. */
function indexBlock(heads: readonly BlockHead[], offset: number): Buffer {
  const out = new ByteSink();
  out.varint(heads.length);
  let last = 0;
  for (const head of heads) {
    out.byte(head.kind);
    out.varint(head.offset - last);
    out.varint(head.bodyBytes);
    out.varint(head.events);
    out.float64(head.startMs);
    out.float64(head.endMs);
    last = head.offset;
  }
  out.int64(BigInt(offset));
  out.raw(END_MAGIC);
  const head = { kind: BLOCK.index, packing: PACKING.none, tableCrc: 0, events: 0, startMs: 0, endMs: 0 };
  return blockBytes(head, out.bytes());
}
