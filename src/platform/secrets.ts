import { createHash, createHmac, getHashes, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Secrets } from '../ports/secrets.ts';

let known: ReadonlyMap<string, string> | undefined;

/** Node's names of the hashes by a spelling without case and dashes, so that Java's names find them. */
const hashes = (): ReadonlyMap<string, string> => {
  known ??= new Map(getHashes().map((name) => [spelling(name), name]));
  return known;
};

const spelling = (name: string): string => name.toLowerCase().replace(/[-_/]/g, '');

/** `node:crypto`. */
export const systemSecrets: Secrets = {
  randomBytes: (count) => randomBytes(count),
  sha1: (bytes) => createHash('sha1').update(bytes).digest(),
  digest(algorithm, bytes) {
    const name = hashes().get(spelling(algorithm));
    return name === undefined ? undefined : createHash(name).update(bytes).digest();
  },
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
  equal: (a, b) => a.length === b.length && timingSafeEqual(a, b),
};
