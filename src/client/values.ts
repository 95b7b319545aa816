import { ZktError } from '../base/errors.ts';
import { type Acl, OPEN_ACL } from '../protocol/acl.ts';
import { CREATE_FLAGS, createTraits, TTL_MAX } from '../protocol/create-mode.ts';
import { OP } from '../protocol/opcodes.ts';
import { pathFault } from '../protocol/paths.ts';
import type { CreateOptions } from './api.ts';

/** A caller's mistake. */
export const usage = (why: string): ZktError => new ZktError('ZKT_USAGE', { why });

/** Data to send: text as UTF-8. */
export function bytesOf(data: Buffer | string | null): Buffer | null {
  if (data === null || Buffer.isBuffer(data)) return data;
  if (typeof data === 'string') return Buffer.from(data, 'utf8');
  throw usage('data must be a Buffer, a string or null');
}

/**
 * Data received, for the caller to keep. What was read is a view on a chunk of input: a small value would
 * keep the whole chunk in memory, so it is copied.
 */
export function owned(data: Buffer | null): Buffer | null {
  if (data === null || data.length * 2 >= data.buffer.byteLength) return data;
  return Buffer.from(data);
}

/** Throws ZKT_USAGE with Apache's words for a path that is none. A sequential node's may end in `/`. */
export function checkPath(path: string, sequential = false): void {
  if (typeof path !== 'string') throw usage('a path must be a string');
  const fault = pathFault(sequential ? `${path}1` : path);
  if (fault !== undefined) throw usage(fault);
}

/** An ACL to send. */
export const aclOf = (acl: readonly Acl[] | undefined): Acl[] => [...(acl ?? OPEN_ACL)];

/**
 * What a create travels as: Apache's client chooses the operation by the kind of node and by whether a stat
 * is wanted.
 */
export function createCall({ acl, mode = 'persistent', ttlMs, stat = false }: CreateOptions): {
  readonly code: typeof OP.create | typeof OP.create2 | typeof OP.createContainer | typeof OP.createTTL;
  readonly flags: number;
  readonly ttl: bigint;
  readonly sequential: boolean;
  readonly acl: Acl[];
} {
  const flags = CREATE_FLAGS[mode];
  const traits = createTraits(flags);
  if (traits === undefined) throw usage(`unknown kind of node: ${String(mode)}`);
  const ttl = ttlOf(ttlMs);
  if (traits.ttl !== (ttl !== undefined)) throw usage('ttlMs belongs to the TTL modes, and only to them');
  const code = traits.container
    ? OP.createContainer
    : traits.ttl
      ? OP.createTTL
      : stat
        ? OP.create2
        : OP.create;
  return { code, flags, ttl: ttl ?? 0n, sequential: traits.sequential, acl: aclOf(acl) };
}

function ttlOf(ttlMs: number | undefined): bigint | undefined {
  if (ttlMs === undefined) return undefined;
  if (!Number.isSafeInteger(ttlMs) || ttlMs < 1 || BigInt(ttlMs) > TTL_MAX) {
    throw usage(`ttlMs must be 1..${TTL_MAX}, not ${ttlMs}`);
  }
  return BigInt(ttlMs);
}
