/**
 * What a server knows: the tree, the sessions with their timeouts, and the last transaction both have taken
 * in.
 */
import { ZktError } from '../../base/errors.ts';
import { JuteWriter } from '../../jute/writer.ts';
import { ownerKind } from '../../protocol/create-mode.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { ZxidDigest } from '../../protocol/files.ts';
import { SYSTEM_PATHS } from '../../protocol/paths.ts';
import { DIGEST_VERSION, type TxnEntry } from '../../protocol/txn.ts';
import type { SnapshotSink } from '../../storage/snapshot-decoder.ts';
import type { SnapshotSource } from '../../storage/snapshot-format.ts';
import { applyTxn, type TreeEffects } from '../tree/apply.ts';
import { DataTree } from '../tree/data-tree.ts';
import { NO_NODE } from '../tree/node-store.ts';
import type { TreeOptions } from '../tree/tree-options.ts';
import { TreeSnapshot } from '../tree/tree-snapshot.ts';

/** Unknown ACLs that a message names. */
const ACLS_NAMED = 10;

/** A snapshot being taken: the source to write from, and the end of it, for better or worse. */
export interface RunningSnapshot {
  readonly source: SnapshotSource;
  readonly nodes: number;
  end(): void;
}

/** The state that transactions change, and that snapshots keep. */
export class Database {
  readonly tree: DataTree;
  /** Sessions by id with their timeout, ms, as transactions say: what a snapshot holds. */
  readonly sessions = new Map<bigint, number>();
  /** The last transaction applied; 0 for a fresh tree. */
  lastZxid = 0n;
  private snapshots = 0;
  private fuzzyUntil = 0n;
  /** Told of digests that differ from what the log says. */
  private readonly mismatch: (zxid: bigint, expected: bigint, actual: bigint) => void;

  constructor(options: TreeOptions, mismatch: (zxid: bigint, expected: bigint, actual: bigint) => void) {
    this.tree = new DataTree(options);
    this.mismatch = mismatch;
  }

  /** Takes a snapshot in. Call `finishLoad` when all of it, and the log after it, has been taken in. */
  sink(): SnapshotSink {
    const { tree } = this;
    return {
      session: (id, timeoutMs) => {
        this.sessions.set(id, timeoutMs);
      },
      acl: (key, acl) => {
        tree.acls.restore(Number(key), acl ?? []);
      },
      node: (path, bytes, dataStart, dataLength, aclKey, statStart) =>
        tree.restoreNode(path, bytes, dataStart, dataLength, Number(aclKey), statStart)
          ? undefined
          : `${path} comes before its parent, or twice`,
    };
  }

  /**
   * The snapshot of that zxid is complete; `digest` is that of the tree at its own zxid, if the writer kept
   * one.
   */
  loaded(zxid: bigint, digest: ZxidDigest | undefined): void {
    this.lastZxid = zxid;
    // A fuzzy snapshot holds parts of later transactions, up to the zxid of its digest: until then digests
    // differ.
    if (digest !== undefined && digest.zxid > zxid) this.fuzzyUntil = digest.zxid;
    else if (digest?.zxid === zxid && digest.version === DIGEST_VERSION) this.compare(zxid, digest.digest);
  }

  /**
   * Applies a transaction from the log at start. Whether the tree is then what it was when that was written;
   * undefined where nothing tells.
   */
  replay(entry: TxnEntry): boolean | undefined {
    const { header, txn, digest } = entry;
    applyTxn(this.tree, header, txn, this.sessionEffects());
    this.lastZxid = header.zxid;
    if (digest === undefined || digest.version !== DIGEST_VERSION || header.zxid < this.fuzzyUntil)
      return undefined;
    return this.compare(header.zxid, digest.treeDigest);
  }

  private compare(zxid: bigint, expected: bigint): boolean | undefined {
    if (!this.tree.options.digest) return undefined;
    const actual = this.tree.digest.value();
    if (expected === actual) {
      this.tree.digestSettled = true;
      return true;
    }
    if (!this.tree.digestSettled) return undefined;
    this.mismatch(zxid, expected, actual);
    return false;
  }

  /** After a load: quotas, system nodes. Throws `ZKT_SNAPSHOT_CORRUPT` for a node whose ACL never came. */
  finishLoad(file: string): void {
    this.finishSnapshot();
    const why = this.lacking();
    if (why !== undefined) throw new ZktError('ZKT_SNAPSHOT_CORRUPT', { file, offset: 0, why });
  }

  /**
   * What nodes refer to and nothing has brought yet, in words; undefined when the tree is whole. A node of a
   * fuzzy snapshot may come before its ACL, which a later transaction brings.
   */
  lacking(): string | undefined {
    const unknown = this.tree.acls.unknown();
    if (unknown.length === 0) return undefined;
    const numbers = unknown.slice(0, ACLS_NAMED).join(', ') + (unknown.length > ACLS_NAMED ? ', …' : '');
    return `nodes refer to ACLs that are in neither snapshot nor log (numbers ${numbers})`;
  }

  /** `finishLoad` of a snapshot whose later transactions are still to come: it need not be whole yet. */
  finishSnapshot(): void {
    this.tree.finishRestore();
    const config = this.tree.find(SYSTEM_PATHS.config);
    if (config !== NO_NODE && this.tree.store.dataLength(config) < 0) {
      this.tree.overwriteData(config, Buffer.alloc(0));
    }
  }

  /**
   * Owners of ephemerals that are no known session: their ephemerals must not outlive the start (facts 3).
   * Owners that mark TTL nodes are told apart even while `extendedTypesEnabled` is off: Apache takes those
   * nodes for ephemerals of a dead session and deletes them (facts 14.5); they are data, and stay.
   */
  orphanOwners(): { readonly sessions: bigint[]; readonly ttlNodes: string[] } {
    const sessions: bigint[] = [];
    const ttlNodes: string[] = [];
    for (const [owner, paths] of this.tree.owned.ephemerals) {
      if (this.sessions.has(owner)) continue;
      if (ownerKind(owner, { enabled: true, emulate353: false }) === 'ttl') ttlNodes.push(...paths);
      else sessions.push(owner);
    }
    return { sessions, ttlNodes };
  }

  /** Begins a snapshot of this very moment. Only one at a time. */
  beginSnapshot(): RunningSnapshot {
    const { lastZxid } = this;
    const picture = new TreeSnapshot(this.tree, ++this.snapshots, new JuteWriter(4096));
    return {
      nodes: picture.nodes,
      source: {
        zxid: lastZxid,
        sessions: [...this.sessions].map(([id, timeout]) => ({ id, timeout })),
        acls: picture.acls.map(([id, acl]) => ({ key: BigInt(id), acl })),
        writeNodes: (w, budget) => picture.writeSome(w, budget),
        get nodesWritten() {
          return picture.written;
        },
        digest: () =>
          this.tree.options.digest
            ? { zxid: lastZxid, version: DIGEST_VERSION, digest: picture.digest }
            : undefined,
      },
      end: () => picture.end(),
    };
  }

  /** What transactions do to sessions; nothing else hears of them at start. */
  private sessionEffects(): TreeEffects {
    return {
      created() {},
      deleted() {},
      changed() {},
      childrenChanged() {},
      sessionCreated: (session, timeoutMs) => {
        this.sessions.set(session, timeoutMs);
      },
      sessionClosed: (session) => {
        this.sessions.delete(session);
      },
    };
  }
}

/** The code a write gets while the log has no room (ENOSPC): refused, and nothing is half done. */
export const NO_SPACE_ERR = ERR.SYSTEMERROR;
