/**
 * `node:zlib`, a slice at a time and synchronously.
 *
 * Node offers whole buffers synchronously and slices asynchronously, but not slices synchronously.
 * `_processChunk` does (it is what the synchronous calls are made of, and what npm's own unpacker relies on);
 * it closes the native handle when it is done, which is put off here until `finish`.
 */
import zlib from 'node:zlib';
import type { ByteTransform, Compression } from '../ports/compression.ts';

/** The part of Node's zlib streams that is used and not in its types. */
interface Engine {
  _handle: { close(): void };
  _processChunk(chunk: Buffer, flush: number): Buffer | undefined;
}

class ZlibTransform implements ByteTransform {
  private readonly stream: zlib.Gzip | zlib.Gunzip;
  private readonly engine: Engine;

  constructor(stream: zlib.Gzip | zlib.Gunzip) {
    this.stream = stream;
    // Node's types leave these members out, see the top of the file.
    this.engine = stream as unknown as Engine;
  }

  push(bytes: Buffer): Buffer[] {
    return this.run(bytes, zlib.constants.Z_NO_FLUSH);
  }

  finish(): Buffer[] {
    try {
      return this.run(Buffer.alloc(0), zlib.constants.Z_FINISH);
    } finally {
      this.engine._handle.close();
    }
  }

  private run(bytes: Buffer, flush: number): Buffer[] {
    const { engine } = this;
    const handle = engine._handle;
    const close = handle.close;
    handle.close = () => {};
    try {
      const out = engine._processChunk(bytes, flush);
      // The bytes lie in the engine's own buffer, which the next call uses again.
      return out === undefined || out.length === 0 ? [] : [Buffer.from(out)];
    } finally {
      handle.close = close;
      engine._handle = handle;
      // Each call adds a listener; errors are thrown as well, so that nobody needs to be told of them.
      this.stream.removeAllListeners('error').on('error', () => {});
    }
  }
}

/** gzip of the machine. */
export const systemCompression: Compression = {
  gzip: () => new ZlibTransform(zlib.createGzip({ level: zlib.constants.Z_BEST_SPEED })),
  gunzip: () => new ZlibTransform(zlib.createGunzip()),
};
