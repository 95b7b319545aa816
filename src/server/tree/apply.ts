/**
 * Transactions -> changes of the tree: live, and again at recovery.
 *
 * A transaction was checked before it was made, so applying it cannot fail for a reason of its own. At
 * recovery it may meet a tree that has it already, wholly or in part (Apache's snapshots are fuzzy: they are
 * written while the tree changes), so each application is idempotent (facts 7): what exists is left, what is
 * missing is passed over, counters of the parent only grow.
 */
import { hi32, lo32 } from '../../base/halves.ts';
import type { Acl } from '../../protocol/acl.ts';
import { CONTAINER_OWNER, ttlOwner } from '../../protocol/create-mode.ts';
import { ERR } from '../../protocol/error-codes.ts';
import { OP } from '../../protocol/opcodes.ts';
import { parentPath } from '../../protocol/paths.ts';
import { STAT_BYTES } from '../../protocol/stat.ts';
import { readSubTxns, type Txn, type TxnHeader } from '../../protocol/txn.ts';
import type { DataTree, Stamp } from './data-tree.ts';
import { NO_NODE, type NodeId, subtree } from './node-store.ts';

/**
 * What a change means for others; ACL numbers are those from before the change, for the right to hear of it.
 */
export interface TreeEffects {
  created(path: string, acl: number): void;
  deleted(path: string, acl: number): void;
  changed(path: string, acl: number): void;
  childrenChanged(path: string, acl: number): void;
  sessionCreated(session: bigint, timeoutMs: number): void;
  sessionClosed(session: bigint, ephemerals: number): void;
}

/** What became of a transaction: the error it carries, and for a reply the path and the node it left. */
export interface Applied {
  readonly type: number;
  readonly err: number;
  readonly path: string;
  readonly node: NodeId;
  /** The client's Stat as it was right after; only inside a multi, where later parts may change it again. */
  readonly stat: Buffer | undefined;
  readonly parts: readonly Applied[] | undefined;
}

const result = (type: number, err: number, path = '', node: NodeId = NO_NODE): Applied => ({
  type,
  err,
  path,
  node,
  stat: undefined,
  parts: undefined,
});

/** Applies one transaction. `parts` are the decoded parts of a multi, where the caller has them already. */
export function applyTxn(
  tree: DataTree,
  header: TxnHeader,
  txn: Txn,
  effects: TreeEffects,
  parts?: readonly Txn[],
): Applied {
  const at: Stamp = { zxidHi: hi32(header.zxid), zxidLo: lo32(header.zxid), time: Number(header.time) };
  if (txn.type === OP.multi) return applyMulti(tree, header, parts ?? readSubTxns(txn), at, effects);
  return applyOne(tree, header, txn, at, effects);
}

function applyOne(tree: DataTree, header: TxnHeader, txn: Txn, at: Stamp, effects: TreeEffects): Applied {
  switch (txn.type) {
    case OP.create:
    case OP.create2:
      return applyCreate(
        tree,
        txn,
        txn.ephemeral ? header.clientId : 0n,
        txn.parentCVersion ?? -1,
        at,
        effects,
      );
    case OP.createContainer:
      return applyCreate(tree, txn, CONTAINER_OWNER, txn.parentCVersion, at, effects);
    case OP.createTTL:
      return applyCreate(tree, txn, ttlOwner(txn.ttl), txn.parentCVersion, at, effects);
    case OP.delete:
    case OP.deleteContainer:
      return applyDelete(tree, txn.type, txn.path, at, effects);
    case OP.setData:
    case OP.reconfig: {
      const node = tree.find(txn.path);
      if (node === NO_NODE) return result(txn.type, ERR.NONODE, txn.path);
      tree.setData(node, txn.data, txn.version, at);
      effects.changed(txn.path, tree.store.acl(node));
      return result(txn.type, ERR.OK, txn.path, node);
    }
    case OP.setACL: {
      const node = tree.find(txn.path);
      if (node === NO_NODE) return result(txn.type, ERR.NONODE, txn.path);
      tree.setAcl(node, txn.acl ?? [], txn.version);
      return result(txn.type, ERR.OK, txn.path, node);
    }
    case OP.createSession:
      effects.sessionCreated(header.clientId, txn.timeOut);
      return result(txn.type, ERR.OK);
    case OP.closeSession:
      return applyCloseSession(tree, header.clientId, txn.paths2Delete ?? [], at, effects);
    case OP.error:
      return result(txn.type, txn.err);
    case OP.check:
      return result(txn.type, ERR.OK, txn.path);
    case OP.multi:
      return result(txn.type, ERR.MARSHALLINGERROR);
  }
}

function applyCreate(
  tree: DataTree,
  txn: { type: number; path: string; data: Buffer | null; acl: readonly Acl[] | null },
  owner: bigint,
  parentCVersion: number,
  at: Stamp,
  effects: TreeEffects,
): Applied {
  const { type, path } = txn;
  const parent = tree.parentOf(path);
  if (parent === NO_NODE) return result(type, ERR.NONODE, path);
  const existing = tree.find(path);
  if (existing !== NO_NODE) {
    // Only a replay comes here. The ACL is taken over: the snapshot may hold the node and not its ACL.
    tree.setAcl(existing, txn.acl ?? [], tree.aversionOf(existing));
    if (parentCVersion !== -1) tree.raiseParent(parent, parentCVersion, at);
    return result(type, ERR.NODEEXISTS, path, existing);
  }
  const node = tree.create(path, parent, { data: txn.data, acl: txn.acl ?? [], owner }, parentCVersion, at);
  effects.created(path, tree.store.acl(node));
  effects.childrenChanged(parentPath(path), tree.store.acl(parent));
  return result(type, ERR.OK, path, node);
}

function applyDelete(tree: DataTree, type: number, path: string, at: Stamp, effects: TreeEffects): Applied {
  const node = tree.find(path);
  if (node === NO_NODE) {
    const parent = tree.parentOf(path);
    if (parent !== NO_NODE) tree.raisePzxid(parent, at);
    return result(type, ERR.NONODE, path);
  }
  const parent = tree.store.parent(node);
  const aclId = tree.store.acl(node);
  tree.acls.holdId(aclId);
  if (tree.store.childCount(node) > 0) removeBelow(tree, node, at);
  tree.remove(node, at);
  effects.deleted(path, aclId);
  effects.childrenChanged(parentPath(path), tree.store.acl(parent));
  tree.acls.release(aclId);
  return result(type, ERR.OK, path);
}

/**
 * Only a replay comes here: a fuzzy snapshot may hold the node as it was made again later, with children. The
 * log makes them again too, all of them, since they are younger than this delete.
 */
function removeBelow(tree: DataTree, node: NodeId, at: Stamp): void {
  const below = [...subtree(tree.store, node)];
  for (let i = below.length - 1; i > 0; i--) tree.remove(below[i] as NodeId, at);
}

function applyCloseSession(
  tree: DataTree,
  session: bigint,
  listed: readonly string[],
  at: Stamp,
  effects: TreeEffects,
): Applied {
  // The list in the transaction, and whatever else this server has: a log of 3.5 has no list (facts 3).
  const paths = new Set([...listed, ...tree.owned.ephemeralsOf(session)]);
  for (const path of paths) applyDelete(tree, OP.delete, path, at, effects);
  effects.sessionClosed(session, paths.size);
  return result(OP.closeSession, ERR.OK);
}

function applyMulti(
  tree: DataTree,
  header: TxnHeader,
  parts: readonly (Txn | undefined)[],
  at: Stamp,
  effects: TreeEffects,
): Applied {
  if (parts.some((p) => p === undefined || (p.type === OP.error && p.err !== ERR.OK))) {
    // Nothing of a failed multi is applied, though its first parts bear their real types (facts 6).
    const failed = parts.map((p) => result(OP.error, p?.type === OP.error ? p.err : ERR.OK));
    const err = failed.find((f) => f.err !== ERR.OK && f.err !== ERR.RUNTIMEINCONSISTENCY)?.err;
    return { ...result(OP.multi, err ?? ERR.RUNTIMEINCONSISTENCY), parts: failed };
  }
  const done = parts.map((part) => {
    const applied = applyOne(tree, header, part as Txn, at, effects);
    if (applied.node === NO_NODE) return applied;
    const stat = Buffer.allocUnsafe(STAT_BYTES);
    tree.writeStat(applied.node, stat, 0);
    return { ...applied, stat };
  });
  return { ...result(OP.multi, ERR.OK), parts: done };
}
