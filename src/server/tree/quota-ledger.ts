/**
 * Keeps the usage nodes of quotas right (facts 2.8). Usage is each server's own bookkeeping: it changes the
 * usage node's data without a transaction, and is counted anew whenever a quota begins or a snapshot is
 * loaded.
 */
import { QUOTA_LIMITS_NODE, QUOTA_STATS_NODE, SYSTEM_PATHS } from '../../protocol/paths.ts';
import {
  formatUsage,
  limitsPath,
  parseQuota,
  type Quota,
  quotaTarget,
  usagePath,
} from '../../protocol/quota.ts';
import { NO_NODE, type NodeId, type NodeStore, subtree } from './node-store.ts';
import { QuotaPaths } from './quota-paths.ts';

/** A soft limit that is exceeded: whose quota, which one, how much is used, how much is allowed. */
export interface QuotaBreach {
  readonly path: string;
  readonly what: 'count' | 'bytes';
  readonly used: number;
  readonly limit: number;
}

/** The quotas of one tree. */
export class QuotaLedger {
  private readonly store: NodeStore;
  private readonly find: (path: string) => NodeId;
  private readonly overwrite: (id: NodeId, data: Buffer) => void;
  private readonly paths = new QuotaPaths();

  /** `overwrite` replaces a usage node's data without a transaction. */
  constructor(
    store: NodeStore,
    find: (path: string) => NodeId,
    overwrite: (id: NodeId, data: Buffer) => void,
  ) {
    this.store = store;
    this.find = find;
    this.overwrite = overwrite;
  }

  /** False when no path has a quota, so that there is nothing to keep. */
  get active(): boolean {
    return this.paths.size > 0;
  }

  /** Paths with a quota. */
  list(): string[] {
    return [...this.paths];
  }

  /** A node appeared: count it, or begin a quota if it is a quota node. */
  created(path: string, id: NodeId): void {
    const limited = quotaTarget(path, QUOTA_LIMITS_NODE);
    if (limited !== undefined) this.paths.add(limited);
    const counted = quotaTarget(path, QUOTA_STATS_NODE);
    if (counted !== undefined) this.recount(counted);
    this.adjust(path, 1, Math.max(this.store.dataLength(id), 0));
  }

  /** A node is about to go: count it out, or end a quota if it is a limit node. */
  removed(path: string, id: NodeId): void {
    const limited = quotaTarget(path, QUOTA_LIMITS_NODE);
    if (limited !== undefined) this.paths.delete(limited);
    this.adjust(path, -1, -Math.max(this.store.dataLength(id), 0));
  }

  /** A node's data changed its length by that many bytes. */
  resized(path: string, bytes: number): void {
    if (bytes !== 0) this.adjust(path, 0, bytes);
  }

  /** Finds all quotas anew, and counts their usage. */
  rebuild(): void {
    for (const id of [...subtree(this.store, this.find(SYSTEM_PATHS.quota))]) {
      const limited = quotaTarget(this.store.path(id), QUOTA_LIMITS_NODE);
      if (limited === undefined) continue;
      this.paths.add(limited);
      this.recount(limited);
    }
  }

  /** The deepest path at or above `path` with a quota. */
  governing(path: string): string | undefined {
    return this.paths.deepest(path);
  }

  /** Limits of a path that has a quota. */
  limits(path: string): Quota {
    return this.read(limitsPath(path));
  }

  /** Usage of a path that has a quota, as counted. */
  usage(path: string): Quota {
    return this.read(usagePath(path));
  }

  /** The soft limits that a path's quota exceeds after adding so much. */
  *breaches(path: string, count: number, bytes: number): IterableIterator<QuotaBreach> {
    const owner = this.paths.deepest(path);
    if (owner === undefined) return;
    const limits = this.limits(owner);
    const used = this.usage(owner);
    if (limits.count > -1 && used.count + count > limits.count) {
      yield { path: owner, what: 'count', used: used.count + count, limit: limits.count };
    }
    if (limits.bytes > -1 && used.bytes + bytes > limits.bytes) {
      yield { path: owner, what: 'bytes', used: used.bytes + bytes, limit: limits.bytes };
    }
  }

  /** True when adding so much would exceed a hard limit of the path's quota. */
  exceedsHard(path: string, count: number, bytes: number): boolean {
    const owner = this.paths.deepest(path);
    if (owner === undefined) return false;
    const limits = this.limits(owner);
    if (limits.countHard < 0 && limits.bytesHard < 0) return false;
    const used = this.usage(owner);
    return (
      (count > 0 && limits.countHard > -1 && used.count + count > limits.countHard) ||
      (bytes > 0 && limits.bytesHard > -1 && used.bytes + bytes > limits.bytesHard)
    );
  }

  private adjust(path: string, count: number, bytes: number): void {
    const owner = this.paths.deepest(path);
    if (owner === undefined) return;
    const id = this.find(usagePath(owner));
    if (id === NO_NODE) return;
    const used = this.usage(owner);
    this.overwrite(id, Buffer.from(formatUsage(used.count + count, used.bytes + bytes)));
  }

  private recount(path: string): void {
    const id = this.find(usagePath(path));
    if (id === NO_NODE) return;
    let count = 0;
    let bytes = 0;
    for (const node of subtree(this.store, this.find(path))) {
      count++;
      bytes += Math.max(this.store.dataLength(node), 0);
    }
    this.overwrite(id, Buffer.from(formatUsage(count, bytes)));
  }

  private read(path: string): Quota {
    const id = this.find(path);
    const data = id === NO_NODE ? null : this.store.copyData(id);
    return parseQuota(data?.toString('utf8') ?? '');
  }
}
