/** A server's whole tree as a client sees it, in a form two servers can be compared by. */
import type { Client, NodeData, OpResult } from '../../src/client/index.ts';

/**
 * By path: data, every field of the stat, and the ACL, as JSON in the form of
 * `fixtures/datadir-basic/…/tree.json`.
 */
export type SeenTree = ReadonlyMap<string, string>;

/** Nodes asked for in one multiRead. */
const BATCH = 250;

/** Walks the tree from `/`, parents first. The client must be allowed to read every node and every ACL. */
export async function seeTree(client: Client): Promise<SeenTree> {
  const seen = new Map<string, string>();
  for (let level = ['/']; level.length > 0; ) {
    const next: string[] = [];
    for (let at = 0; at < level.length; at += BATCH) {
      const paths = level.slice(at, at + BATCH);
      const asked = paths.flatMap((path) => [
        { type: 'get' as const, path },
        { type: 'children' as const, path },
      ]);
      const [read, acls] = await Promise.all([
        client.multiRead(asked),
        Promise.all(paths.map((path) => client.getAcl(path))),
      ]);
      for (const [i, path] of paths.entries()) {
        seen.set(path, nodeText(path, dataOf(path, read[2 * i]), acls[i]?.acl ?? []));
        for (const child of childrenOf(path, read[2 * i + 1]))
          next.push(path === '/' ? `/${child}` : `${path}/${child}`);
      }
    }
    level = next;
  }
  return seen;
}

const dataOf = (path: string, result: OpResult | undefined): NodeData => {
  if (result?.type !== 'get') throw new Error(`no data of ${path}: ${JSON.stringify(result)}`);
  return result;
};

const childrenOf = (path: string, result: OpResult | undefined): string[] => {
  if (result?.type !== 'children') throw new Error(`no children of ${path}: ${JSON.stringify(result)}`);
  return result.children;
};

type AclEntry = Awaited<ReturnType<Client['getAcl']>>['acl'][number];

/** One node as a row of `tree.json`; the order of the keys is part of it. */
function nodeText(path: string, { data, stat }: NodeData, acl: readonly AclEntry[]): string {
  return JSON.stringify({
    path,
    data: data === null ? null : data.toString('base64'),
    stat: {
      czxid: String(stat.czxid),
      mzxid: String(stat.mzxid),
      ctime: String(stat.ctime),
      mtime: String(stat.mtime),
      version: stat.version,
      cversion: stat.cversion,
      aversion: stat.aversion,
      ephemeralOwner: String(stat.ephemeralOwner),
      dataLength: stat.dataLength,
      numChildren: stat.numChildren,
      pzxid: String(stat.pzxid),
    },
    acl: acl.map(({ perms, id }) => ({ perms, scheme: id.scheme, id: id.id })),
  });
}

/**
 * Where two trees differ: at most 20 nodes, each as the left and the right have it. Empty when they are
 * equal.
 */
export function treeDifferences(left: SeenTree, right: SeenTree): string[] {
  const found: string[] = [];
  for (const path of new Set([...left.keys(), ...right.keys()])) {
    const [l, r] = [left.get(path), right.get(path)];
    if (l === r) continue;
    found.push(`${path}\n  ${l ?? 'absent'}\n  ${r ?? 'absent'}`);
    if (found.length === 20) break;
  }
  return found;
}
