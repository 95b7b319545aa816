/**
 * The two ends of packets brought together. A proposal, its ACK and its COMMIT are told apart by their zxid;
 * packets that are not (PING, REQUEST) pair in the order they came, and only while they are fresh: of a
 * stream that is seen in bursts, one end may be missing for ever.
 */

/** A packet between two servers. */
export interface Packet {
  readonly kind: 'packet';
  readonly type: number;
  /** Servers as events name them; `from` is empty until the sender is known. */
  from: string;
  to: string;
  readonly zxid: bigint;
  readonly bytes: number;
  /** On the clock of the sender, and of the receiver, wall clock ms; below 0 while that end is not seen. */
  sentMs: number;
  receivedMs: number;
}

/** Kinds of packets that wait for their other end. */
const KEYS_MAX = 4_096;
/** Packets of a kind that wait. */
const WAITING_MAX = 64;
/** An end that waits for longer than that, on the clock of its own server, has no other end, ms. */
const FRESH_MS = 1_000;
const NODES_MAX = 256;

/** What is needed of an end to find the other. */
interface End {
  readonly at: 'sender' | 'receiver';
  readonly node: string;
  readonly time: number;
  readonly key: string;
  /** Its zxid tells it from all others: it pairs however late its other end is told. */
  readonly unique: boolean;
}

/** See the head of the file. */
export class Pairs {
  private readonly waiting = new Map<string, { at: End['at']; node: string; packets: Packet[] }>();
  /** The newest time seen of each server, on its clock. */
  private readonly newest = new Map<string, number>();

  /** The packet whose other end this is; undefined when that has not been seen. */
  match({ at, node, time, key, unique }: End): Packet | undefined {
    if (this.newest.size < NODES_MAX || this.newest.has(node)) this.newest.set(node, time);
    const queue = this.waiting.get(key);
    if (queue === undefined || queue.at === at) return undefined;
    const oldest = (this.newest.get(queue.node) ?? time) - FRESH_MS;
    for (;;) {
      const packet = queue.packets.shift();
      if (queue.packets.length === 0) this.waiting.delete(key);
      if (packet === undefined) return undefined;
      if (unique || (at === 'receiver' ? packet.sentMs : packet.receivedMs) >= oldest) return packet;
    }
  }

  /** A packet of which one end is seen waits for the other. */
  wait({ at, node, key }: End, packet: Packet): void {
    let queue = this.waiting.get(key);
    if (queue === undefined || queue.at !== at) {
      if (this.waiting.size >= KEYS_MAX) this.forget();
      queue = { at, node, packets: [] };
      this.waiting.set(key, queue);
    }
    if (queue.packets.length >= WAITING_MAX) queue.packets.shift();
    queue.packets.push(packet);
  }

  private forget(): void {
    for (const [oldest] of this.waiting) {
      this.waiting.delete(oldest);
      return;
    }
  }
}
