/** Quotas as nodes (facts 2.8): where limits and usage of a path stand, and their text. */
import { QUOTA_LIMITS_NODE, QUOTA_STATS_NODE, SYSTEM_PATHS } from './paths.ts';

/** Limits or usage; -1 means no limit. `count` includes the node itself, `bytes` sums data lengths. */
export interface Quota {
  count: number;
  bytes: number;
  countHard: number;
  bytesHard: number;
}

/** What a quota without any limit says. */
export const noQuota = (): Quota => ({ count: -1, bytes: -1, countHard: -1, bytesHard: -1 });

const KEYS: ReadonlyMap<string, keyof Quota> = new Map([
  ['count', 'count'],
  ['bytes', 'bytes'],
  ['countHardLimit', 'countHard'],
  ['byteHardLimit', 'bytesHard'],
] as const);

/** Reads `count=5,bytes=-1=;byteHardLimit=-1;countHardLimit=1`; unknown or odd parts are passed over. */
export function parseQuota(text: string): Quota {
  const quota = noQuota();
  for (const part of text.split(/[,;]+/)) {
    const eq = part.indexOf('=');
    if (eq < 0) continue;
    const key = KEYS.get(part.slice(0, eq));
    const digits = part.slice(eq + 1).replace(/=$/, '');
    const value = digits === '' ? -1 : Number(digits);
    if (key !== undefined && Number.isSafeInteger(value)) quota[key] = value;
  }
  return quota;
}

/** The text of a limit node: hard limits only where one is set, in Apache's odd form. */
export function formatQuota(q: Quota): string {
  const soft = `count=${q.count},bytes=${q.bytes}`;
  if (q.countHard < 0 && q.bytesHard < 0) return soft;
  return `${soft}=;byteHardLimit=${q.bytesHard};countHardLimit=${q.countHard}`;
}

/** The text of a usage node. */
export const formatUsage = (count: number, bytes: number): string => `count=${count},bytes=${bytes}`;

const PREFIX = `${SYSTEM_PATHS.quota}/`;

/**
 * The path a quota node is about, or undefined for any other node: `/zookeeper/quota/a/zookeeper_limits` ->
 * `/a`.
 */
export function quotaTarget(
  path: string,
  leaf: typeof QUOTA_LIMITS_NODE | typeof QUOTA_STATS_NODE,
): string | undefined {
  if (!path.startsWith(PREFIX) || !path.endsWith(`/${leaf}`)) return undefined;
  const target = path.slice(SYSTEM_PATHS.quota.length, -(leaf.length + 1));
  return target === '' ? undefined : target;
}

/** Where the limits of a path's quota stand. */
export const limitsPath = (path: string): string => `${SYSTEM_PATHS.quota}${path}/${QUOTA_LIMITS_NODE}`;
/** Where the usage of a path's quota stands. */
export const usagePath = (path: string): string => `${SYSTEM_PATHS.quota}${path}/${QUOTA_STATS_NODE}`;
