/** Copies of subtrees: what must be read, and the operations that make them. */
import { EXIT } from '../../base/errors.ts';
import type { Client, WriteOp } from '../../client/api.ts';
import { isKeeperError } from '../../client/keeper-error.ts';
import type { Acl } from '../../protocol/acl.ts';
import { isWithin } from '../../protocol/paths.ts';
import { CommandFailure } from '../explain.ts';
import { inBatches, subtree } from './walk.ts';

/**
 * A request may not be larger than the server's `jute.maxbuffer`, 1 MiB unless set; some room is left for
 * headers.
 */
const MULTI_BYTES_MAX = 900_000;
const MULTI_OPS_MAX = 10_000;

/** A node to copy. */
export interface SourceNode {
  readonly path: string;
  readonly data: Buffer | null;
  readonly version: number;
  readonly ephemeral: boolean;
  /** Undefined: the copy is open to all. */
  readonly acl: readonly Acl[] | undefined;
}

/** Throws where `to` lies at or below `from`: such a copy would have no end, such a move no sense. */
export function checkPlaces(from: string, to: string): void {
  if (isWithin(to, from)) throw new CommandFailure(`${to} lies within ${from}`, EXIT.usage);
}

/** Reads nodes, parents first. Nodes deleted meanwhile are left out, except the first. */
export async function readNodes(
  client: Client,
  from: string,
  how: { readonly recursive: boolean; readonly keepAcl: boolean },
): Promise<SourceNode[]> {
  const paths = how.recursive ? await subtree(client, from) : [from];
  const nodes = await inBatches(paths, async (path): Promise<SourceNode | undefined> => {
    try {
      const [{ data, stat }, acl] = await Promise.all([
        client.get(path),
        how.keepAcl ? client.getAcl(path) : undefined,
      ]);
      if (acl?.acl.some(isMasked)) {
        throw new CommandFailure(
          `the ACL of ${path} is not shown in full; --no-acl gives the copy an open one`,
          EXIT.noAuth,
        );
      }
      return { path, data, version: stat.version, ephemeral: stat.ephemeralOwner !== 0n, acl: acl?.acl };
    } catch (error) {
      if (path !== from && isKeeperError(error, 'NONODE')) return undefined;
      throw error;
    }
  });
  return nodes.filter((node) => node !== undefined);
}

/** Servers show `user:x` instead of a digest to those who may not administer the node. */
const isMasked = ({ id }: Acl): boolean => id.scheme === 'digest' && id.id.endsWith(':x');

/** The place of a copied node. */
const placeOf = (path: string, from: string, to: string): string => {
  const below = from === '/' ? path.slice(1) : path.slice(from.length + 1);
  return below === '' ? to : to === '/' ? `/${below}` : `${to}/${below}`;
};

/** Operations that create the copies, parents first. */
export const createOps = (nodes: readonly SourceNode[], from: string, to: string): WriteOp[] =>
  nodes.map((node) => ({
    type: 'create',
    path: placeOf(node.path, from, to),
    data: node.data,
    ...(node.acl !== undefined && { acl: node.acl }),
  }));

/** Operations that delete the originals, children first, each only in the version that was read. */
export const deleteOps = (nodes: readonly SourceNode[]): WriteOp[] =>
  nodes.map(({ path, version }): WriteOp => ({ type: 'delete', path, version })).reverse();

/** Whether one request can hold these operations. */
export function fitsOneMulti(ops: readonly WriteOp[]): boolean {
  if (ops.length > MULTI_OPS_MAX) return false;
  return ops.reduce((sum, op) => sum + bytesOf(op), 0) <= MULTI_BYTES_MAX;
}

/** Cuts operations into requests that a server takes, in order. */
export function inMultis(ops: readonly WriteOp[]): WriteOp[][] {
  const multis: WriteOp[][] = [];
  let bytes = Number.POSITIVE_INFINITY;
  for (const op of ops) {
    bytes += bytesOf(op);
    const current = multis.at(-1);
    if (current === undefined || bytes > MULTI_BYTES_MAX || current.length >= MULTI_OPS_MAX) {
      multis.push([op]);
      bytes = bytesOf(op);
    } else current.push(op);
  }
  return multis;
}

function bytesOf(op: WriteOp): number {
  const data = 'data' in op ? (op.data?.length ?? 0) : 0;
  const acl =
    'acl' in op
      ? (op.acl ?? []).reduce((sum, { id }) => sum + 12 + id.scheme.length + id.id.length * 3, 0)
      : 31;
  return 40 + Buffer.byteLength(op.path) + data + acl;
}
