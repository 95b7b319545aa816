/**
 * Spoilt conversations with a standalone server in simulation. One seed is one server: some conversations,
 * then a restart that must bring back the same tree.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Prng } from '../../src/base/prng.ts';
import { type Codec, encode } from '../../src/jute/schema.ts';
import { FOUR_LETTER_WORDS } from '../../src/protocol/four-letter.ts';
import { ConnectRequest } from '../../src/protocol/messages.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import { OPERATIONS, type Operation } from '../../src/protocol/operations.ts';
import { treeText } from '../../src/sim/checkers/tree-text.ts';
import { SimDisk } from '../../src/sim/disk.ts';
import { mutate } from './mutate.ts';
import { randomValue } from './random-values.ts';
import { framed, RawLink } from './raw-link.ts';
import { SimServer, SimWorld, SMALL_LIMITS } from './sim-server.ts';

const FIXTURES = path.join(import.meta.dirname, '../../fixtures/wire');

/** Frames that clients of Apache ZooKeeper sent, without their length. */
const RECORDED: readonly Buffer[] = readdirSync(FIXTURES)
  .filter((name) => name.endsWith('.ndjson'))
  .flatMap((name) => readFileSync(path.join(FIXTURES, name), 'utf8').split('\n'))
  .filter((line) => line !== '')
  .map((line) => JSON.parse(line) as { dir?: string; hex?: string; note?: string })
  .filter(
    ({ dir, hex = '', note = '' }) => dir === 'c2s' && hex.length > 8 && !note.startsWith('ConnectRequest'),
  )
  .map((row) => Buffer.from((row.hex as string).slice(8), 'hex'));

const ALL: readonly Operation[] = Object.values(OPERATIONS);

/** Waiting for a turn's work to be done, time jumps no further: disks are quicker, sessions live longer. */
const JUMP_MS = 20;

/** Writes whose record ends in a field of fixed length: cut anywhere, they are malformed. */
const CUTTABLE: readonly Operation[] = ALL.filter(
  (op) =>
    op.class === 'write' && op.code !== OP.closeSession && op.code !== OP.reconfig && op.code !== OP.check,
);

const CONNECT = { protocolVersion: 0, lastZxidSeen: 0n, sessionId: 0n, passwd: Buffer.alloc(16) };

/** Parts of multis have no declaration to walk. */
const PARTS = [
  OP.create,
  OP.create2,
  OP.createContainer,
  OP.createTTL,
  OP.delete,
  OP.setData,
  OP.check,
] as const;

/** Figures of a run. */
export interface FuzzFigures {
  conversations: number;
  /** Frames that reached the server as requests, or were refused as none. */
  requests: number;
  replies: number;
  slowestMs: number;
  nodesMax: number;
}

/** One server and its visitors. */
export class RequestFuzz {
  readonly figures: FuzzFigures;
  private readonly world: SimWorld;
  private readonly prng: Prng;
  private readonly disk: SimDisk;
  private server: SimServer;
  /** Set when a session ended or a container was reaped. */
  private changedItself = false;
  private readonly canary: RawLink;
  private canaryXid = 0;

  constructor(seed: number, figures: FuzzFigures) {
    this.figures = figures;
    this.world = new SimWorld(seed);
    this.prng = this.world.prng;
    this.disk = new SimDisk({
      defer: (fn) => this.world.loop.after(0.5, () => this.world.loop.deliver(fn)),
    });
    this.server = this.makeServer();
    this.canary = new RawLink(this.world);
  }

  /** Starts the server and a client that behaves, and must never notice anything. */
  async start(): Promise<void> {
    await this.server.start();
    this.canary.dial();
    this.settle(3);
    this.canary.send(encode(ConnectRequest, { ...CONNECT, timeOut: 4000, readOnly: false }));
    this.settle(20);
    this.canary.take();
    this.checkCanary();
  }

  /** One visitor. Throws when the server does what it must not. */
  visit(): void {
    const began = performance.now();
    const link = new RawLink(this.world);
    link.dial();
    this.settle(this.prng.below(3) + 1);
    this.figures.conversations++;
    const kind = this.prng.below(10);
    if (kind === 0) this.garbage(link);
    else if (kind === 1) this.word(link);
    else this.talk(link);
    this.settle(this.prng.pick([2, 5, 20, 200]));
    link.take();
    this.figures.replies += link.frames;
    if (this.prng.chance(0.7)) link.hangUp();
    else if (this.prng.chance(0.5)) link.end();
    this.settle(1 + this.prng.below(4));
    this.checkServer();
    this.checkCanary();
    // Time for sessions to expire, limits to pass and snapshots to be due.
    if (this.prng.chance(0.3)) this.pass(this.prng.below(1500));
    this.figures.slowestMs = Math.max(this.figures.slowestMs, performance.now() - began);
  }

  /** The same tree must come back from disk. */
  async restart(): Promise<void> {
    this.settle(50);
    this.checkCanary();
    const before = treeText(this.server.running.server.database);
    this.figures.nodesMax = Math.max(this.figures.nodesMax, before.length);
    this.server.process.kill();
    this.disk.powerCut();
    this.disk.restart(this.prng);
    this.server = this.makeServer();
    await this.server.start();
    const after = treeText(this.server.running.server.database);
    const different = before.findIndex((line, i) => line !== after[i]);
    if (different >= 0 || before.length !== after.length) {
      throw new Error(`after a restart: ${after[different]}\nbefore: ${before[different]}`);
    }
    this.checkServer();
    await this.server.stop();
  }

  private makeServer(): SimServer {
    return new SimServer(this.world, {
      disk: this.disk,
      traced: false,
      event: (event) => {
        if (event.name === 'request.received' || event.name === 'connection.bad-input')
          this.figures.requests++;
        if (event.name === 'session.closed') this.changedItself = true;
        if (event.name === 'request.prepared' && event.fields.op === 'deleteContainer')
          this.changedItself = true;
      },
      definitions: [
        ...SMALL_LIMITS,
        'zookeeper.snapCount=300',
        'jute.maxbuffer=4096',
        'tickTime=1000',
        'znode.container.checkIntervalMs=1000',
      ],
    });
  }

  private garbage(link: RawLink): void {
    const bytes = Buffer.alloc(1 + this.prng.below(200));
    for (let i = 0; i < bytes.length; i++) bytes[i] = this.prng.below(256);
    if (this.prng.chance(0.5)) bytes[0] = 0;
    this.drip(link, bytes);
  }

  private word(link: RawLink): void {
    const word = Buffer.from(this.prng.pick(FOUR_LETTER_WORDS), 'latin1');
    const more = this.prng.chance(0.5) ? Buffer.alloc(this.prng.below(16), 0xff) : Buffer.alloc(0);
    const bytes = Buffer.concat([word, more]);
    this.drip(link, this.prng.chance(0.3) ? mutate(bytes, this.prng) : bytes);
  }

  private talk(link: RawLink): void {
    const { prng } = this;
    let hello = encode(ConnectRequest, {
      ...CONNECT,
      timeOut: prng.pick([0, 1, 2000, 4000, -1, 0x7fffffff]),
      readOnly: prng.pick([true, false, undefined]),
    });
    if (prng.chance(0.1)) {
      hello = mutate(hello, prng);
      link.lied = true;
    }
    this.drip(link, framed(hello));
    if (prng.chance(0.8)) this.settle(100);
    const frames = 1 + prng.below(60);
    let stream: Buffer[] = [];
    for (let i = 0; i < frames; i++) {
      if (prng.chance(0.1)) {
        this.drip(link, Buffer.concat(stream));
        stream = [];
        this.cutRequest(link, i);
      } else stream.push(this.frame(link, i + 1));
      if (prng.chance(0.2)) {
        this.drip(link, Buffer.concat(stream));
        stream = [];
      }
    }
    this.drip(link, Buffer.concat(stream));
  }

  /** A request whose end is missing must change nothing, and be answered or end the connection. */
  private cutRequest(link: RawLink, xid: number): void {
    const { prng } = this;
    this.settle(300);
    const op = prng.pick(CUTTABLE);
    const body = this.body(op, true);
    const cut = body.subarray(0, prng.below(body.length));
    const { database } = this.server.running.server;
    const { tree } = database;
    const before = [tree.digest.value(), tree.nodeCount, tree.approximateDataSize].join();
    const open = !link.closed;
    this.changedItself = false;
    link.take();
    link.send(Buffer.concat([header(xid, op.code), cut]));
    this.settle(300);
    const after = [tree.digest.value(), tree.nodeCount, tree.approximateDataSize].join();
    const what = `${op.name} cut to ${cut.length} of ${body.length} bytes: ${cut.toString('hex')}`;
    // A session of another visitor may have ended meanwhile, and reapers work: what they did is not to blame
    // on it.
    // After a frame that lied about its length, these bytes may be the end of that one.
    if (before !== after && !this.changedItself && !link.lied) throw new Error(`the tree changed by ${what}`);
    if (open && !link.lied && !link.closed && link.stands && link.take().length === 0) {
      throw new Error(`no answer to ${what}`);
    }
  }

  private frame(link: RawLink, xid: number): Buffer {
    const { prng } = this;
    const payload = prng.chance(0.3) ? prng.pick(RECORDED) : this.request(xid);
    const spoilt = prng.chance(0.5) ? this.spoil(payload) : payload;
    const frame = framed(spoilt);
    // A frame that lies about its length ends most conversations: not too often.
    if (!prng.chance(0.01)) return frame;
    frame.writeInt32BE(prng.pick([-1, 0, 1, 3, 4096, 4097, 0x7fffffff]), 0);
    link.lied = true;
    return frame;
  }

  /** Mostly behind the header: a request for something unknown ends the conversation. */
  private spoil(payload: Buffer): Buffer {
    const { prng } = this;
    const other = prng.pick(RECORDED);
    if (prng.chance(0.15) || payload.length <= 8) return mutate(payload, prng, other);
    return Buffer.concat([payload.subarray(0, 8), mutate(payload.subarray(8), prng, other.subarray(8))]);
  }

  private request(xid: number): Buffer {
    const { prng } = this;
    const op = prng.pick(ALL);
    // These end a conversation.
    if ((op.code === OP.closeSession || op.code === OP.check) && !prng.chance(0.1)) return this.request(xid);
    const id = prng.chance(0.9) ? xid : prng.pick([-1, -2, -4, -8, 0, 0x7fffffff]);
    return Buffer.concat([header(id, op.code), this.body(op, false)]);
  }

  private body(op: Operation, honest: boolean): Buffer {
    const { prng } = this;
    if (op.code !== OP.multi && op.code !== OP.multiRead) return this.encoded(op.request as Codec<unknown>);
    const parts = Array.from({ length: prng.below(6) + (honest ? 1 : 0) }, () => {
      const read = !honest && (op.code === OP.multiRead ? prng.chance(0.9) : prng.chance(0.1));
      const code = read ? prng.pick([OP.getData, OP.getChildren]) : prng.pick(PARTS);
      const codec = ALL.find((o) => o.code === code)?.request as Codec<unknown>;
      return { op: code, req: randomValue(codec, prng) };
    });
    return encode(op.request as Codec<unknown>, parts);
  }

  private encoded(codec: Codec<unknown>): Buffer {
    return encode(codec, randomValue(codec, this.prng));
  }

  /** Sends bytes in pieces of any size, with turns of the loop between. */
  private drip(link: RawLink, bytes: Buffer): void {
    const { prng } = this;
    for (let at = 0; at < bytes.length; ) {
      const piece = prng.chance(0.6) ? bytes.length : 1 + prng.below(prng.chance(0.5) ? 8 : 300);
      link.raw(bytes.subarray(at, at + piece));
      at += piece;
      if (prng.chance(0.3)) this.settle(1);
    }
  }

  /** That many turns, or until only time is left to pass. */
  private settle(turns: number): void {
    for (let i = 0; i < turns; i++) if (!this.world.loop.turn(JUMP_MS)) return;
  }

  private pass(ms: number): void {
    const { loop } = this.world;
    const end = loop.monotonicMs() + ms;
    while (loop.monotonicMs() < end && loop.turn(end - loop.monotonicMs()));
  }

  private checkServer(): void {
    const { failure, alarms, process } = this.server;
    if (failure !== undefined) throw failure;
    if (!process.alive) throw new Error('the server is dead');
    if (alarms.length > 0) throw new Error(`alarms: ${alarms.join()}`);
    const { port } = this.server.running.server;
    if (port.outstanding < 0) throw new Error(`${port.outstanding} outstanding requests`);
  }

  /** The client that behaves is served as if it were alone. */
  private checkCanary(): void {
    const { canary } = this;
    canary.take();
    const xid = ++this.canaryXid;
    canary.send(
      Buffer.concat([header(xid, OP.exists), encode(OPERATIONS.exists.request, { path: '/', watch: false })]),
    );
    for (let i = 0; i < 400; i++) {
      this.world.loop.turn(JUMP_MS);
      if (canary.closed) throw new Error('the connection of a client that behaves was closed');
      const [reply] = canary.take();
      if (reply === undefined) continue;
      if (reply.readInt32BE(0) !== xid || reply.readInt32BE(12) !== 0) {
        throw new Error(`a client that behaves was answered ${reply.toString('hex')}`);
      }
      return;
    }
    throw new Error('a client that behaves was not answered');
  }
}

const header = (xid: number, op: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeInt32BE(xid, 0);
  bytes.writeInt32BE(op, 4);
  return bytes;
};
