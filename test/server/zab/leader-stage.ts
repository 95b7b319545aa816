/** A leader on a stage: fake ports, recorded effects, and a transcript of everything it does. */

import type { Emitter } from '../../../src/events/bus.ts';
import { EVENT_NAMES, type EventName } from '../../../src/events/table.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';
import type { Member, Membership } from '../../../src/server/quorum/membership.ts';
import { Quorums } from '../../../src/server/quorum/quorums.ts';
import { CommittedLog } from '../../../src/server/zab/committed-log.ts';
import { Leader } from '../../../src/server/zab/leader.ts';
import type { DiskHistory, LeaderEffects, LearnerPort } from '../../../src/server/zab/leader-effects.ts';

/** `z(5, 3)`: the zxid of epoch 5, counter 3. */
export const z = (epoch: number, counter: number): bigint => (BigInt(epoch) << 32n) | BigInt(counter);
/** A zxid as `epoch:counter`. */
export const show = (zxid: bigint): string =>
  zxid < 0n ? `${zxid}` : `${zxid >> 32n}:${zxid & 0xffffffffn}`;
/** The entry of a zxid: told apart by its text. */
export const entry = (zxid: bigint): Buffer => Buffer.from(`entry ${show(zxid)}`);

const NAMES = new Map<number, string>(Object.entries(PACKET).map(([name, type]) => [type, name]));
/** `1 2 3 4o`: servers by id, `o` for observers. */
export function ensemble(servers: string, version = 0n): Membership {
  const members = servers.split(' ').map((word): Member => {
    const id = Number.parseInt(word, 10);
    const role = word.endsWith('o') ? 'observer' : 'participant';
    const at = { host: `s${id}${word.endsWith('m') ? 'moved' : ''}`, quorumPort: 2888, electionPort: 3888 };
    return { id, addresses: [at], role, client: undefined };
  });
  return { members, groups: new Map(), weights: new Map(), version };
}

/** A packet as it was sent. */
export interface Sent {
  readonly type: number;
  readonly zxid: bigint;
  readonly data: Buffer | null;
}

/** A learner's connection, seen from the learner. */
export class FakePort implements LearnerPort {
  readonly remote: string;
  readonly sid: number;
  readonly sent: Sent[] = [];
  pendingBytes = 0;
  closed: string | undefined;
  peer = -1n;
  /** Told to send a snapshot; `begin` it. */
  snapshotAsked: (() => void) | undefined;
  private readonly stage: LeaderStage;

  constructor(stage: LeaderStage, sid: number) {
    this.stage = stage;
    this.sid = sid;
    this.remote = `s${sid}:1000`;
  }

  send(type: number, zxid: bigint, data: Buffer | null): void {
    if (this.closed !== undefined) throw new Error(`sent to ${this.sid}, which is closed`);
    if (this.snapshotAsked !== undefined)
      throw new Error(`sent to ${this.sid}, which waits for its snapshot`);
    this.sent.push({ type, zxid, data: data === null ? null : Buffer.from(data) });
    const name = NAMES.get(type) ?? `${type}`;
    if (name !== 'PING' || this.stage.showPings) this.stage.note(`${this.sid}< ${name} ${show(zxid)}`);
  }

  introduced(sid: bigint): void {
    this.peer = sid;
  }

  sendSnapshot(begun: () => void): void {
    this.stage.note(`${this.sid}< snapshot asked`);
    this.snapshotAsked = begun;
    if (this.stage.snapshotsAtOnce) this.beginSnapshot();
  }

  beginSnapshot(): void {
    const begun = this.snapshotAsked;
    this.snapshotAsked = undefined;
    this.send(PACKET.SNAP, this.stage.treeZxid, null);
    begun?.();
  }

  close(why: string): void {
    this.closed = why;
    this.stage.note(`${this.sid} closed: ${why}`);
  }

  // ---- what the learner says ----

  says(name: keyof typeof PACKET, zxid: bigint, data: Buffer | null = null): this {
    this.stage.leader.packet(this, PACKET[name], zxid, data, null, this.stage.now);
    return this;
  }

  /** FOLLOWERINFO or OBSERVERINFO. */
  hello(accepted: number, options: { observer?: boolean; config?: bigint; bytes?: number } = {}): this {
    const data = Buffer.alloc(20);
    data.writeBigInt64BE(BigInt(this.sid), 0);
    data.writeInt32BE(0x10000, 8);
    data.writeBigInt64BE(options.config ?? 0n, 12);
    const name = options.observer === true ? 'OBSERVERINFO' : 'FOLLOWERINFO';
    return this.says(name, z(accepted, 0), data.subarray(0, options.bytes ?? 20));
  }

  ackEpoch(current: number, last: bigint): this {
    const data = Buffer.alloc(4);
    data.writeInt32BE(current);
    return this.says('ACKEPOCH', last, data);
  }

  ack(zxid: bigint): this {
    return this.says('ACK', zxid);
  }

  /** Answers the last ping. */
  pong(): this {
    const ping = this.sent.findLast((p) => p.type === PACKET.PING);
    return this.says('PING', ping?.zxid ?? -1n, Buffer.alloc(0));
  }

  /** Names and zxids of what was sent, pings left out. */
  get packets(): string[] {
    return this.sent.filter((p) => p.type !== PACKET.PING).map((p) => `${NAMES.get(p.type)} ${show(p.zxid)}`);
  }
}

/** How the stage is set. */
export interface StageOptions {
  readonly servers?: string;
  readonly pending?: Membership;
  readonly version?: bigint;
  readonly sid?: number;
  readonly last?: bigint;
  readonly acceptedEpoch?: number;
  readonly currentEpoch?: number;
  /** Zxids in the committed log at the start. */
  readonly cached?: readonly bigint[];
  readonly disk?: DiskHistory;
  readonly joiners?: boolean;
  readonly cacheCount?: number;
  readonly windowBytesMax?: number;
}

/** See the head of the file. */
export class LeaderStage implements LeaderEffects {
  readonly lines: string[] = [];
  readonly events: { name: EventName; fields: Record<string, unknown> }[] = [];
  readonly cache: CommittedLog;
  readonly leader: Leader;
  now = 1000;
  showPings = false;
  snapshotsAtOnce = true;
  /** Where the tree is. */
  treeZxid: bigint;
  /** Answers of `activateConfig` and `revalidate`. */
  keepsLeading = true;
  valid = true;
  over: string | undefined;
  /** What every server said in its vote for itself. */
  claimed: bigint | undefined = 5n;
  /** Called when clients may be served. */
  onEstablished: () => void = () => {};
  private appliedUpTo: bigint;

  constructor(options: StageOptions = {}) {
    const { servers = '1 2 3', sid = 1, last = z(5, 10), currentEpoch = 5, version = 0n } = options;
    const current = ensemble(servers, version);
    this.cache = new CommittedLog(options.cacheCount ?? 500);
    for (const zxid of options.cached ?? []) this.cache.add(zxid, entry(zxid));
    this.treeZxid = last;
    this.appliedUpTo = last;
    const emitter: Emitter = {
      on: Object.fromEntries(EVENT_NAMES.map((n) => [n, true])) as Record<EventName, boolean>,
      emit: (name, fields) => void this.events.push({ name, fields }),
    };
    this.leader = new Leader(
      {
        sid: BigInt(sid),
        quorums: new Quorums(current, options.pending),
        lastSeen: options.pending ?? current,
        tickMs: 100,
        initLimitTicks: 10,
        syncLimitTicks: 5,
        acceptedEpoch: BigInt(options.acceptedEpoch ?? currentEpoch),
        currentEpoch: BigInt(currentEpoch),
        lastLogged: last,
        joiners: options.joiners === true,
        ...(options.windowBytesMax === undefined ? {} : { windowBytesMax: options.windowBytesMax }),
      },
      this,
      this.cache,
      options.disk,
      emitter,
    );
  }

  note(line: string): void {
    this.lines.push(line);
  }

  /** What happened since the last look. */
  take(): string[] {
    return this.lines.splice(0);
  }

  named(name: EventName): Record<string, unknown>[] {
    return this.events.filter((e) => e.name === name).map((e) => e.fields);
  }

  start(): this {
    this.leader.start(this.now);
    return this;
  }

  connect(sid: number): FakePort {
    const port = new FakePort(this, sid);
    this.leader.connected(port, this.now);
    return port;
  }

  /** Half ticks pass. */
  halfTicks(n: number, between: () => void = () => {}): void {
    for (let i = 0; i < n; i++) {
      this.now += 50;
      this.leader.tick(this.now);
      between();
    }
  }

  /** Server 2 makes a quorum of three; both serve. */
  establish(last = z(5, 10)): FakePort {
    this.start();
    const two = this.connect(2).hello(5).ackEpoch(5, last);
    two.ack(z(6, 0));
    this.take();
    return two;
  }

  /** A follower that came later serves as well. */
  join(sid: number, last = z(5, 10), observer = false): FakePort {
    const port = this.connect(sid).hello(5, { observer }).ackEpoch(5, last);
    port.ack(z(6, 0));
    return port;
  }

  propose(counter: number, epoch = 6): bigint {
    const zxid = z(epoch, counter);
    this.leader.propose(zxid, entry(zxid), undefined);
    return zxid;
  }

  /** The own log is on disk up to there, and what is committed of it is applied. */
  logged(zxid: bigint): void {
    this.leader.logged(zxid);
    this.apply(zxid);
  }

  apply(upTo: bigint): void {
    const end = this.leader.lastCommitted < upTo ? this.leader.lastCommitted : upTo;
    const start = (this.leader.epoch ?? 0n) << 32n;
    if (this.appliedUpTo < start) this.appliedUpTo = start;
    while (this.appliedUpTo < end) {
      this.appliedUpTo += 1n;
      this.cache.add(this.appliedUpTo, entry(this.appliedUpTo));
      this.treeZxid = this.appliedUpTo;
    }
  }

  // ---- effects ----

  acceptEpoch(epoch: bigint): void {
    this.note(`acceptEpoch ${epoch}`);
  }

  enterEpoch(epoch: bigint): void {
    this.note(`enterEpoch ${epoch}`);
  }

  established(epoch: bigint): void {
    this.note(`established ${epoch}`);
    this.treeZxid = epoch << 32n;
    this.onEstablished();
  }

  committed(upTo: bigint): void {
    this.note(`committed ${show(upTo)}`);
  }

  activateConfig(membership: Membership, designated: bigint): boolean {
    this.note(`activate ${membership.members.map((m) => m.id).join(',')} leader ${designated}`);
    return this.keepsLeading;
  }

  request(from: LearnerPort, request: { session: bigint; cxid: number; op: number; body: Buffer }): void {
    this.note(`request ${from.remote} ${request.session} ${request.cxid} ${request.op} ${request.body}`);
  }

  touch(_from: LearnerPort, session: bigint, timeoutMs: number): void {
    this.note(`touch ${session} ${timeoutMs}`);
  }

  revalidate(_from: LearnerPort, session: bigint, timeoutMs: number): boolean {
    this.note(`revalidate ${session} ${timeoutMs}`);
    return this.valid;
  }

  claimedEpoch(): bigint | undefined {
    return this.claimed;
  }

  stepDown(why: string): void {
    this.over = why;
    this.note(`stepDown: ${why}`);
  }
}
