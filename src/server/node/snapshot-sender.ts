/**
 * Sends a snapshot of the tree to a learner, behind a SNAP packet, no faster than the learner reads:
 * sessions, ACLs and nodes as in a file, without header, seals and digest, and the signature at the end
 * (facts 9.2).
 */
import type { Emitter } from '../../events/bus.ts';
import { JuteWriter } from '../../jute/writer.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Timers } from '../../ports/timers.ts';
import { PACKET, SNAP_SIGNATURE } from '../../protocol/quorum.ts';
import { SnapshotBody } from '../../storage/snapshot-format.ts';
import type { PacketLink } from '../net/packet-link.ts';
import type { Database, RunningSnapshot } from './database.ts';
import type { SnapshotTurn, SnapshotTurns } from './snapshot-turns.ts';

/** Encoded at a time. */
const SLICE_BYTES = 128 * 1024;
/** What waits in the connection beyond this is to be read first. */
const WAITING_BYTES_MAX = 512 * 1024;

/** The world a sender needs. */
export interface SnapshotSenderWorld {
  readonly timers: Timers;
  readonly clock: Clock;
  readonly events: Emitter;
}

/** Where the snapshot comes from. */
export interface SnapshotOrigin {
  /** The database at the moment its turn comes. */
  readonly database: Database;
  readonly turns: SnapshotTurns;
}

/**
 * What the owner of a connection is told; never from inside `drained` and `cancel`, `begun` also from inside
 * `start`.
 */
export interface SnapshotSenderOwner {
  /** The SNAP packet was sent: the snapshot is of the tree at this moment. */
  begun(): void;
  /** All of it was handed to the connection: packets may follow. */
  sent(): void;
}

/**
 * One SNAP. `start` it, and tell it when the connection has `drained`; `cancel` it when the connection is
 * gone.
 */
export class SnapshotSender {
  private readonly world: SnapshotSenderWorld;
  private readonly origin: SnapshotOrigin;
  private readonly link: PacketLink;
  private readonly owner: SnapshotSenderOwner;
  private turn: SnapshotTurn | undefined;
  private running: RunningSnapshot | undefined;
  private body: SnapshotBody | undefined;
  private slice = new JuteWriter(2 * SLICE_BYTES);
  private stepping = false;
  private bytes = 0;
  private sinceMs = 0;
  private over = false;

  constructor(
    world: SnapshotSenderWorld,
    origin: SnapshotOrigin,
    link: PacketLink,
    owner: SnapshotSenderOwner,
  ) {
    this.world = world;
    this.origin = origin;
    this.link = link;
    this.owner = owner;
  }

  /** True until all is sent, or given up. */
  get active(): boolean {
    return !this.over;
  }

  /** Begins as soon as no other snapshot is being taken. */
  start(): void {
    this.turn = this.origin.turns.take(() => this.begin());
  }

  /** The connection has room again. */
  drained(): void {
    if (this.body !== undefined && !this.over) this.later();
  }

  /** Gives up. */
  cancel(): void {
    if (this.over) return;
    this.over = true;
    this.running?.end();
    this.turn?.end();
  }

  private begin(): void {
    const { database } = this.origin;
    this.sinceMs = this.world.clock.monotonicMs();
    this.running = database.beginSnapshot();
    this.body = new SnapshotBody(this.running.source);
    this.link.send(PACKET.SNAP, this.running.source.zxid, null);
    this.owner.begun();
    this.later();
  }

  private later(): void {
    if (this.stepping) return;
    this.stepping = true;
    this.world.timers.after(0, () => {
      this.stepping = false;
      if (!this.over) this.step();
    });
  }

  private step(): void {
    const { body, link } = this;
    if (body === undefined || link.pendingBytes >= WAITING_BYTES_MAX) return;
    const w = this.slice.reset();
    const complete = body.next(w, SLICE_BYTES);
    if (complete) w.writeString(SNAP_SIGNATURE);
    this.bytes += w.pos;
    if (!link.sendRaw(w.bytes())) this.slice = new JuteWriter(2 * SLICE_BYTES);
    if (complete) this.finish();
    else this.later();
  }

  private finish(): void {
    this.over = true;
    const { running } = this;
    const { events, clock } = this.world;
    if (running !== undefined && events.on['snapshot.sent']) {
      const { zxid, nodesWritten: nodes } = running.source;
      const ms = clock.monotonicMs() - this.sinceMs;
      events.emit('snapshot.sent', { remote: this.link.remote, zxid, nodes, bytes: this.bytes, ms });
    }
    running?.end();
    this.turn?.end();
    this.owner.sent();
  }
}
