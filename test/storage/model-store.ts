/** A store of one node a transaction, on the simulated disk: enough to see which transactions survive. */
import { Prng } from '../../src/base/prng.ts';
import { SILENT } from '../../src/events/bus.ts';
import { encode } from '../../src/jute/schema.ts';
import type { JuteWriter } from '../../src/jute/writer.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import type { Timers } from '../../src/ports/timers.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import { STAT_PERSISTED_BYTES } from '../../src/protocol/stat.ts';
import { CreateTxn, decodeEntry, TxnHeader } from '../../src/protocol/txn.ts';
import type { SimDisk } from '../../src/sim/disk.ts';
import { type DataDirs, dataDirs, prepareDataDirs } from '../../src/storage/data-dir.ts';
import { purge } from '../../src/storage/purge.ts';
import { type RecoveryOptions, type RecoveryResult, recover } from '../../src/storage/recovery.ts';
import type { SnapshotSource } from '../../src/storage/snapshot-format.ts';
import { SnapshotWriter, writeSnapshotNow } from '../../src/storage/snapshot-writer.ts';
import { TxnLog, type TxnLogOptions } from '../../src/storage/txn-log.ts';

export const clock = { monotonicMs: () => 0, wallMs: () => 0 };

/** What transaction `zxid` writes; its length crosses sectors now and then. */
const payload = (zxid: bigint): Buffer => {
  const prng = new Prng(Number(zxid & 0xffffn));
  const length = prng.chance(0.2) ? 400 + prng.below(1500) : prng.below(60);
  const bytes = Buffer.alloc(length);
  // Some values are zeros: the hardest to tell from a write that never came.
  const zeros = prng.chance(0.2);
  for (let i = 0; i < length; i++) bytes[i] = zeros ? 0 : prng.below(256);
  return bytes;
};

/** The entry of transaction `zxid`: a create of `/n<zxid>`. */
export const entryOf = (zxid: bigint): Buffer =>
  Buffer.concat([
    encode(TxnHeader, { clientId: 7n, cxid: 1, zxid, time: 1000n, type: OP.create }),
    encode(CreateTxn, {
      path: `/n${zxid}`,
      data: payload(zxid),
      acl: [],
      ephemeral: false,
      parentCVersion: 1,
    }),
  ]);

/** Timers run by hand. */
export class HandTimers implements Timers {
  private queue: (() => void)[] = [];
  after(_ms: number, fn: () => void): { cancel(): void } {
    this.queue.push(fn);
    return { cancel: () => {} };
  }
  every(): { cancel(): void } {
    return { cancel: () => {} };
  }
  soon(fn: () => void): void {
    this.queue.push(fn);
  }
  runOne(): boolean {
    const next = this.queue.shift();
    next?.();
    return next !== undefined;
  }
}

/** The store's state: path (without slash) -> data. */
export type Nodes = Map<string, Buffer>;

export class NodesSource implements SnapshotSource {
  readonly zxid: bigint;
  readonly sessions = [{ id: 7n, timeout: 30_000 }];
  readonly acls = [];
  nodesWritten = 0;
  private readonly nodes: [string, Buffer][];

  constructor(zxid: bigint, nodes: Nodes) {
    this.zxid = zxid;
    this.nodes = [['', Buffer.alloc(0)], ...nodes];
  }

  writeNodes(w: JuteWriter, budget: number): boolean {
    const limit = w.pos + budget;
    while (this.nodesWritten < this.nodes.length && w.pos < limit) {
      const [path, data] = this.nodes[this.nodesWritten++] as [string, Buffer];
      w.writeString(path);
      w.writeBuffer(data);
      w.writeLong(-1n);
      w.writeRaw(Buffer.alloc(STAT_PERSISTED_BYTES, 1));
    }
    return this.nodesWritten === this.nodes.length;
  }

  digest(): { zxid: bigint; version: number; digest: bigint } {
    return { zxid: this.zxid, version: 2, digest: 5n };
  }
}

/** Rebuilds nodes from disk. */
export function recoverNodes(
  disk: SimDisk,
  dirs: DataDirs,
  options: Partial<RecoveryOptions> = {},
): { nodes: Nodes; result: RecoveryResult } {
  let nodes: Nodes = new Map();
  const target = {
    begin: () => {
      nodes = new Map();
    },
    session: () => {},
    acl: () => {},
    node: (path: string, bytes: Buffer, start: number, length: number) => {
      if (path !== '') nodes.set(path, Buffer.from(bytes.subarray(start, start + Math.max(0, length))));
      return undefined;
    },
    loaded: () => {},
    replay: (bytes: Buffer, start: number, end: number, zxid: bigint) => {
      const entry = decodeEntry(bytes.subarray(start, end));
      if (entry === undefined || entry.header.zxid !== zxid) return 'not the entry it should be';
      if (entry.txn.type === OP.create) nodes.set(entry.txn.path, Buffer.from(entry.txn.data ?? []));
      return undefined;
    },
  };
  const deps = { disk, clock, events: SILENT, compression: systemCompression };
  const result = recover(deps, dirs, target, { trustEmpty: false, autoCreate: true, ...options });
  return { nodes, result };
}

const SMALL: Omit<TxnLogOptions, 'dir'> = {
  preAllocBytes: 8192,
  forceSync: true,
  sizeLimitBytes: 0,
  slowSyncMs: 1e9,
};

/** A store on a simulated disk: appends, snapshots, purges, closes. */
export class ModelStore {
  readonly disk: SimDisk;
  readonly dirs: DataDirs;
  readonly timers = new HandTimers();
  readonly log: TxnLog;
  readonly snapshots: SnapshotWriter;
  nodes: Nodes;
  /** The last zxid appended, and the last one acknowledged. */
  last: bigint;
  acked: bigint;
  failures: string[] = [];
  fullSaid = 0;
  backSaid = 0;
  private pendingApply: bigint[] = [];

  constructor(disk: SimDisk, options: Partial<TxnLogOptions> = {}) {
    this.disk = disk;
    this.dirs = dataDirs(disk, '/data');
    prepareDataDirs(disk, this.dirs);
    const { nodes, result } = recoverNodes(disk, this.dirs);
    this.nodes = nodes;
    this.last = result.lastZxid;
    this.acked = result.lastZxid;
    const deps = { disk, clock, timers: this.timers, events: SILENT, compression: systemCompression };
    const snapOptions = {
      dir: this.dirs.snapDir,
      compression: 'none' as const,
      lastProcessedZxid: false,
      sliceMs: 5,
    };
    if (result.kind === 'empty') writeSnapshotNow(deps, snapOptions, new NodesSource(0n, new Map()));
    this.log = new TxnLog(
      deps,
      {
        synced: (upTo) => this.synced(upTo),
        failed: (error) => this.failures.push(error.message),
        full: () => this.fullSaid++,
        spaceBack: () => this.backSaid++,
      },
      { dir: this.dirs.logDir, ...SMALL, ...options },
    );
    this.snapshots = new SnapshotWriter(deps, snapOptions);
  }

  append(count: number): void {
    for (let i = 0; i < count; i++) {
      this.last++;
      this.pendingApply.push(this.last);
      this.log.append(entryOf(this.last));
    }
  }

  snapshot(): void {
    if (this.snapshots.running) return;
    this.log.roll();
    this.snapshots.start(new NodesSource(this.acked, this.nodes), () => {});
  }

  purge(): void {
    purge(this.disk, this.dirs, 3, () => {});
  }

  /** Runs everything under way to its end. */
  settle(): void {
    while (this.disk.runOne() || this.timers.runOne()) this.log.flush();
  }

  private synced(upTo: bigint): void {
    if (this.disk.dead) return;
    this.acked = upTo;
    while (this.pendingApply.length > 0 && (this.pendingApply[0] as bigint) <= upTo) {
      const zxid = this.pendingApply.shift() as bigint;
      this.nodes.set(`/n${zxid}`, payload(zxid));
    }
  }
}

/** States what recovered nodes must be: exactly the transactions 1 to `last`. */
export function wrongNodes(nodes: Nodes, last: bigint): string | undefined {
  if (BigInt(nodes.size) !== last) return `${nodes.size} nodes for ${last} transactions`;
  for (let zxid = 1n; zxid <= last; zxid++) {
    if (nodes.get(`/n${zxid}`)?.equals(payload(zxid)) !== true)
      return `transaction ${zxid} is missing or changed`;
  }
  return undefined;
}
