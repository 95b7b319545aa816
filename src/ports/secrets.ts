/** Digests and secrets; `node:crypto` behind a port, so that machines stay pure. */
export interface Secrets {
  /** Unpredictable bytes. */
  randomBytes(count: number): Buffer;
  sha1(bytes: Uint8Array): Buffer;
  /**
   * By Java's or Node's name of the algorithm (`SHA1`, `SHA-256`, `SHA3-256`); undefined for an unknown one.
   */
  digest(algorithm: string, bytes: Uint8Array): Buffer | undefined;
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Buffer;
  /** Compares in a time that does not depend on where they differ. */
  equal(a: Uint8Array, b: Uint8Array): boolean;
}
