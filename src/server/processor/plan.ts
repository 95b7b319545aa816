/**
 * One write, checked against the tree as it will be, becomes a transaction or an error code.
 *
 * The order of the checks is part of the protocol: it decides which of several errors a client sees (facts
 * 2.7). A plan changes the pending view only when it succeeds.
 */

import type { Id } from '../../protocol/acl.ts';
import { PERMS } from '../../protocol/acl.ts';
import {
  CONTAINER_OWNER,
  type CreateTraits,
  createTraits,
  ownerKind,
  sequenceSuffix,
  TTL_MAX,
  ttlOwner,
} from '../../protocol/create-mode.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type {
  CheckVersionRequest,
  CreateRequest,
  DeleteRequest,
  SetAclRequest,
  SetDataRequest,
} from '../../protocol/messages.ts';
import { OP } from '../../protocol/opcodes.ts';
import { parentPath, pathFault, SYSTEM_PATHS } from '../../protocol/paths.ts';
import type { Txn } from '../../protocol/txn.ts';
import type { Access } from '../auth/access.ts';
import type { DataTree, Stamp } from '../tree/data-tree.ts';
import type { ChangeRecord, PendingChanges } from './pending-changes.ts';

/** What plans are made against. */
export interface PlanContext {
  readonly tree: DataTree;
  readonly changes: PendingChanges;
  readonly access: Access;
  /** `enforceQuota`: hard quotas refuse. */
  readonly enforceQuota: boolean;
  /** Largest transaction, bytes. */
  readonly txnBytesMax: number;
  /** `closeSessionTxn.enabled`: the transaction lists the ephemerals that go. */
  readonly closeSessionPaths: boolean;
  /** False for a session that can own no ephemerals. */
  readonly mayOwn: (session: bigint) => boolean;
  /** Told of a write that is refused for the quota over its path. */
  readonly quotaRefused: (path: string) => void;
  /** Told of soft quotas that a write exceeds. */
  readonly softQuota: (path: string, count: number, bytes: number) => void;
}

/** Who writes, and when. */
export interface Writer {
  readonly session: bigint;
  readonly ids: readonly Id[];
  readonly at: Stamp;
}

/** A transaction's record, or the code of what is wrong. */
export type Plan = Txn | number;

const NUL = '\0';

/** create, create2, createContainer, createTTL. `op` decides the transaction's type. */
export function planCreate(
  ctx: PlanContext,
  op: number,
  req: CreateRequest & { ttl?: bigint },
  by: Writer,
): Plan {
  const traits = createTraits(req.flags);
  const fault = traits === undefined ? ERR.BADARGUMENTS : flagFault(ctx, op, traits, req.ttl);
  if (traits === undefined || fault !== ERR.OK) return fault;
  if (traits.ephemeral && !ctx.mayOwn(by.session)) return ERR.SESSIONEXPIRED;
  if (!req.path.includes('/') || req.path.includes(NUL)) return ERR.BADARGUMENTS;
  const acl = ctx.access.fixup(req.acl, by.ids);
  if (acl === undefined) return ERR.INVALIDACL;
  const parent = ctx.changes.get(parentPath(req.path));
  if (parent === undefined) return ERR.NONODE;
  if (!ctx.access.permits(parent.acl, PERMS.CREATE, by.ids)) return ERR.NOAUTH;
  const path = traits.sequential ? req.path + sequenceSuffix(parent.cversion) : req.path;
  if (pathFault(path) !== undefined) return ERR.BADARGUMENTS;
  if (ctx.changes.get(path) !== undefined) return ERR.NODEEXISTS;
  if (ownerKind(parent.owner, ctx.tree.options.extended) === 'ephemeral') return ERR.NOCHILDRENFOREPHEMERALS;
  const bytes = req.data?.length ?? 0;
  if (quotaRefuses(ctx, path, 1, bytes)) return ERR.QUOTAEXCEEDED;

  const isContainer = op === OP.createContainer;
  const owner = isContainer
    ? CONTAINER_OWNER
    : traits.ttl
      ? ttlOwner(req.ttl ?? 0n)
      : traits.ephemeral
        ? by.session
        : 0n;
  const parentCVersion = (parent.cversion + 1) | 0;
  ctx.changes.create(path, parent, owner, req.data, acl, by.at);
  const { data } = req;
  if (isContainer) return { type: OP.createContainer, path, data, acl, parentCVersion };
  if (traits.ttl) return { type: OP.createTTL, path, data, acl, parentCVersion, ttl: req.ttl ?? 0n };
  const type = op === OP.create ? OP.create : OP.create2;
  return { type, path, data, acl, ephemeral: traits.ephemeral, parentCVersion };
}

function flagFault(ctx: PlanContext, op: number, traits: CreateTraits, ttl: bigint | undefined): number {
  if (op === OP.createTTL) {
    if (!traits.ttl) return ERR.BADARGUMENTS;
    if (!ctx.tree.options.extended.enabled) return ERR.UNIMPLEMENTED;
    return ttl !== undefined && ttl >= 1n && ttl <= TTL_MAX ? ERR.OK : ERR.BADARGUMENTS;
  }
  if (traits.ttl) return ERR.BADARGUMENTS;
  return op === OP.createContainer && traits.ephemeral ? ERR.BADARGUMENTS : ERR.OK;
}

/** delete; also of containers and TTL nodes, by the reaper. */
export function planDelete(ctx: PlanContext, req: DeleteRequest, by: Writer): Plan {
  if (!deletable(req.path)) return ERR.BADARGUMENTS;
  const parent = ctx.changes.get(parentPath(req.path));
  if (parent === undefined) return ERR.NONODE;
  if (!ctx.access.permits(parent.acl, PERMS.DELETE, by.ids)) return ERR.NOAUTH;
  const record = ctx.changes.get(req.path);
  if (record === undefined) return ERR.NONODE;
  if (req.version !== -1 && req.version !== record.version) return ERR.BADVERSION;
  if (record.childCount > 0) return ERR.NOTEMPTY;
  ctx.changes.delete(record, parent, by.at);
  return { type: OP.delete, path: req.path };
}

const deletable = (path: string): boolean =>
  path.includes('/') &&
  !path.includes(NUL) &&
  path !== SYSTEM_PATHS.root &&
  path !== SYSTEM_PATHS.zookeeper &&
  path !== SYSTEM_PATHS.quota &&
  path !== SYSTEM_PATHS.config;

/**
 * deleteContainer: what the reaper asks when it saw an empty container or an overdue TTL node. Checked anew,
 * since much may have happened since; undefined when the node is to stay.
 */
export function planDeleteContainer(ctx: PlanContext, path: string, by: Writer): Plan | undefined {
  const record = ctx.changes.get(path);
  const parent = ctx.changes.get(parentPath(path));
  if (record === undefined || parent === undefined || record.childCount > 0) return undefined;
  const kind = ownerKind(record.owner, ctx.tree.options.extended);
  if (kind !== 'container' && kind !== 'ttl') return undefined;
  ctx.changes.delete(record, parent, by.at);
  return { type: OP.deleteContainer, path };
}

/** setData. */
export function planSetData(ctx: PlanContext, req: SetDataRequest, by: Writer): Plan {
  if (pathFault(req.path) !== undefined) return ERR.BADARGUMENTS;
  const record = ctx.changes.get(req.path);
  if (record === undefined) return ERR.NONODE;
  if (!ctx.access.permits(record.acl, PERMS.WRITE, by.ids)) return ERR.NOAUTH;
  const grown = (req.data?.length ?? 0) - Math.max(record.dataLength, 0);
  if (quotaRefuses(ctx, req.path, 0, grown)) return ERR.QUOTAEXCEEDED;
  const version = nextVersion(req.version, record.version);
  if (version === undefined) return ERR.BADVERSION;
  ctx.changes.setData(record, req.data, version, by.at);
  return { type: OP.setData, path: req.path, data: req.data, version };
}

/** setACL. */
export function planSetAcl(ctx: PlanContext, req: SetAclRequest, by: Writer): Plan {
  if (pathFault(req.path) !== undefined) return ERR.BADARGUMENTS;
  const acl = ctx.access.fixup(req.acl, by.ids);
  if (acl === undefined) return ERR.INVALIDACL;
  const record = ctx.changes.get(req.path);
  if (record === undefined) return ERR.NONODE;
  if (!ctx.access.permits(record.acl, PERMS.ADMIN, by.ids)) return ERR.NOAUTH;
  const version = nextVersion(req.version, record.aversion);
  if (version === undefined) return ERR.BADVERSION;
  ctx.changes.setAcl(record, acl, version);
  return { type: OP.setACL, path: req.path, acl, version };
}

/** check, inside a multi. */
export function planCheck(ctx: PlanContext, req: CheckVersionRequest, by: Writer): Plan {
  if (pathFault(req.path) !== undefined) return ERR.BADARGUMENTS;
  const record = ctx.changes.get(req.path);
  if (record === undefined) return ERR.NONODE;
  if (!ctx.access.permits(record.acl, PERMS.READ, by.ids)) return ERR.NOAUTH;
  const version = nextVersion(req.version, record.version);
  return version === undefined ? ERR.BADVERSION : { type: OP.check, path: req.path, version };
}

/**
 * closeSession: the session's ephemerals go with it. So many that a transaction of all their paths would be
 * too large for whoever reads the log are not all named; every server removes those of its own accord (facts
 * 3).
 */
export function planCloseSession(ctx: PlanContext, by: Writer): Plan {
  const paths = ctx.changes.ephemeralsOf(by.session);
  for (const path of paths) {
    const record = ctx.changes.get(path) as ChangeRecord;
    ctx.changes.delete(record, ctx.changes.get(parentPath(path)), by.at);
  }
  if (!ctx.closeSessionPaths) return { type: OP.closeSession, paths2Delete: undefined };
  let room = ctx.txnBytesMax;
  const untold = paths.findIndex((path) => {
    room -= 4 + Buffer.byteLength(path);
    return room < 0;
  });
  return { type: OP.closeSession, paths2Delete: untold < 0 ? paths : paths.slice(0, untold) };
}

/**
 * The version after a change: one more, wrapping past -1 (which would mean "any") to 0. Undefined when the
 * expected one is another.
 */
function nextVersion(expected: number, current: number): number | undefined {
  if (expected !== -1 && expected !== current) return undefined;
  const next = (current + 1) | 0;
  return next === -1 ? 0 : next;
}

function quotaRefuses(ctx: PlanContext, path: string, count: number, bytes: number): boolean {
  const { quotas } = ctx.tree;
  if (!quotas.active) return false;
  if (ctx.enforceQuota && quotas.exceedsHard(path, count, bytes)) {
    ctx.quotaRefused(path);
    return true;
  }
  ctx.softQuota(path, count, bytes);
  return false;
}
