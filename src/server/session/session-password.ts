/**
 * The 16 bytes that prove a client had the session: made from the id alone, so that they need not be stored
 * and every server of an ensemble can check them.
 */
import type { Secrets } from '../../ports/secrets.ts';

/** Bytes of a session password. */
export const SESSION_PASSWORD_BYTES = 16;

/** Makes and checks session passwords. */
export interface SessionPasswords {
  /** The password of a session. */
  of(id: bigint): Buffer;
  /** True when `given` is that session's password. Session 0 has none. */
  check(id: bigint, given: Uint8Array | null): boolean;
}

/**
 * HMAC-SHA-256 of the id under a secret of the ensemble, cut to 16 bytes: nobody without the secret can make
 * one.
 */
export const hmacPasswords = (secrets: Secrets, key: Uint8Array): SessionPasswords =>
  passwordsBy(secrets, (id) => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt.asIntN(64, id));
    return secrets.hmacSha256(key, bytes).subarray(0, SESSION_PASSWORD_BYTES);
  });

/**
 * Apache's formula (facts 3), for ensembles that hold Apache's servers too: a fixed function of the id, which
 * whoever knows an id can compute. It protects against mistakes, not against malice.
 */
export const apachePasswords = (secrets: Secrets): SessionPasswords => passwordsBy(secrets, apachePassword);

const passwordsBy = (secrets: Secrets, of: (id: bigint) => Buffer): SessionPasswords => ({
  of,
  check: (id, given) =>
    id !== 0n && given !== null && given.length === SESSION_PASSWORD_BYTES && secrets.equal(of(id), given),
});

const APACHE_SALT = 0xb3415c00n;
const JAVA_MULTIPLIER = 0x5deece66dn;
const JAVA_INCREMENT = 0xbn;
const MASK_48 = (1n << 48n) - 1n;

/** Four outputs of `java.util.Random` seeded with the id, each little-endian. */
function apachePassword(id: bigint): Buffer {
  const bytes = Buffer.alloc(SESSION_PASSWORD_BYTES);
  let state = (id ^ APACHE_SALT ^ JAVA_MULTIPLIER) & MASK_48;
  for (let at = 0; at < SESSION_PASSWORD_BYTES; at += 4) {
    state = (state * JAVA_MULTIPLIER + JAVA_INCREMENT) & MASK_48;
    bytes.writeUInt32LE(Number(state >> 16n), at);
  }
  return bytes;
}
