/** The Secrets port on node:crypto, for tests of pure rooms. */
import { createHash, createHmac, getHashes, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../../src/ports/secrets.ts';

export const testSecrets: Secrets = {
  randomBytes: (count) => randomBytes(count),
  sha1: (bytes) => createHash('sha1').update(bytes).digest(),
  digest(algorithm, bytes) {
    const name = algorithm.toLowerCase().replace(/^sha-(?=\d)/, 'sha');
    return getHashes().includes(name) ? createHash(name).update(bytes).digest() : undefined;
  },
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
