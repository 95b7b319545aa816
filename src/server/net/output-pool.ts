import { JuteWriter } from '../../jute/writer.ts';

/** Buffers larger than this are not kept for reuse: one huge reply must not hold memory for ever. */
const KEPT_BYTES_MAX = 256 * 1024;
/** Writers kept at most. A turn rarely writes to more connections. */
const KEPT_WRITERS_MAX = 256;
/** A new writer's capacity: the replies of one busy connection in one turn. */
const NEW_WRITER_BYTES = 16 * 1024;

/**
 * Output buffers, shared by all connections: a connection holds one only from its first reply of a turn to
 * the flush.
 */
export class OutputPool {
  private readonly free: JuteWriter[] = [];

  /** An empty writer. */
  take(): JuteWriter {
    return this.free.pop() ?? new JuteWriter(NEW_WRITER_BYTES);
  }

  /** Gives a writer back whose bytes nobody holds any more. */
  give(writer: JuteWriter): void {
    if (writer.buf.length > KEPT_BYTES_MAX || this.free.length >= KEPT_WRITERS_MAX) return;
    this.free.push(writer.reset());
  }
}
