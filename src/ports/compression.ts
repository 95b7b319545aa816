/**
 * Compression as an effect. Synchronous and in slices, so that a machine decides how much is done between two
 * turns of the loop.
 */

/** A running transformation of a byte stream. Throws an `Error` on input it cannot transform. */
export interface ByteTransform {
  /** Feeds bytes, which may be reused afterwards; answers what came out so far. */
  push(bytes: Buffer): Buffer[];
  /** Says that there is no more; answers the rest. Throws when the input was incomplete. */
  finish(): Buffer[];
}

/** What `node:zlib` does for the storage room. */
export interface Compression {
  /** To the gzip format. */
  gzip(): ByteTransform;
  /** From the gzip format; several members one after the other are one stream. */
  gunzip(): ByteTransform;
}
