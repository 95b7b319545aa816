/**
 * The election of a member of an ensemble: the machine, the port it talks over, and the clock that drives it.
 *
 * It lives as long as the server does. Between elections it answers those who look for a leader.
 */
import { reasonOf, ZktError } from '../../base/errors.ts';
import { invariant } from '../../base/invariant.ts';
import type { Emitter } from '../../events/bus.ts';
import type { Timer } from '../../ports/timers.ts';
import { decodeNotification, encodeNotification, type Notification } from '../../protocol/election.ts';
import { Election } from '../election/election.ts';
import type { Candidate, ElectionEffects } from '../election/election-effects.ts';
import type { CurrentVote, Decision } from '../election/vote.ts';
import type { ElectionAddress } from '../net/election-address.ts';
import { ElectionPort, type ElectionPortHandler } from '../net/election-port.ts';
import { type Member, type Membership, memberOf } from '../quorum/membership.ts';
import type { Quorums } from '../quorum/quorums.ts';
import type { ServerWorld } from './world.ts';

export type { Candidate, CurrentVote, Decision };

/** How an elector is set up. */
export interface ElectorOptions {
  readonly sid: bigint;
  /** The rules at the start. */
  readonly quorums: Quorums;
  /** Listens on every address of the machine, with the configured ports (`quorumListenOnAllIPs`). */
  readonly listenOnAllAddresses: boolean;
  /** Tries to open the port; 0 for ever (`electionPortBindRetry`). */
  readonly bindTries: number;
  /** Pause between them, ms. */
  readonly bindPauseMs: number;
  /** Time to connect, ms (`cnxTimeout`). */
  readonly cnxTimeoutMs: number;
  /** Time for an opening message, ms. */
  readonly handshakeTimeoutMs: number;
  readonly minNotificationMs: number;
  readonly maxNotificationMs: number;
  readonly finalizeWaitMs: number;
  /** `multiAddress.enabled`. */
  readonly multiAddress: boolean;
  /** TCP keep-alive on connections of others; default yes. */
  readonly keepAlive?: boolean;
}

/** The defaults that are not the configuration's to say. */
export const ELECTOR_DEFAULTS = {
  listenOnAllAddresses: false,
  bindTries: 3,
  bindPauseMs: 1_000,
  cnxTimeoutMs: 5_000,
  handshakeTimeoutMs: 5_000,
  minNotificationMs: 200,
  maxNotificationMs: 60_000,
  finalizeWaitMs: 200,
  multiAddress: false,
} as const;

/** What an elector tells its server. */
export interface ElectorOwner {
  /** Another server knows a newer configuration. May call `configure`. */
  configGossiped(text: string): void;
  /** The port could not be opened anew after a change of address. */
  failed(error: ZktError): void;
  /**
   * The decision does not hold: before the leader's epoch stood, too many of those that had agreed changed
   * their minds (ZOOKEEPER-3109). The role should end.
   */
  outvoted?(why: string): void;
}

/** The world an elector lives in. */
export type ElectorWorld = Pick<ServerWorld, 'net' | 'timers' | 'clock'> & { readonly events: Emitter };

const STRANGERS_MAX = 32;
const UNKNOWN_MAX = 64;
const WILDCARD = '0.0.0.0';

/** See the head of the file. */
export class Elector {
  private readonly world: ElectorWorld;
  private readonly options: ElectorOptions;
  private readonly owner: ElectorOwner;
  private readonly machine: Election;
  private readonly port: ElectionPort;
  private own: readonly ElectionAddress[] = [];
  private members: ReadonlyMap<bigint, unknown> = new Map();
  private readonly claims = new Map<bigint, bigint>();
  private bound: readonly ElectionAddress[] = [];
  private timer: Timer | undefined;
  private timerAt: number | undefined;
  private waiting: ((decision: Decision) => void) | undefined;
  private closed = false;

  constructor(world: ElectorWorld, options: ElectorOptions, owner: ElectorOwner) {
    this.world = world;
    this.options = options;
    this.owner = owner;
    const { sid, quorums, handshakeTimeoutMs, multiAddress } = options;
    this.machine = new Election(sid, options, quorums, this.effects(), world.events);
    this.port = new ElectionPort(
      {
        sid,
        connectTimeoutMs: options.cnxTimeoutMs,
        handshakeTimeoutMs,
        multiAddress,
        keepAlive: options.keepAlive ?? true,
        strangersMax: STRANGERS_MAX,
        unknownMax: UNKNOWN_MAX,
      },
      world,
      this.portHandler(),
    );
    this.tellPort(quorums);
  }

  /** The vote it tells others. */
  get currentVote(): CurrentVote {
    return this.machine.currentVote;
  }

  /** Servers with a connection for elections. */
  get connectedSids(): bigint[] {
    return this.port.connectedSids;
  }

  /** The epoch a member's own history is of, as its last vote for itself said. */
  claimedEpoch(sid: bigint): bigint | undefined {
    return this.claims.get(sid);
  }

  /** Opens the election port. Throws `ZKT_PORT_IN_USE` or `ZKT_LISTEN`. */
  async open(): Promise<void> {
    this.bound = this.wantedAddresses(this.options.quorums);
    for (const at of this.bound) await this.listen(at);
  }

  /**
   * Other rules are in force; an election under way begins anew. The port moves where this server's address
   * has changed.
   */
  configure(quorums: Quorums): void {
    if (this.closed) return;
    this.tellPort(quorums);
    this.machine.configure(quorums, this.now());
    this.arm();
    const wanted = this.wantedAddresses(quorums);
    const moved = wanted.length > 0 && this.bound.length > 0 && !sameAddresses(wanted, this.bound);
    if (moved) this.move(wanted);
  }

  /** Begins an election. `decided` is called once, later; after `close` never. */
  look(self: Candidate, decided: (decision: Decision) => void): void {
    if (this.closed) return;
    this.waiting = decided;
    this.port.wake();
    this.machine.look(self, this.now());
    this.arm();
  }

  /** The leader's epoch stands: votes name it from now on. */
  epochEstablished(peerEpoch: bigint): void {
    this.machine.epochEstablished(peerEpoch);
  }

  /** A reconfiguration named this leader: the next `look` ends with it at once. */
  adopt(leader: bigint): void {
    this.machine.adopt(leader);
  }

  /** The role is over, and the next `look` is to come: nobody is told of the old leader meanwhile. */
  roleEnded(): void {
    this.machine.rest();
  }

  /** Closes the port and every connection. */
  close(): Promise<void> {
    this.closed = true;
    this.waiting = undefined;
    this.timer?.cancel();
    return new Promise((done) => this.port.close(done));
  }

  // ---- the machine ----

  private now(): number {
    return this.world.clock.monotonicMs();
  }

  private effects(): ElectionEffects {
    return {
      send: (to, notification) => this.port.send(to, this.encode(notification)),
      silent: (sid) => this.port.renew(sid),
      decided: (decision) => this.decided(decision),
      configGossiped: (text) => this.owner.configGossiped(text),
      outvoted: (why) => this.owner.outvoted?.(why),
    };
  }

  private decided(decision: Decision): void {
    const { waiting } = this;
    invariant(waiting !== undefined, 'a decision was asked for');
    this.waiting = undefined;
    // Those that look and were answered in this turn are still to get their answers: so not at once either.
    this.world.timers.soon(() => {
      if (this.closed) return;
      this.port.rest();
      waiting(decision);
    });
  }

  private lastEncoded: { readonly of: Notification; readonly bytes: Buffer } | undefined;

  /** The same words go to every voter. */
  private encode(notification: Notification): Buffer {
    if (this.lastEncoded?.of !== notification) {
      this.lastEncoded = { of: notification, bytes: encodeNotification(notification) };
    }
    return this.lastEncoded.bytes;
  }

  /** Sets the one timer to when the machine is due. */
  private arm(): void {
    const due = this.closed ? undefined : this.machine.nextDeadline;
    if (due === this.timerAt) return;
    this.timer?.cancel();
    this.timerAt = due;
    if (due === undefined) return;
    this.timer = this.world.timers.after(due - this.now(), () => {
      this.timerAt = undefined;
      this.machine.tick(this.now());
      this.arm();
    });
  }

  // ---- the port ----

  private portHandler(): ElectionPortHandler {
    return {
      message: (from, body) => {
        const notification = decodeNotification(body);
        if (notification !== undefined) {
          this.noteClaim(from, notification);
          this.machine.receive(from, notification, this.now());
        } else if (this.world.events.on['election.notification-ignored']) {
          this.world.events.emit('election.notification-ignored', { from, bytes: body.length });
        }
        this.arm();
      },
      reachable: (sid, isReachable) => {
        // Perhaps it comes in another life, with other files: what it claimed before says nothing of them.
        this.claims.delete(sid);
        this.machine.reachable(sid, isReachable, this.now());
        this.arm();
      },
      greeting: (to) => {
        const words = this.machine.greeting(to);
        return words === undefined ? undefined : this.encode(words);
      },
    };
  }

  private noteClaim(from: bigint, { state, leader, peerEpoch }: Notification): void {
    if (state === 'LOOKING' && leader === from && this.members.has(from)) this.claims.set(from, peerEpoch);
  }

  private tellPort(quorums: Quorums): void {
    const known = new Map<bigint, readonly ElectionAddress[]>();
    for (const rule of [quorums.current, quorums.pending]) {
      for (const member of rule?.membership.members ?? []) {
        const sid = BigInt(member.id);
        known.set(sid, [...(known.get(sid) ?? []), ...addressesOf(member)]);
      }
    }
    // One that is no member still tells those with larger ids where to dial back, or it would hear of nothing
    // any more.
    this.own = known.get(this.options.sid) ?? this.own;
    this.members = known;
    for (const sid of this.claims.keys()) if (!known.has(sid)) this.claims.delete(sid);
    this.port.configure(known, this.own);
  }

  private wantedAddresses(quorums: Quorums): ElectionAddress[] {
    const { sid, listenOnAllAddresses } = this.options;
    const lookIn = (membership: Membership | undefined): Member | undefined =>
      membership === undefined ? undefined : memberOf(membership, sid);
    const member = lookIn(quorums.current.membership) ?? lookIn(quorums.pending?.membership);
    const addresses = member === undefined ? [] : addressesOf(member);
    return listenOnAllAddresses ? addresses.map(({ port }) => ({ host: WILDCARD, port })) : addresses;
  }

  private async listen(at: ElectionAddress): Promise<void> {
    const { bindTries, bindPauseMs } = this.options;
    for (let tried = 1; ; tried++) {
      const error = await new Promise<(Error & { code?: string }) | undefined>((done) =>
        this.port.listen(at, done),
      );
      if (error === undefined || this.closed) return;
      if (bindTries > 0 && tried >= bindTries) throw listenError(at, error);
      await new Promise<void>((done) => void this.world.timers.after(bindPauseMs, done));
      if (this.closed) return;
    }
  }

  private move(to: readonly ElectionAddress[]): void {
    this.bound = to;
    this.port.unlisten(() => {
      this.openAll(to).catch((thrown: unknown) => {
        if (!(thrown instanceof ZktError)) throw thrown;
        if (!this.closed) this.owner.failed(thrown);
      });
    });
  }

  private async openAll(addresses: readonly ElectionAddress[]): Promise<void> {
    for (const at of addresses) if (!this.closed) await this.listen(at);
  }
}

const addressesOf = (member: Member): ElectionAddress[] =>
  member.addresses.map(({ host, electionPort }) => ({ host, port: electionPort }));

const sameAddresses = (a: readonly ElectionAddress[], b: readonly ElectionAddress[]): boolean =>
  a.length === b.length && a.every((x, i) => x.host === b[i]?.host && x.port === b[i]?.port);

function listenError(at: ElectionAddress, error: Error & { code?: string }): ZktError {
  const what = 'the election port';
  return error.code === 'EADDRINUSE'
    ? new ZktError('ZKT_PORT_IN_USE', { what, ...at }, { cause: error })
    : new ZktError('ZKT_LISTEN', { what, ...at, why: reasonOf(error) }, { cause: error });
}
