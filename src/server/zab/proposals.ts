/**
 * Broadcast: proposals to the followers, their ACKs, and commits, strictly in order, as soon as a quorum has
 * a proposal on disk. An ACK stands for everything before it as well; the leader's own fsync is one of them.
 *
 * While a reconfiguration is under way it, and all that comes after it, needs quorums of both configurations.
 */

import { lo32 } from '../../base/halves.ts';
import { invariant } from '../../base/invariant.ts';
import { Fifo } from '../../base/ring.ts';
import { PACKET } from '../../protocol/quorum.ts';
import type { Membership } from '../quorum/membership.ts';
import { Quorums } from '../quorum/quorums.ts';
import { designatedLeader } from './designated-leader.ts';
import type { LeaderCore } from './leader-core.ts';
import type { LearnerHandle } from './learner-handle.ts';
import { txnOrigin } from './txn-origin.ts';

/** The last counter of an epoch that is used; after it a new epoch must begin (1277). */
const LAST_COUNTER = 0xffff_fffe;

/** Proposals a leader may hold: its followers go on committing without its disk, however slow that is. */
const WINDOW_BYTES_MAX = 512 * 1024 * 1024;

/** A `sync` that waits for its position to be committed; sorted, since positions only grow. */
interface WaitingSync {
  readonly h: LearnerHandle;
  readonly zxid: bigint;
}

/** See the head of the file. */
export class Proposals {
  private readonly core: LeaderCore;
  /** Learners that came with proposals under way: they are not to serve before those are committed. */
  private readonly onCommitted: () => void;
  /** A learner's `sync` was answered. */
  private readonly onSynced: (h: LearnerHandle) => void;
  private reconfig: { readonly zxid: bigint; readonly membership: Membership } | undefined;
  private readonly syncs = new Fifo<WaitingSync>();
  /** The zxid `hasIt` asks for. */
  private asked = 0n;

  constructor(core: LeaderCore, onCommitted: () => void, onSynced: (h: LearnerHandle) => void) {
    this.core = core;
    this.onCommitted = onCommitted;
    this.onSynced = onSynced;
  }

  /** Sends a proposal; `bytes` must not change any more. */
  propose(zxid: bigint, bytes: Buffer, membership: Membership | undefined): void {
    const { core } = this;
    invariant(zxid === core.lastProposed + 1n, 'zxids follow each other without a gap');
    if (lo32(zxid) > this.lastCounter) {
      core.stepDown('the zxids of this epoch are used up');
      return;
    }
    const limit = core.options.windowBytesMax ?? WINDOW_BYTES_MAX;
    if (core.window.bytes + bytes.length > limit) {
      core.stepDown(
        `${core.window.bytes} bytes of transactions wait for this server's disk; the limit is ${limit}`,
      );
      return;
    }
    core.window.push(zxid, bytes);
    core.lastProposed = zxid;
    if (membership !== undefined) this.proposeConfig(zxid, membership);
    const { events } = core;
    if (events.on['zab.proposed']) {
      events.emit('zab.proposed', {
        zxid,
        ...txnOrigin(bytes),
        bytes: bytes.length,
        followers: core.followers.length,
      });
    }
    for (const h of core.followers) core.sendProposal(h, zxid, bytes);
  }

  /** A learner has everything up to `zxid` on disk. */
  acked(h: LearnerHandle, zxid: bigint): void {
    const { core } = this;
    if (zxid > h.sent) {
      core.refuse(h, `it acknowledged 0x${zxid.toString(16)}, which it was not sent`);
      return;
    }
    if (zxid <= h.acked) return;
    h.acked = zxid;
    if (core.events.on['zab.acked']) core.events.emit('zab.acked', { sid: h.sid, zxid });
    if (h.hasHistory && h.votes) this.advance(zxid);
  }

  /** This server has everything up to there on disk. */
  logged(upTo: bigint): void {
    const { core } = this;
    if (upTo <= core.ownLogged) return;
    core.ownLogged = upTo;
    if (core.events.on['zab.acked']) core.events.emit('zab.acked', { sid: core.options.sid, zxid: upTo });
    this.advance(upTo);
  }

  /** Answers a learner's `sync` behind everything that was proposed before; leadership has been confirmed. */
  syncAt(h: LearnerHandle, zxid: bigint): void {
    this.syncs.push({ h, zxid });
    this.answerSyncs();
  }

  /** Commits what a quorum has, up to `limit`: one ACK cannot decide over what comes after it. */
  advance(limit = this.core.lastProposed): void {
    const { core } = this;
    if (!core.established || core.over) return;
    const before = core.lastCommitted;
    const end = limit < core.lastProposed ? limit : core.lastProposed;
    while (core.lastCommitted < end && this.quorumHas(core.lastCommitted + 1n)) {
      this.commitNext();
      if (core.over) return;
    }
    if (core.lastCommitted === before) return;
    core.window.trim(core.history.applied);
    core.effects.committed(core.lastCommitted);
    if (core.over) return;
    this.onCommitted();
    this.answerSyncs();
    if (lo32(core.lastCommitted) >= this.lastCounter) core.stepDown('the zxids of this epoch are used up');
  }

  private get lastCounter(): number {
    return this.core.options.lastCounter ?? LAST_COUNTER;
  }

  private quorumHas(zxid: bigint): boolean {
    const { quorums } = this.core;
    this.asked = zxid;
    const both = this.reconfig === undefined || zxid >= this.reconfig.zxid;
    return both ? quorums.isQuorum(this.hasIt) : quorums.current.isQuorum(this.hasIt);
  }

  private readonly hasIt = (sid: bigint): boolean => {
    const { core } = this;
    if (sid === core.options.sid) return core.ownLogged >= this.asked;
    const h = core.learners.get(sid);
    return h?.votes === true && h.hasHistory && h.acked >= this.asked;
  };

  private commitNext(): void {
    const { core } = this;
    const zxid = core.lastCommitted + 1n;
    core.lastCommitted = zxid;
    if (core.events.on['zab.committed']) core.events.emit('zab.committed', { zxid });
    if (this.reconfig?.zxid === zxid) {
      this.commitConfig(zxid, this.reconfig.membership);
      return;
    }
    for (const h of core.followers) if (zxid > h.base) h.port.send(PACKET.COMMIT, zxid, null);
    if (core.observers.length === 0) return;
    const bytes = core.window.get(zxid);
    for (const h of core.observers) if (zxid > h.base) h.port.send(PACKET.INFORM, zxid, bytes);
  }

  // ---- reconfiguration ----

  private proposeConfig(zxid: bigint, membership: Membership): void {
    const { core } = this;
    invariant(this.reconfig === undefined, 'one reconfiguration at a time');
    this.reconfig = { zxid, membership };
    core.quorums = new Quorums(core.quorums.current.membership, membership);
    core.lastSeen = membership;
    core.recount();
  }

  private commitConfig(zxid: bigint, membership: Membership): void {
    const { core } = this;
    const leader = designatedLeader(core, membership, zxid);
    const data = Buffer.alloc(8);
    data.writeBigInt64BE(leader);
    for (const h of core.followers) {
      if (zxid > h.base) h.port.send(PACKET.COMMITANDACTIVATE, zxid, data);
    }
    if (core.observers.length > 0) {
      const withEntry = Buffer.concat([data, core.window.get(zxid)]);
      for (const h of core.observers) {
        if (zxid > h.base) h.port.send(PACKET.INFORMANDACTIVATE, zxid, withEntry);
      }
    }
    this.reconfig = undefined;
    core.quorums = new Quorums(membership);
    core.recount();
    const { events } = core;
    if (events.on['zab.reconfigured']) {
      events.emit('zab.reconfigured', { zxid, servers: membership.members.length, leader });
    }
    core.effects.committed(zxid);
    // Who is no longer a member keeps following, without a vote, and serves its clients until it is stopped,
    // as with Apache.
    if (core.effects.activateConfig(membership, leader)) return;
    core.stepDown(`the new configuration makes server ${leader} the leader`);
  }

  private answerSyncs(): void {
    const { core, syncs } = this;
    for (let next = syncs.peek(); next !== undefined; next = syncs.peek()) {
      if (next.zxid > core.lastCommitted) return;
      syncs.shift();
      next.h.syncing = false;
      if (next.h.phase === 'serving') next.h.port.send(PACKET.SYNC, 0n, null);
      this.onSynced(next.h);
    }
  }
}
