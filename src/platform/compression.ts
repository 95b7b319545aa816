/**
 * gzip behind the compression port. Through minizlib, since `node:zlib` streams are asynchronous and its synchronous
 * calls want the whole input at once: a snapshot of a large tree is neither.
 */
import { Gunzip, Gzip } from 'minizlib';
import type { ByteTransform, Compression } from '../ports/compression.ts';

class ZlibTransform implements ByteTransform {
  private readonly stream: Gzip | Gunzip;
  private out: Buffer[] = [];
  private error: Error | undefined;

  constructor(stream: Gzip | Gunzip) {
    this.stream = stream;
    stream.on('data', (chunk: Buffer) => this.out.push(chunk));
    stream.on('error', (error: unknown) => {
      this.error ??= error instanceof Error ? error : new Error(String(error));
    });
  }

  push(bytes: Buffer): Buffer[] {
    this.stream.write(bytes);
    return this.take();
  }

  finish(): Buffer[] {
    this.stream.end();
    return this.take();
  }

  private take(): Buffer[] {
    if (this.error !== undefined) throw this.error;
    const { out } = this;
    this.out = [];
    return out;
  }
}

/** The machine's zlib. */
export const systemCompression: Compression = {
  // Level 1: snapshots are written while serving, and most of the gain comes with the first level.
  gzip: () => new ZlibTransform(new Gzip({ level: 1 })),
  gunzip: () => new ZlibTransform(new Gunzip({})),
};
