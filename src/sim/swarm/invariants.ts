/**
 * What must hold at every moment of a run, whatever happens: looked at again and again while it goes on, from
 * outside, on the simulated disks and in the memory of the nodes.
 */
import { hex0x } from '../../base/brands.ts';
import { OP } from '../../protocol/opcodes.ts';
import { decodeEntry } from '../../protocol/txn.ts';
import type { Membership } from '../../server/quorum/membership.ts';
import { parseMembershipText } from '../../server/quorum/membership-text.ts';
import { QuorumRule } from '../../server/quorum/quorums.ts';
import { listSnapshots } from '../../storage/data-dir.ts';
import type { Violation } from '../checkers/history.ts';
import type { Cluster } from '../cluster.ts';
import type { SimNode } from '../sim-node.ts';
import { NODE_DIR } from '../sim-node.ts';
import { CommittedEntries, eachEntry } from './committed.ts';
import { readEpoch } from './read-epoch.ts';

const SNAP_DIR = `${NODE_DIR}/version-2`;
/** Digests remembered: those of the last so many zxids. */
const DIGESTS_KEPT = 20_000;

/** See the head of the file. */
export class Invariants {
  readonly violations: Violation[] = [];
  readonly committed = new CommittedEntries((violation) => this.violations.push(violation));
  private readonly cluster: Cluster;
  private readonly digests = new Map<bigint, { readonly digest: bigint; readonly by: string }>();
  private readonly leaders = new Map<number, string>();
  private readonly rules: { readonly from: bigint; readonly rule: QuorumRule }[] = [];
  private readonly first: QuorumRule;
  private readonly epochs = new Map<SimNode, { accepted: number; current: number }>();

  constructor(cluster: Cluster) {
    this.cluster = cluster;
    this.first = new QuorumRule(membershipOf(cluster.nodes[0] as SimNode));
  }

  /** What costs little: leaders, and digests of equal zxids. */
  look(): void {
    for (const node of this.cluster.nodes) {
      const { handle } = node;
      const database = handle?.database;
      if (handle?.mode === undefined || database === undefined) continue;
      this.compareDigest(node, database.lastZxid, database.tree.digest.value());
      if (handle.mode === 'leader') this.oneLeader(node);
    }
  }

  /** What costs more: epoch files, and the logs. */
  lookDeeper(): void {
    this.look();
    for (const node of this.cluster.nodes) {
      if (this.cluster.damaged.has(node)) {
        // What it has on disk says nothing before it is whole.
        this.forget(node);
        continue;
      }
      this.checkEpochs(node);
      this.committed.collect(node);
    }
  }

  /** A disk was emptied: its history does not count. */
  forget(node: SimNode): void {
    this.epochs.delete(node);
  }

  /** A write was acknowledged: a quorum of disks must hold it, whatever the processes say. */
  acknowledged(zxid: bigint): void {
    const { nodes, damaged } = this.cluster;
    // Of a damaged disk nobody can tell: there is but one, and the others could do without it.
    const holders = nodes.filter((node) => damaged.has(node) || durablyHolds(node, zxid));
    const ids = new Set(holders.map((node) => BigInt(node.id)));
    if (this.ruleAt(zxid).isQuorum((sid) => ids.has(sid))) return;
    const names = holders.map((n) => n.name).join(', ');
    this.say(
      'what is acknowledged is on a quorum of disks',
      `${hex0x(zxid)} is on the disks of ${names || 'nobody'}`,
    );
  }

  /**
   * A server says that a configuration is in force: with the zxid of the transaction that made it, if one
   * did.
   */
  reconfigured(node: SimNode, zxid: bigint): void {
    if (this.rules.some((rule) => rule.from === zxid)) return;
    eachEntry(node.disk.look('live'), zxid - 1n, zxid, (_, bytes) => {
      const txn = decodeEntry(bytes)?.txn;
      if (txn?.type !== OP.reconfig) return;
      const membership = parseMembershipText(txn.data?.toString() ?? '');
      if (membership === undefined) return;
      this.rules.push({ from: zxid, rule: new QuorumRule(membership) });
      this.rules.sort((a, b) => (a.from < b.from ? -1 : 1));
    });
  }

  /** What a quorum was when that transaction was committed. */
  private ruleAt(zxid: bigint): QuorumRule {
    return this.rules.findLast(({ from }) => from <= zxid)?.rule ?? this.first;
  }

  private say(rule: string, text: string): void {
    this.violations.push({ rule, text });
  }

  private compareDigest(node: SimNode, zxid: bigint, digest: bigint): void {
    const before = this.digests.get(zxid);
    if (before === undefined) {
      this.digests.set(zxid, { digest, by: node.name });
      if (this.digests.size > DIGESTS_KEPT) this.digests.delete(this.digests.keys().next().value as bigint);
      return;
    }
    if (before.digest === digest) return;
    this.say('equal zxids mean equal trees', `${before.by} and ${node.name} differ at ${hex0x(zxid)}`);
    // Once is enough.
    this.digests.set(zxid, { digest, by: node.name });
  }

  private oneLeader(node: SimNode): void {
    const epoch = readEpoch(node, 'currentEpoch');
    if (epoch === undefined) return;
    const before = this.leaders.get(epoch);
    if (before === undefined) this.leaders.set(epoch, node.name);
    else if (before !== node.name) {
      this.say('one leader an epoch', `${before} and ${node.name} lead epoch ${epoch}`);
    }
  }

  private checkEpochs(node: SimNode): void {
    if (!node.up) return;
    const accepted = readEpoch(node, 'acceptedEpoch') ?? 0;
    const current = readEpoch(node, 'currentEpoch') ?? 0;
    const before = this.epochs.get(node);
    const text = `${node.name}: accepted ${accepted}, current ${current}`;
    if (current > accepted) this.say('currentEpoch <= acceptedEpoch', text);
    if (before !== undefined && (accepted < before.accepted || current < before.current)) {
      this.say('epochs never fall', `${text}; before ${before.accepted}, ${before.current}`);
    }
    this.epochs.set(node, { accepted, current });
  }
}

/** Whether a loss of power now would leave that transaction with the node. */
function durablyHolds(node: SimNode, zxid: bigint): boolean {
  const disk = node.disk.look('durable');
  if (!disk.exists(SNAP_DIR)) return false;
  if (listSnapshots(disk, SNAP_DIR).some((snapshot) => snapshot.zxid >= zxid)) return true;
  let found = false;
  eachEntry(disk, zxid - 1n, zxid, () => {
    found = true;
  });
  return found;
}

/** The members that its files name. */
function membershipOf(node: SimNode): Membership {
  const { membership } = node.configuration().quorum;
  if (membership !== undefined) return membership;
  const alone = { id: node.id, addresses: [], role: 'participant', client: undefined } as const;
  return { members: [alone], groups: new Map(), weights: new Map(), version: 0n };
}
