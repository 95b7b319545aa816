/**
 * A learner's connection at its leader: packets, and between them a snapshot, behind which what is sent
 * meanwhile waits.
 */
import type { Socket } from '../../ports/net.ts';
import type { Id } from '../../protocol/acl.ts';
import { PacketLink, type PacketLinkLimits } from '../net/packet-link.ts';
import { HISTORY_BYTES_MAX, type LearnerPort } from '../zab/leader-effects.ts';
import { type SnapshotOrigin, SnapshotSender, type SnapshotSenderWorld } from './snapshot-sender.ts';

/** What the connection tells the leader's role. */
export interface LearnerConnectionOwner {
  packet(type: number, zxid: bigint, data: Buffer | null, authinfo: readonly Id[] | null): void;
  /** There is room for more. */
  drained(): void;
  /** Gone; said once. */
  closed(why: string): void;
}

/** Packets that wait for the end of a snapshot. */
interface HeldPacket {
  readonly type: number;
  readonly zxid: bigint;
  readonly data: Buffer | null;
  readonly authinfo: readonly Id[] | null;
}

/** type, zxid and the lengths of data and authinfo. */
const PACKET_BYTES = 20;

/** See the head of the file. */
export class LearnerConnection implements LearnerPort {
  readonly link: PacketLink;
  private readonly world: SnapshotSenderWorld;
  private readonly store: SnapshotOrigin;
  private readonly owner: LearnerConnectionOwner;
  private readonly heldBytesMax: number;
  private sender: SnapshotSender | undefined;
  private held: HeldPacket[] = [];
  private heldBytes = 0;

  constructor(
    socket: Socket,
    limits: PacketLinkLimits,
    parts: { readonly world: SnapshotSenderWorld; readonly store: SnapshotOrigin },
    owner: LearnerConnectionOwner,
  ) {
    this.world = parts.world;
    this.store = parts.store;
    this.owner = owner;
    this.heldBytesMax = limits.unsentBytesMax;
    this.link = new PacketLink(socket, limits, parts.world, {
      packet: (type, zxid, data, authinfo) => owner.packet(type, zxid, data, authinfo),
      raw: () => 0,
      drained: () => {
        if (this.sender === undefined) owner.drained();
        else {
          // A learner says nothing until it has the whole of it, which may take longer than `initLimit`.
          this.link.takes();
          this.sender.drained();
        }
      },
      closed: (why) => {
        this.endSnapshot();
        owner.closed(why);
      },
    });
  }

  get remote(): string {
    return this.link.remote;
  }

  get pendingBytes(): number {
    const { pendingBytes } = this.link;
    return this.sender === undefined
      ? pendingBytes
      : Math.max(pendingBytes + this.heldBytes, HISTORY_BYTES_MAX);
  }

  get peer(): bigint {
    return this.link.traffic.peer;
  }

  introduced(sid: bigint): void {
    this.link.traffic.peer = sid;
  }

  send(type: number, zxid: bigint, data: Buffer | null, authinfo: readonly Id[] | null = null): void {
    if (this.sender === undefined) {
      this.link.send(type, zxid, data, authinfo);
      return;
    }
    if (!this.link.live) return;
    this.heldBytes += PACKET_BYTES + (data?.length ?? 0);
    if (this.heldBytes > this.heldBytesMax) {
      this.dropSlow();
      return;
    }
    this.held.push({ type, zxid, data: data === null ? null : Buffer.from(data), authinfo });
  }

  sendSnapshot(begun: () => void): void {
    const sender = new SnapshotSender(this.world, this.store, this.link, {
      begun: () => {
        this.link.takes();
        begun();
      },
      sent: () => {
        this.link.takes();
        this.release();
        // The kernel may have taken all of it at once; then nothing else says that there is room.
        this.owner.drained();
      },
    });
    this.sender = sender;
    sender.start();
  }

  close(why: string): void {
    this.endSnapshot();
    this.link.close(why);
  }

  private dropSlow(): void {
    const { events } = this.world;
    const { heldBytes: bytes, heldBytesMax: limit, remote } = this;
    if (events.on['quorum.slow-peer']) events.emit('quorum.slow-peer', { remote, bytes, limit });
    this.link.destroy(`${bytes} bytes wait for the end of its snapshot`);
  }

  private release(): void {
    this.sender = undefined;
    this.heldBytes = 0;
    for (const { type, zxid, data, authinfo } of this.held.splice(0))
      this.link.send(type, zxid, data, authinfo);
  }

  private endSnapshot(): void {
    this.sender?.cancel();
    this.sender = undefined;
    this.held = [];
    this.heldBytes = 0;
  }
}
