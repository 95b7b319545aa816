import { expect, it } from 'vitest';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import type { Txn } from '../../../src/protocol/txn.ts';
import { applyTxn } from '../../../src/server/tree/apply.ts';
import { DataTree } from '../../../src/server/tree/data-tree.ts';

const QUIET = {
  created() {},
  deleted() {},
  changed() {},
  childrenChanged() {},
  sessionCreated() {},
  sessionClosed() {},
};

const create = (path: string, parentCVersion: number): Txn => ({
  type: OP.create,
  path,
  data: Buffer.from(path),
  acl: OPEN_ACL,
  ephemeral: false,
  parentCVersion,
});

/** What happened, in the order of zxids from 1 on. */
const LOG: readonly Txn[] = [
  create('/a', 1),
  create('/a/old', 1),
  { type: OP.delete, path: '/a/old' },
  { type: OP.delete, path: '/a' },
  create('/a', 2),
  create('/a/b', 1),
  create('/a/b/c', 1),
  { type: OP.setData, path: '/a/b', data: Buffer.from('new'), version: 1 },
];

const apply = (tree: DataTree, from: number, to: number): void => {
  for (let zxid = from; zxid <= to; zxid++) {
    const txn = LOG[zxid - 1] as Txn;
    const header = { clientId: 1n, cxid: 1, zxid: BigInt(zxid), time: BigInt(zxid), type: txn.type };
    applyTxn(tree, header, txn, QUIET);
  }
};

const fresh = (): DataTree =>
  DataTree.fresh({ extended: { enabled: false, emulate353: false }, digest: true, hashSeed: 1 });

// A snapshot of Apache is written while the tree changes: it bears the zxid at which it began, and holds
// what was there when each node was written.
it('a log replayed on a tree that is ahead of it leads to the same tree', () => {
  const expected = fresh();
  apply(expected, 1, LOG.length);
  for (let began = 0; began <= LOG.length; began++) {
    const tree = fresh();
    apply(tree, 1, LOG.length);
    apply(tree, began + 1, LOG.length);
    expect(tree.nodeCount, `from ${began}`).toBe(expected.nodeCount);
    for (const path of ['/', '/a', '/a/b', '/a/b/c']) {
      const { czxid, mzxid, version, pzxid, numChildren } = tree.stat(tree.find(path));
      const e = expected.stat(expected.find(path));
      expect({ czxid, mzxid, version, pzxid, numChildren }, `${path} from ${began}`).toEqual({
        czxid: e.czxid,
        mzxid: e.mzxid,
        version: e.version,
        pzxid: e.pzxid,
        numChildren: e.numChildren,
      });
    }
  }
});
