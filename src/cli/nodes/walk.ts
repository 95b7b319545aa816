/** Ways through a subtree. */
import type { Client } from '../../client/api.ts';
import { isKeeperError } from '../../client/keeper-error.ts';
import { childPath } from '../../protocol/paths.ts';

/** Reads asked for at a time: enough to hide the way to the server, few enough not to crowd out others. */
const READS_AT_A_TIME = 64;

/**
 * zkCli's order: a node, then all its children (sorted), then the same for each child in turn. A node that is
 * deleted meanwhile has no children. Rejects where a node may not be read.
 */
export async function* walkAsZkCli(client: Client, path: string, watch: boolean): AsyncGenerator<string> {
  await client.get(path, watch);
  yield path;
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const children = (await childrenOf(client, next, watch)).map((name) => childPath(next, name));
    yield* children;
    waiting.push(...children.reverse());
  }
}

/** Names of children, sorted; none for a node that is gone. */
export async function childrenOf(client: Client, path: string, watch = false): Promise<string[]> {
  try {
    return (await client.getChildren(path, watch)).children.sort();
  } catch (error) {
    if (isKeeperError(error, 'NONODE')) return [];
    throw error;
  }
}

/**
 * All paths of a subtree, a node before those below it, level by level. Rejects with NONODE where there is
 * none, and with NOAUTH where children may not be read, unless `refused` takes their path instead.
 */
export async function subtree(
  client: Client,
  path: string,
  limit = Number.POSITIVE_INFINITY,
  refused?: (path: string) => void,
): Promise<string[]> {
  const paths = [path];
  let level = [path];
  for (let first = true; level.length > 0 && paths.length <= limit; first = false) {
    const below = await inBatches(level, async (at) => {
      try {
        const names = first ? (await client.getChildren(at)).children.sort() : await childrenOf(client, at);
        return names.map((name) => childPath(at, name));
      } catch (error) {
        if (refused === undefined || !isKeeperError(error, 'NOAUTH')) throw error;
        refused(at);
        return [];
      }
    });
    level = below.flat();
    for (const each of level) paths.push(each);
  }
  return paths;
}

/** Runs `work` for all items, some at a time, and answers the results in the order of the items. */
export async function inBatches<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (let at = 0; at < items.length; at += READS_AT_A_TIME) {
    const batch = await Promise.all(items.slice(at, at + READS_AT_A_TIME).map(work));
    for (const result of batch) results.push(result);
  }
  return results;
}

/** A node met on the way down, a parent before its children, siblings in order. */
export interface Visited {
  readonly path: string;
  /** 0 for the node the walk began at. */
  readonly depth: number;
  readonly children: readonly string[];
  /** Whether it is the last child of its parent, and so on up. */
  readonly last: readonly boolean[];
  /** Why its children could not be read. */
  readonly refused: boolean;
}

/** Depth first, down to `depthMax`. Nodes that may not be read are shown as refused. */
export async function* walk(
  client: Client,
  path: string,
  depthMax = Number.POSITIVE_INFINITY,
): AsyncGenerator<Visited> {
  const first = await client.exists(path);
  if (first === undefined) await client.get(path); // rejects with NONODE
  const waiting: { path: string; depth: number; last: readonly boolean[] }[] = [{ path, depth: 0, last: [] }];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const { children, refused } = await listing(client, next.path);
    yield { ...next, children, refused };
    if (next.depth >= depthMax) continue;
    for (let i = children.length - 1; i >= 0; i--) {
      const at = childPath(next.path, children[i] as string);
      waiting.push({ path: at, depth: next.depth + 1, last: [...next.last, i === children.length - 1] });
    }
  }
}

async function listing(client: Client, path: string): Promise<{ children: string[]; refused: boolean }> {
  try {
    return { children: await childrenOf(client, path), refused: false };
  } catch (error) {
    if (isKeeperError(error, 'NOAUTH')) return { children: [], refused: true };
    throw error;
  }
}
