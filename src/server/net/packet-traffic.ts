/**
 * What went over one connection of the quorum port, by type of packet, from its opening on. Always counted:
 * it costs three additions a packet.
 */
import { PACKET } from '../../protocol/quorum.ts';

/** Places in the counters: one for each packet type, and place 0 for types there are none of. */
const PACKET_PLACES = Math.max(...Object.values(PACKET)) + 1;

/** The peer that has not said who it is. */
export const STRANGER = -1n;

/** The counters as a sampler may read them; the place in each array is the packet's type. */
export interface PacketCounts {
  /** When the connection was opened, ms since 1970. */
  readonly openedMs: number;
  /** The server at the other end; -1 before it has said who it is. */
  readonly peer: bigint;
  /** Packets sent to it, and received from it. Wraps at 2^32. */
  readonly sent: Uint32Array;
  readonly received: Uint32Array;
  /** Bytes of data in both directions; for SNAP those of the snapshots behind it. */
  readonly bytes: Float64Array;
}

/** See the head of the file. */
export class PacketTraffic implements PacketCounts {
  readonly openedMs: number;
  peer: bigint = STRANGER;
  readonly sent = new Uint32Array(PACKET_PLACES);
  readonly received = new Uint32Array(PACKET_PLACES);
  readonly bytes = new Float64Array(PACKET_PLACES);

  /** `openedMs`: wall clock. */
  constructor(openedMs: number) {
    this.openedMs = openedMs;
  }

  /** A packet with so many bytes of data was handed to the connection. */
  noteSent(type: number, bytes: number): void {
    const place = placeOf(type);
    this.sent[place] = (this.sent[place] as number) + 1;
    this.bytes[place] = (this.bytes[place] as number) + bytes;
  }

  /** A packet with so many bytes of data has arrived. */
  noteReceived(type: number, bytes: number): void {
    const place = placeOf(type);
    this.received[place] = (this.received[place] as number) + 1;
    this.bytes[place] = (this.bytes[place] as number) + bytes;
  }

  /** Bytes of a snapshot went by. */
  noteRaw(bytes: number): void {
    this.bytes[PACKET.SNAP] = (this.bytes[PACKET.SNAP] as number) + bytes;
  }
}

const placeOf = (type: number): number => (type > 0 && type < PACKET_PLACES ? type : 0);
