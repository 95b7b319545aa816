import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JuteError } from '../../../src/jute/jute-error.ts';
import { encode } from '../../../src/jute/schema.ts';
import type { Socket } from '../../../src/ports/net.ts';
import { PACKET, QuorumPacket } from '../../../src/protocol/quorum.ts';
import {
  PacketLink,
  type PacketLinkHandler,
  type PacketLinkLimits,
  packetLinkLimits,
} from '../../../src/server/net/packet-link.ts';
import { PacketParser } from '../../../src/server/net/packet-parser.ts';
import { MemoryNet } from '../../../src/sim/net.ts';
import { HandClock } from './fake-service.ts';
import { Heard } from './heard.ts';

const LIMITS = packetLinkLimits(1024, 1024 * 1024);
const packetOf = (
  type: number,
  zxid: bigint,
  data: Buffer | null = null,
  authinfo: QuorumPacket['authinfo'] = null,
) => ({
  type,
  zxid,
  data,
  authinfo,
});
const bytesOf = (packet: QuorumPacket): Buffer => Buffer.from(encode(QuorumPacket, packet));
const ID = { scheme: 'digest', id: 'ben:é漢' };

const SAMPLES: QuorumPacket[] = [
  packetOf(PACKET.ACK, 0x1_0000_0001n),
  packetOf(PACKET.PROPOSAL, -1n, Buffer.from('entry')),
  packetOf(PACKET.PING, 5n, Buffer.alloc(0)),
  packetOf(PACKET.REQUEST, -1n, Buffer.alloc(300, 7), [ID, { scheme: '', id: '' }]),
  packetOf(PACKET.REQUEST, -1n, null, []),
  packetOf(99, 0x7fff_ffff_ffff_ffffn, Buffer.from([1])),
];

/** Parses `bytes` cut into pieces of `cut` bytes. */
function parse(bytes: Buffer, cut: number, limits: PacketLinkLimits = LIMITS): QuorumPacket[] {
  const found: QuorumPacket[] = [];
  const parser = new PacketParser(limits, {
    packet: (type, zxid, data, authinfo) =>
      found.push({ type, zxid, data: data === null ? null : Buffer.from(data), authinfo: authinfo as never }),
    raw: () => 0,
  });
  for (let i = 0; i < bytes.length; i += cut) parser.push(bytes.subarray(i, i + cut));
  return found;
}

describe('packets in a stream', () => {
  const stream = Buffer.concat(SAMPLES.map(bytesOf));

  test('are found however the bytes are cut', () => {
    for (let cut = 1; cut <= stream.length; cut++) expect(parse(stream, cut)).toEqual(SAMPLES);
  });

  test('are found whatever they are', () => {
    const anyPacket = fc.record({
      type: fc.integer({ min: -5, max: 25 }),
      zxid: fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }),
      data: fc.option(fc.uint8Array({ maxLength: 900 }).map((a) => Buffer.from(a))),
      authinfo: fc.option(
        fc.array(fc.record({ scheme: fc.string(), id: fc.string({ unit: 'grapheme' }) }), { maxLength: 4 }),
      ),
    });
    fc.assert(
      fc.property(
        fc.array(anyPacket, { maxLength: 12 }),
        fc.integer({ min: 1, max: 2000 }),
        (packets, cut) => {
          expect(parse(Buffer.concat(packets.map(bytesOf)), cut)).toEqual(packets);
        },
      ),
      { numRuns: 100 },
    );
  });

  test('data kept by the sink is not overwritten', () => {
    const kept: Buffer[] = [];
    const parser = new PacketParser(LIMITS, {
      packet: (_t, _z, data) => kept.push(data as Buffer),
      raw: () => 0,
    });
    const packets = [1, 2, 3, 4].map((n) => bytesOf(packetOf(2, BigInt(n), Buffer.alloc(100, n))));
    const bytes = Buffer.concat(packets);
    for (let i = 0; i < bytes.length; i += 30) parser.push(Buffer.from(bytes.subarray(i, i + 30)));
    expect(kept.map((b) => [b.length, b[0], b[99]])).toEqual([1, 2, 3, 4].map((n) => [100, n, n]));
  });

  const head = (type: number, length: number, ...more: number[]): Buffer => {
    const bytes = Buffer.alloc(16 + more.length * 4);
    bytes.writeInt32BE(type, 0);
    bytes.writeInt32BE(length, 12);
    for (const [i, n] of more.entries()) bytes.writeInt32BE(n, 16 + i * 4);
    return Buffer.concat([bytes, Buffer.alloc(64)]);
  };

  test.each([
    ['negative length', head(2, -2)],
    ['a length beyond the limit', head(2, LIMITS.dataBytesMax + 1)],
    ['a huge length', head(2, 0x7fffffff)],
    ['a huge length of a PING', head(PACKET.PING, LIMITS.pingBytesMax + 1)],
    ['a negative count of ids', head(1, -1, -2)],
    ['too many ids', head(1, -1, LIMITS.authinfoMax + 1)],
    ['a huge count of ids', head(1, -1, 0x7fffffff)],
    ['an id of negative length', head(1, -1, 1, -2)],
    ['an id of huge length', head(1, -1, 1, 0x7fffffff)],
    ['ids that are too long together', head(1, -1, 1, LIMITS.authinfoBytesMax - 7)],
  ])('%s is refused', (_what, bytes) => {
    expect(() => parse(bytes, bytes.length)).toThrow(JuteError);
    expect(() => parse(bytes, 1)).toThrow(JuteError);
  });

  test('a long PING is taken', () => {
    const ping = packetOf(PACKET.PING, 1n, Buffer.alloc(LIMITS.dataBytesMax + 12));
    expect(parse(bytesOf(ping), 1000)).toEqual([ping]);
  });

  test('any bytes: packets or a JuteError, never anything else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), fc.integer({ min: 1, max: 50 }), (bytes, cut) => {
        try {
          parse(Buffer.from(bytes), cut);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(JuteError);
        }
      }),
    );
  });

  test('raw bytes between packets, at every cut', () => {
    const snapshot = Buffer.from('anything at all, up to BenWasHere');
    const bytes = Buffer.concat([bytesOf(packetOf(PACKET.SNAP, 9n)), snapshot, stream]);
    for (let cut = 1; cut <= bytes.length; cut++) {
      const found: number[] = [];
      let text = '';
      const parser = new PacketParser(LIMITS, {
        packet(type) {
          found.push(type);
          if (type === PACKET.SNAP) parser.readRaw();
        },
        raw(chunk, start) {
          const wanted = snapshot.length - text.length;
          const part = chunk.subarray(start, start + wanted);
          text += part.toString('latin1');
          return text.length === snapshot.length ? part.length : undefined;
        },
      });
      for (let i = 0; i < bytes.length; i += cut) parser.push(bytes.subarray(i, i + cut));
      expect(text).toBe(snapshot.toString('latin1'));
      expect(found).toEqual([PACKET.SNAP, ...SAMPLES.map((p) => p.type)]);
    }
  });
});

/** One end of a connection, with all it told. */
class End implements PacketLinkHandler {
  readonly packets: QuorumPacket[] = [];
  drains = 0;
  why: string | undefined;
  link!: PacketLink;
  onPacket: ((type: number) => void) | undefined;
  packet(type: number, zxid: bigint, data: Buffer | null, authinfo: QuorumPacket['authinfo']): void {
    this.packets.push({ type, zxid, data, authinfo });
    this.onPacket?.(type);
  }
  raw = (): number => 0;
  drained(): void {
    this.drains++;
  }
  closed(why: string): void {
    expect(this.why).toBeUndefined();
    this.why = why;
  }
}

/** Two links joined by a network in memory. */
class Pair {
  readonly net = new MemoryNet();
  readonly clock = new HandClock();
  readonly heard = new Heard();
  readonly near = new End();
  readonly far = new End();
  farSocket!: Socket;

  constructor(limits: PacketLinkLimits = LIMITS) {
    const world = { timers: this.clock, clock: this.clock, events: this.heard.bus };
    this.net.listen(
      { host: '127.0.0.1', port: 1 },
      (socket) => {
        this.farSocket = socket;
        this.far.link = new PacketLink(socket, limits, world, this.far);
        return this.far.link.handler;
      },
      () => {},
    );
    const handler = {
      opened: (socket: Socket) => {
        this.near.link = new PacketLink(socket, limits, world, this.near);
      },
      data: (chunk: Buffer) => this.near.link.handler.data(chunk),
      drained: () => this.near.link.handler.drained(),
      ended: () => this.near.link.handler.ended(),
      closed: (error: Error | undefined) => this.near.link.handler.closed(error),
    };
    this.net.connect({ host: '127.0.0.1', port: 1 }, handler);
    this.settle();
  }

  settle(): void {
    do this.net.settle();
    while (this.clock.endTurn());
  }
}

describe('a connection', () => {
  test('what is sent is what the codec writes', () => {
    for (const packet of SAMPLES) {
      const p = new Pair();
      p.near.link.send(packet.type, packet.zxid, packet.data, packet.authinfo);
      p.settle();
      expect(p.far.packets).toEqual([packet]);
    }
  });

  test('leaves with one write at the end of the turn', () => {
    const p = new Pair();
    for (let i = 0; i < 100; i++) p.near.link.send(PACKET.ACK, BigInt(i), null);
    p.net.settle();
    expect(p.far.packets).toEqual([]);
    expect(p.near.link.pendingBytes).toBe(2000);
    p.settle();
    expect(p.far.packets.map((x) => x.zxid)).toEqual(Array.from({ length: 100 }, (_, i) => BigInt(i)));
    expect(p.near.link.pendingBytes).toBe(0);
  });

  test('leaves at once where that is asked for, and once only', () => {
    const p = new Pair();
    p.near.link.send(PACKET.ACK, 1n, null);
    p.near.link.flush();
    p.net.settle();
    expect(p.far.packets.map((x) => x.zxid)).toEqual([1n]);
    p.near.link.send(PACKET.ACK, 2n, null);
    p.settle();
    expect(p.far.packets.map((x) => x.zxid)).toEqual([1n, 2n]);
  });

  test('buffers that the socket keeps are not written over', () => {
    const p = new Pair(packetLinkLimits(1024 * 1024));
    p.farSocket.pause();
    for (let i = 0; i < 40; i++) {
      p.near.link.send(2, BigInt(i), Buffer.alloc(20_000, i));
      p.settle();
    }
    expect(p.near.link.pendingBytes).toBeGreaterThan(500_000);
    p.farSocket.resume();
    p.settle();
    expect(p.far.packets.length).toBe(40);
    expect(p.far.packets.every((x, i) => x.data?.equals(Buffer.alloc(20_000, i)))).toBe(true);
    expect(p.near.drains).toBeGreaterThan(0);
  });

  test('raw bytes stay behind what was sent before, and before what is sent after', () => {
    const p = new Pair();
    const got: Buffer[] = [];
    p.far.onPacket = (type) => {
      if (type === PACKET.SNAP) p.far.link.readRaw();
    };
    const raw = (chunk: Buffer, start: number): number => {
      got.push(chunk.subarray(start, start + 3));
      return 3;
    };
    Object.assign(p.far, { raw });
    p.near.link.send(PACKET.SNAP, 1n, null);
    p.near.link.sendRaw(Buffer.from('abc'));
    p.near.link.send(PACKET.NEWLEADER, 2n, null);
    p.settle();
    expect(Buffer.concat(got).toString()).toBe('abc');
    expect(p.far.packets.map((x) => x.type)).toEqual([PACKET.SNAP, PACKET.NEWLEADER]);
  });

  test('who does not read is closed, with an event', () => {
    const p = new Pair({ ...LIMITS, unsentBytesMax: 100_000 });
    p.farSocket.pause();
    for (let i = 0; i < 60; i++) {
      p.near.link.send(2, BigInt(i), Buffer.alloc(10_000));
      p.settle();
    }
    expect(p.near.why).toMatch(/does not read/);
    expect(p.heard.named('quorum.slow-peer').length).toBe(1);
    expect(p.near.link.live).toBe(false);
    p.near.link.send(2, 1n, null);
    expect(p.near.link.pendingBytes).toBe(0);
  });

  test('bad bytes close this connection, with an event that names the peer', () => {
    const p = new Pair();
    p.near.link.sendRaw(Buffer.alloc(64, 0xff));
    p.near.link.sendRaw(Buffer.from('ffffffffffffffffffffffff7fffffff00000000', 'hex'));
    p.settle();
    expect(p.far.why).toMatch(/the limit is/);
    expect(p.near.why).toBeDefined();
    const [event] = p.heard.named('quorum.peer-refused');
    expect(event?.fields).toMatchObject({ port: 'quorum', remote: p.far.link.remote });
  });

  test('a JuteError of the owner closes, any other error is not caught', () => {
    const p = new Pair();
    p.far.onPacket = () => {
      throw new JuteError('truncated', 0, 'too short');
    };
    p.near.link.send(PACKET.ACKEPOCH, 1n, null);
    p.settle();
    expect(p.far.why).toMatch(/too short/);
    const q = new Pair();
    q.far.onPacket = () => {
      throw new Error('a bug');
    };
    q.near.link.send(PACKET.ACKEPOCH, 1n, null);
    expect(() => q.settle()).toThrow('a bug');
  });

  test('close delivers what was sent, and nothing is heard afterwards', () => {
    const p = new Pair();
    p.near.link.send(PACKET.ACK, 1n, null);
    p.near.link.close('over');
    p.far.link.send(PACKET.ACK, 2n, null);
    p.settle();
    expect(p.far.packets.map((x) => x.zxid)).toEqual([1n]);
    expect(p.near.packets).toEqual([]);
    expect([p.near.why, p.far.why]).toEqual(['over', 'the peer closed the connection']);
  });

  test('a peer that does not take its last bytes is cut off', () => {
    const p = new Pair();
    p.farSocket.pause();
    for (let i = 0; i < 10; i++) p.near.link.send(2, 1n, Buffer.alloc(20_000));
    p.near.link.close('over');
    p.settle();
    expect(p.near.why).toBeUndefined();
    p.clock.pass(5_001);
    p.settle();
    expect(p.near.why).toBe('over');
  });

  test('packets behind a close in the same chunk are not looked at', () => {
    const p = new Pair();
    p.far.onPacket = () => p.far.link.close('enough');
    for (let i = 0; i < 3; i++) p.near.link.send(PACKET.ACK, BigInt(i), null);
    p.settle();
    expect(p.far.packets.length).toBe(1);
  });

  test('silence ends it after the read timeout, and only then', () => {
    const p = new Pair();
    p.far.link.setReadTimeout(1000);
    for (let i = 0; i < 5; i++) {
      p.clock.pass(900);
      p.near.link.send(PACKET.PING, 0n, null);
      p.settle();
    }
    expect(p.far.why).toBeUndefined();
    p.clock.pass(999);
    p.settle();
    expect(p.far.why).toBeUndefined();
    p.clock.pass(2);
    p.settle();
    expect(p.far.why).toMatch(/nothing was heard for 1000 ms/);
    // Nobody had said who it is: else its owner tells who is gone.
    expect(p.heard.named('quorum.peer-refused')).toHaveLength(1);
  });

  test('what arrived while this process stood still counts', () => {
    const p = new Pair();
    p.far.link.setReadTimeout(1000);
    p.near.link.send(PACKET.PING, 0n, null);
    p.clock.endTurn();
    p.clock.pass(5000);
    p.net.settle();
    p.settle();
    expect(p.far.why).toBeUndefined();
    expect(p.far.packets.length).toBe(1);
  });

  test('a read timeout can be changed and taken away', () => {
    const p = new Pair();
    p.far.link.setReadTimeout(1000);
    p.far.link.setReadTimeout(5000);
    p.clock.pass(4000);
    p.settle();
    expect(p.far.why).toBeUndefined();
    p.far.link.setReadTimeout(0);
    p.clock.pass(50_000);
    p.settle();
    expect(p.far.why).toBeUndefined();
  });

  test('each packet is told and counted once on either side, by type, with the peer', () => {
    const p = new Pair();
    p.near.link.traffic.peer = 7n;
    p.near.link.send(PACKET.PROPOSAL, 5n, Buffer.alloc(10));
    p.near.link.send(PACKET.PROPOSAL, 6n, Buffer.alloc(3));
    p.near.link.send(PACKET.ACK, 6n, null);
    p.near.link.send(99, -1n, Buffer.alloc(1), [ID]);
    p.settle();
    const told = (name: 'zab.packet-sent' | 'zab.packet-received') =>
      p.heard.named(name).map(({ fields: f }) => `${f.peer} ${f.type} ${f.zxid} ${f.bytes}`);
    expect(told('zab.packet-sent')).toEqual(['7 2 5 10', '7 2 6 3', '7 3 6 0', '7 99 -1 1']);
    expect(told('zab.packet-received')).toEqual(['-1 2 5 10', '-1 2 6 3', '-1 3 6 0', '-1 99 -1 1']);
    const counted = ({ traffic: { sent, received, bytes } }: PacketLink) =>
      [0, PACKET.PROPOSAL, PACKET.ACK].map((type) => [sent[type], received[type], bytes[type]]);
    expect(counted(p.near.link)).toEqual([
      [1, 0, 1],
      [2, 0, 13],
      [1, 0, 0],
    ]);
    expect(counted(p.far.link)).toEqual([
      [0, 1, 1],
      [0, 2, 13],
      [0, 1, 0],
    ]);
    p.near.link.close('over');
    p.near.link.send(PACKET.ACK, 7n, null);
    p.settle();
    expect(p.near.link.traffic.sent[PACKET.ACK]).toBe(1);
  });

  test('a snapshot counts under SNAP on either side', () => {
    const p = new Pair();
    p.far.raw = (_chunk?: Buffer, _start?: number): number => 100;
    p.far.onPacket = (type) => type === PACKET.SNAP && p.far.link.readRaw();
    p.near.link.send(PACKET.SNAP, 5n, null);
    p.near.link.sendRaw(Buffer.alloc(100));
    p.near.link.send(PACKET.UPTODATE, -1n, null);
    p.settle();
    expect(p.near.link.traffic.bytes[PACKET.SNAP]).toBe(100);
    expect(p.far.link.traffic.bytes[PACKET.SNAP]).toBe(100);
    expect(p.far.link.traffic.received[PACKET.UPTODATE]).toBe(1);
  });
});
