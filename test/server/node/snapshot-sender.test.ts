import { describe, expect, it } from 'vitest';
import { SILENT } from '../../../src/events/bus.ts';
import { JuteWriter } from '../../../src/jute/writer.ts';
import type { SocketHandler } from '../../../src/ports/net.ts';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import { PACKET, QuorumPacket, SNAP_SIGNATURE } from '../../../src/protocol/quorum.ts';
import { PacketLink, packetLinkLimits } from '../../../src/server/net/packet-link.ts';
import { Database } from '../../../src/server/node/database.ts';
import { LearnerConnection } from '../../../src/server/node/learner-connection.ts';
import { SnapshotSender } from '../../../src/server/node/snapshot-sender.ts';
import { SnapshotTurns } from '../../../src/server/node/snapshot-turns.ts';
import { SnapshotEncoder } from '../../../src/storage/snapshot-format.ts';
import { clock, HandTimers } from '../../storage/model-store.ts';
import { HandClock } from '../net/fake-service.ts';
import { Heard } from '../net/heard.ts';

describe('turns', () => {
  it('come one after the other, those given up left out', () => {
    const turns = new SnapshotTurns();
    const log: string[] = [];
    const [a, b, c] = ['a', 'b', 'c'].map((name) => turns.take(() => void log.push(name)));
    expect([log.join(''), turns.free]).toEqual(['a', false]);
    b?.end();
    a?.end();
    a?.end();
    expect(log.join('')).toBe('ac');
    c?.end();
    expect(turns.free).toBe(true);
  });

  it('may be given back from inside', () => {
    const turns = new SnapshotTurns();
    const held = turns.take(() => {});
    const log: string[] = [];
    const inside = turns.take(() => {
      log.push('inside');
      inside.end();
    });
    turns.take(() => void log.push('next'));
    held.end();
    expect(log).toEqual(['inside', 'next']);
  });
});

/** A peer that reads only when it is told to. */
class SlowSocket {
  readonly remoteAddress = '10.0.0.2';
  readonly remotePort = 1;
  readonly localAddress = '10.0.0.1';
  readonly localPort = 2;
  readonly received: Buffer[] = [];
  handler: SocketHandler | undefined;
  private readonly waiting: Buffer[] = [];

  get pendingBytes(): number {
    return this.waiting.reduce((sum, b) => sum + b.length, 0);
  }

  write(bytes: Buffer): boolean {
    this.waiting.push(bytes);
    return false;
  }

  /** Reads everything that waits. */
  read(): void {
    // Copied only now: a buffer that is used again too early shows.
    this.received.push(...this.waiting.splice(0).map((b) => Buffer.from(b)));
    this.handler?.drained();
  }

  pause(): void {}
  resume(): void {}
  end(): void {}
  destroy(): void {}
}

/** A database of that many nodes at zxid 9. */
function databaseOf(nodes: number): Database {
  const options = { extended: { enabled: true, emulate353: false }, digest: true, hashSeed: 1 };
  const database = new Database(options, () => {});
  database.finishLoad('none');
  database.sessions.set(77n, 30_000);
  const { tree } = database;
  const at = { zxidHi: 0, zxidLo: 9, time: 1 };
  for (let i = 0; i < nodes; i++) {
    const path = `/n${i}`;
    tree.create(path, tree.parentOf(path), { data: Buffer.alloc(1000, i), acl: OPEN_ACL, owner: 0n }, -1, at);
  }
  database.lastZxid = 9n;
  return database;
}

function setting(nodes: number) {
  const timers = new HandTimers();
  const database = databaseOf(nodes);
  const turns = new SnapshotTurns();
  const socket = new SlowSocket();
  const log: string[] = [];
  const world = { timers, clock, events: SILENT };
  let sender: SnapshotSender | undefined;
  const link = new PacketLink(socket, packetLinkLimits(1 << 20), world, {
    packet() {},
    raw: () => 0,
    drained: () => sender?.drained(),
    closed() {},
  });
  socket.handler = link.handler;
  sender = new SnapshotSender(world, { database, turns }, link, {
    begun: () => void log.push(`begun ${database.lastZxid}`),
    sent: () => void log.push('sent'),
  });
  const run = (): void => {
    while (timers.runOne());
  };
  return { timers, database, turns, socket, log, link, sender, run };
}

describe('a snapshot to a learner', () => {
  it('is what a file holds, without header, seals and digest, and signed', () => {
    const { database, turns, socket, log, link, sender, run } = setting(3000);
    const file = new JuteWriter(1 << 20);
    const running = database.beginSnapshot();
    while (!new SnapshotEncoder(running.source, { lastProcessedZxid: false }).next(file, 1 << 30));
    running.end();
    sender.start();
    expect(log).toEqual(['begun 9']);
    // The tree goes on; what is sent is the moment it began.
    const data = Buffer.from('later');
    database.tree.create('/later', 0, { data, acl: OPEN_ACL, owner: 0n }, -1, {
      zxidHi: 0,
      zxidLo: 10,
      time: 1,
    });
    for (let rounds = 0; sender.active && rounds < 1000; rounds++) {
      run();
      expect(socket.pendingBytes).toBeLessThan(1 << 20);
      socket.read();
    }
    expect(log).toEqual(['begun 9', 'sent']);
    expect(turns.free).toBe(true);
    link.send(PACKET.NEWLEADER, 5n, null);
    run();
    socket.read();
    const head = new JuteWriter(64);
    QuorumPacket.write(head, { type: PACKET.SNAP, zxid: 9n, data: null, authinfo: null });
    const body = file.bytes().subarray(16);
    const tail = new JuteWriter(64);
    tail.writeString(SNAP_SIGNATURE);
    QuorumPacket.write(tail, { type: PACKET.NEWLEADER, zxid: 5n, data: null, authinfo: null });
    const received = Buffer.concat(socket.received);
    // Seal (8 + 5), digest (20), seal (13).
    const expected = Buffer.concat([head.bytes(), body.subarray(0, body.length - 46), tail.bytes()]);
    expect(received.length).toBe(expected.length);
    expect(received.equals(expected)).toBe(true);
  });

  it('stops while the learner does not read, and waits for its turn', () => {
    const { turns, socket, log, sender, run } = setting(3000);
    const other = turns.take(() => {});
    sender.start();
    run();
    expect([log.length, socket.pendingBytes]).toEqual([0, 0]);
    other.end();
    run();
    expect(log).toEqual(['begun 9']);
    const { pendingBytes } = socket;
    expect(pendingBytes).toBeGreaterThan(400_000);
    run();
    expect(socket.pendingBytes).toBe(pendingBytes);
    sender.cancel();
    socket.read();
    run();
    expect([socket.pendingBytes, turns.free, sender.active]).toEqual([0, true, false]);
  });
});

describe('a learner that is sent a snapshot', () => {
  const LIMIT_MS = 1_000;

  function connected(nodes: number) {
    const hands = new HandClock();
    const heard = new Heard();
    const world = { timers: hands, clock: hands, events: heard.bus };
    const store = { database: databaseOf(nodes), turns: new SnapshotTurns() };
    const socket = new SlowSocket();
    const log: string[] = [];
    const connection = new LearnerConnection(
      socket,
      packetLinkLimits(1 << 20),
      { world, store },
      {
        packet() {},
        drained: () => void log.push('drained'),
        closed: (why) => void log.push(why),
      },
    );
    socket.handler = connection.link.handler;
    connection.link.setReadTimeout(LIMIT_MS);
    const pass = (ms: number): void => {
      hands.pass(ms);
      while (hands.endTurn());
    };
    return { connection, socket, log, pass, heard, turns: store.turns };
  }

  it('may take its time, as long as it reads; and again until it says that it has it', () => {
    const { connection, socket, log, pass } = connected(5000);
    connection.sendSnapshot(() => void log.push('begun'));
    for (let i = 0; i < 20; i++) {
      pass(LIMIT_MS * 0.4);
      socket.read();
    }
    expect(log.slice(0, 2)).toEqual(['begun', 'drained']);
    expect(connection.link.live).toBe(false);
    expect(Buffer.concat(socket.received).length).toBeGreaterThan(5_000_000);
  });

  it('is let go of once it does not read', () => {
    const { connection, socket, pass, turns } = connected(5000);
    connection.sendSnapshot(() => {});
    pass(LIMIT_MS * 0.6);
    socket.read();
    pass(LIMIT_MS * 0.6);
    expect(connection.link.live).toBe(true);
    pass(LIMIT_MS * 1.1);
    expect(connection.link.live).toBe(false);
    socket.handler?.closed(undefined);
    expect(turns.free).toBe(true);
  });

  it('is told of, once it leaves too much behind the snapshot', () => {
    const { connection, heard } = connected(5000);
    connection.introduced(3n);
    connection.sendSnapshot(() => {});
    const entry = Buffer.alloc(32 * 1024 * 1024);
    for (let i = 1; i <= 3; i++) connection.send(PACKET.PROPOSAL, BigInt(i), entry);
    expect(connection.link.live).toBe(false);
    const limit = packetLinkLimits(1 << 20).unsentBytesMax;
    expect(heard.named('quorum.slow-peer').map(({ fields }) => fields.limit)).toEqual([limit]);
    expect(heard.named('quorum.slow-peer')[0]?.fields.bytes).toBeGreaterThan(limit);
    // What waits has not been sent: the SNAP packet was, and is told under the learner's name.
    expect(heard.named('zab.packet-sent').map(({ fields: { peer, type } }) => [peer, type])).toEqual([
      [3n, PACKET.SNAP],
    ]);
  });
});
