/** Quotas as a client sees them: nodes below `/zookeeper/quota` (facts 2.8). */
import type { Client, NodeData } from '../../client/api.ts';
import { isKeeperError } from '../../client/keeper-error.ts';
import {
  childPath,
  parentPath,
  QUOTA_LIMITS_NODE,
  QUOTA_STATS_NODE,
  SYSTEM_PATHS,
} from '../../protocol/paths.ts';
import { limitsPath, type Quota, usagePath } from '../../protocol/quota.ts';
import { childrenOf } from './walk.ts';

/** Options that choose a limit, and its field. */
export const LIMITS: readonly (readonly [string, keyof Quota, string])[] = [
  ['n', 'count', 'num soft quota'],
  ['b', 'bytes', 'bytes soft quota'],
  ['N', 'countHard', 'num hard quota'],
  ['B', 'bytesHard', 'bytes hard quota'],
];

/** The text of a limits node as zkCli writes it: all four limits, whether set or not. */
export const limitsText = (q: Quota): string =>
  `count=${q.count},bytes=${q.bytes}=;byteHardLimit=${q.bytesHard};countHardLimit=${q.countHard}`;

/** The text of a node, or undefined where there is none. */
export async function textOf(client: Client, path: string): Promise<string | undefined> {
  const node = await client.get(path).catch(unlessNoNode<NodeData>);
  return node === undefined ? undefined : (node.data?.toString('utf8') ?? '');
}

function unlessNoNode<T>(error: unknown): T | undefined {
  if (isKeeperError(error, 'NONODE')) return undefined;
  throw error;
}

/** The path above `path` that has a quota. */
export async function quotaAbove(client: Client, path: string): Promise<string | undefined> {
  for (let at = parentPath(path); at !== '/'; at = parentPath(at)) {
    if ((await client.exists(limitsPath(at))) !== undefined) return at;
  }
  return undefined;
}

/** A path below `path` that has a quota. */
export async function quotaBelow(client: Client, path: string): Promise<string | undefined> {
  const waiting = [SYSTEM_PATHS.quota + path];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const children = await childrenOf(client, at);
    const found = at.slice(SYSTEM_PATHS.quota.length);
    if (found !== path && children.includes(QUOTA_LIMITS_NODE)) return found;
    const names = children.filter((name) => name !== QUOTA_LIMITS_NODE && name !== QUOTA_STATS_NODE);
    waiting.push(...names.reverse().map((name) => childPath(at as string, name)));
  }
  return undefined;
}

/** Makes the nodes of a quota, parents included. */
export async function makeQuota(client: Client, path: string, text: string): Promise<void> {
  const at = SYSTEM_PATHS.quota + path;
  for (let slash = at.indexOf('/', 1); slash > 0; slash = at.indexOf('/', slash + 1)) {
    await makeNode(client, at.slice(0, slash), null);
  }
  await makeNode(client, at, null);
  await makeNode(client, limitsPath(path), text);
  // The server fills in the usage at once; what stands here first is what a tree without counts would say.
  await makeNode(client, usagePath(path), 'count=0,bytes=0');
}

async function makeNode(client: Client, path: string, data: string | null): Promise<void> {
  try {
    await client.create(path, data);
  } catch (error) {
    if (!isKeeperError(error, 'NODEEXISTS')) throw error;
  }
}

/** Removes the nodes of a quota, and those above that are left empty. */
export async function dropQuota(client: Client, path: string): Promise<void> {
  await client.delete(limitsPath(path));
  await client.delete(usagePath(path)).catch(unlessNoNode<void>);
  for (let at = SYSTEM_PATHS.quota + path; at !== SYSTEM_PATHS.quota; at = parentPath(at)) {
    if ((await childrenOf(client, at)).length > 0) return;
    await client.delete(at).catch(unlessNoNode<void>);
  }
}
