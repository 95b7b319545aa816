import { ERR } from '../protocol/error-codes.ts';
import type { MultiOp, MultiResult } from '../protocol/multi.ts';
import { OP } from '../protocol/opcodes.ts';
import type { OpResult, ReadOp, WriteOp } from './api.ts';
import type { Chroot } from './chroot.ts';
import { bytesOf, createCall, owned } from './values.ts';

/** A write operation as it travels; `full` makes the server's path of the caller's. Throws ZKT_USAGE. */
export function writeOp(op: WriteOp, full: (path: string, sequential?: boolean) => string): MultiOp {
  switch (op.type) {
    case 'create': {
      const { code, flags, ttl, sequential, acl } = createCall(op);
      const req = { path: full(op.path, sequential), data: bytesOf(op.data ?? null), acl, flags };
      return code === OP.createTTL ? { op: code, req: { ...req, ttl } } : { op: code, req };
    }
    case 'delete':
      return { op: OP.delete, req: { path: full(op.path), version: op.version ?? -1 } };
    case 'set':
      return {
        op: OP.setData,
        req: { path: full(op.path), data: bytesOf(op.data), version: op.version ?? -1 },
      };
    case 'check':
      return { op: OP.check, req: { path: full(op.path), version: op.version ?? -1 } };
  }
}

/** A read operation as it travels. */
export const readOp = (op: ReadOp, full: (path: string) => string): MultiOp => ({
  op: op.type === 'get' ? OP.getData : OP.getChildren,
  req: { path: full(op.path), watch: false },
});

/** A result as the caller sees it. */
export function opResult(result: MultiResult, chroot: Chroot): OpResult {
  switch (result.op) {
    case OP.create:
      return { type: 'create', path: chroot.strip(result.path), stat: undefined };
    case OP.create2:
      return { type: 'create', path: chroot.strip(result.path), stat: result.stat };
    case OP.setData:
      return { type: 'set', stat: result.stat };
    case OP.delete:
      return { type: 'delete' };
    case OP.check:
      return { type: 'check' };
    case OP.getChildren:
      return { type: 'children', children: result.children };
    case OP.getData:
      return { type: 'get', data: owned(result.data), stat: result.stat };
    case OP.error:
      return { type: 'error', code: result.err };
  }
}

/** The operation that made a multi fail: its place and code. Undefined when it did not fail. */
export function culprit(results: readonly OpResult[]): { index: number; code: number } | undefined {
  let first: { index: number; code: number } | undefined;
  for (const [index, result] of results.entries()) {
    if (result.type !== 'error') continue;
    first ??= { index, code: result.code };
    // Operations before the culprit carry 0, those after it -2: neither says why.
    if (result.code !== ERR.OK && result.code !== ERR.RUNTIMEINCONSISTENCY)
      return { index, code: result.code };
  }
  return first;
}
