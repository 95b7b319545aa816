/**
 * The client's session: which server, which state, what was sent and what it answers to. A machine: it has no
 * clock, no socket and no promise; the driver feeds it and performs its effects.
 *
 *   waiting ──dial──> dialling ──opened──> handshake ──response──> up ──lost──> waiting
 *                         └───────lost────────┴────────────────────────────────^
 *
 * and from anywhere to `ended`: closed, expired or authFailed. On a new connection go, in this order: the
 * connect request; after its answer the credentials, the watches, and the requests that waited (facts 2.1).
 */
import { JuteError } from '../jute/jute-error.ts';
import { JuteReader } from '../jute/reader.ts';
import type { Random } from '../ports/random.ts';
import { ERR } from '../protocol/error-codes.ts';
import { ConnectName, ConnectRequest, ConnectResponse } from '../protocol/messages.ts';
import { OP, XID } from '../protocol/opcodes.ts';
import { WatcherEvent } from '../protocol/watch-types.ts';
import type { ClientState } from './api.ts';
import { addressText, type ServerAddress } from './connect-string.ts';
import { type Auth, Credentials } from './credentials.ts';
import { HostList } from './host-list.ts';
import { CLIENT_LIMITS } from './limits.ts';
import { ProtocolFault, type Request } from './request.ts';
import { type FrameOutput, RequestFlow } from './request-flow.ts';
import { type SessionTimers, sessionTimers } from './session-timers.ts';
import { setWatchesRequests } from './set-watches.ts';
import type { WatchRegistry } from './watch-registry.ts';

/** What the machine does to the world. None of these calls back into the machine before it has returned. */
export interface SessionEffects extends FrameOutput {
  /** Opens a connection; then `opened`, or `lost`. At most one is open or being opened. */
  dial(server: ServerAddress, timeoutMs: number): void;
  /** Drops the connection, or the attempt at one, output included; nothing more is heard of it. */
  hangUp(): void;
  /** Asks a server whether it is read-write; `probed` follows if it is. */
  probe(server: ServerAddress): void;
  /** `state` has changed. */
  stateChanged(state: ClientState): void;
  /** A server was tried in vain; `rounds` times the whole list has been by now. */
  attemptFailed(why: string, rounds: number): void;
  /** A notification of the server. `zxid` -1n where it does not tell. */
  notified(event: WatcherEvent, zxid: bigint): void;
  /** All watches are set on a new connection: the gap of persistent ones ends here. */
  watchesSet(): void;
}

/** What the machine needs to know. Times are milliseconds. */
export interface SessionConfig {
  readonly servers: readonly ServerAddress[];
  readonly sessionTimeoutMs: number;
  /** 0: the session timeout divided by the number of servers. */
  readonly connectTimeoutMs: number;
  readonly readOnly: boolean;
  /** Empty for none. */
  readonly clientName: string;
  readonly outstandingMax: number;
  /** Declare the session expired after 4/3 of its timeout without a word from any server. */
  readonly localExpiry: boolean;
  /** A session to take over. */
  readonly session: { readonly id: bigint; readonly passwd: Buffer } | undefined;
}

type Phase = 'waiting' | 'dialling' | 'handshake' | 'up' | 'ended';

const NO_PASSWD = Buffer.alloc(16);
const NEVER = Number.POSITIVE_INFINITY;
const join64 = (high: number, low: number): bigint => (BigInt(high) << 32n) | BigInt(low);

/** See the top of the file. `now` is monotonic ms throughout. */
export class SessionMachine {
  private readonly config: SessionConfig;
  private readonly effects: SessionEffects;
  private readonly watches: WatchRegistry;
  private readonly hosts: HostList;
  private readonly flow: RequestFlow;
  private readonly credentials: Credentials;

  private phase: Phase = 'waiting';
  private current: ClientState = 'connecting';
  /** Of the phase: when to dial, when to give up dialling or the handshake. */
  private phaseDeadline = 0;
  private target: ServerAddress | undefined;
  /** A read-write server that was found: dialled before all others. */
  private better: ServerAddress | undefined;

  private id = 0n;
  private passwd: Buffer = NO_PASSWD;
  private timeoutMs: number;
  private timers: SessionTimers;
  /**
   * A session given by a read-only server means nothing to the others: it is not resumed (as Apache's client
   * does).
   */
  private resumable = false;
  private zxidHigh = 0;
  private zxidLow = 0;

  private upSince = 0;
  /** -1: never. */
  private lastHeard = -1;
  private probeAt = NEVER;
  private probeMs: number = CLIENT_LIMITS.probeMs;
  private closeBy = NEVER;

  constructor(config: SessionConfig, random: Random, effects: SessionEffects, watches: WatchRegistry) {
    this.config = config;
    this.effects = effects;
    this.watches = watches;
    this.hosts = new HostList(config.servers, random);
    this.flow = new RequestFlow(effects);
    this.credentials = new Credentials(this.flow);
    this.timeoutMs = config.sessionTimeoutMs;
    this.timers = sessionTimers(config.sessionTimeoutMs);
    if (config.session !== undefined) {
      this.id = config.session.id;
      this.passwd = config.session.passwd;
      this.resumable = true;
    }
  }

  get state(): ClientState {
    return this.current;
  }
  get sessionId(): bigint {
    return this.id;
  }
  get sessionPasswd(): Buffer {
    return this.passwd;
  }
  get sessionTimeoutMs(): number {
    return this.timeoutMs;
  }
  /** `host:port` of the connection; undefined while there is none. */
  get server(): string | undefined {
    return this.phase === 'up' && this.target !== undefined ? addressText(this.target) : undefined;
  }
  /** The largest zxid of a reply. */
  get lastZxid(): bigint {
    return join64(this.zxidHigh, this.zxidLow);
  }
  /** Requests without an answer. */
  get outstanding(): number {
    return this.flow.outstanding;
  }

  /** Begins: dials the first server. */
  start(now: number): void {
    this.dialNext(now);
  }

  private dialNext(now: number): void {
    const server = this.better ?? this.hosts.next();
    this.better = undefined;
    this.target = server;
    const share = this.config.connectTimeoutMs || this.timeoutMs / this.hosts.length;
    const timeoutMs = Math.max(1, Math.floor(share));
    this.phase = 'dialling';
    this.phaseDeadline = now + timeoutMs;
    this.effects.dial(server, timeoutMs);
  }

  /** The connection is open. */
  opened(now: number): void {
    if (this.phase !== 'dialling') return;
    this.phase = 'handshake';
    const { clientName } = this.config;
    const frame = this.effects.beginFrame();
    ConnectRequest.write(frame, {
      protocolVersion: 0,
      lastZxidSeen: this.lastZxid,
      timeOut: this.config.sessionTimeoutMs,
      sessionId: this.resumable ? this.id : 0n,
      passwd: this.resumable ? this.passwd : NO_PASSWD,
      readOnly: this.config.readOnly,
    });
    if (clientName !== '') ConnectName.write(frame, { clientName });
    this.effects.endFrame();
    this.flow.lastSent = now;
  }

  /** A frame, `bytes[start, end)`. One that is not of the protocol ends the connection. */
  received(bytes: Buffer, start: number, end: number, now: number): void {
    this.lastHeard = now;
    const r = new JuteReader(bytes, start, end, end - start);
    try {
      if (this.phase === 'up') this.reply(r);
      else if (this.phase === 'handshake') this.handshake(r, now);
    } catch (error) {
      if (!(error instanceof JuteError || error instanceof ProtocolFault)) throw error;
      this.lost(`the server sent what is no answer: ${error.message}`, now);
    }
  }

  private handshake(r: JuteReader, now: number): void {
    const response = ConnectResponse.read(r);
    if (response.timeOut <= 0) {
      this.end('expired');
      return;
    }
    const readOnly = response.readOnly ?? false;
    if (readOnly && !this.config.readOnly) throw new ProtocolFault('a read-only session nobody asked for');
    this.phase = 'up';
    this.upSince = now;
    this.id = response.sessionId;
    // A copy: what was read is a view on a chunk of input.
    this.passwd = Buffer.from(response.passwd ?? NO_PASSWD);
    this.timeoutMs = response.timeOut;
    this.timers = sessionTimers(response.timeOut);
    this.resumable ||= !readOnly;
    this.probeMs = CLIENT_LIMITS.probeMs;
    this.probeAt = readOnly ? now + this.probeMs : NEVER;
    this.setState(readOnly ? 'connectedReadOnly' : 'connected');
    this.credentials.sendAll(now);
    const again = setWatchesRequests(this.watches, this.lastZxid, () => this.effects.watchesSet());
    for (const request of again) this.flow.send(request, now);
    this.flow.pump(now);
  }

  private reply(r: JuteReader): void {
    const xid = r.readInt();
    const zxidHigh = r.readInt();
    const zxidLow = r.readInt() >>> 0;
    const err = r.readInt();
    if (xid === XID.ping) return;
    if (xid === XID.notification) {
      this.effects.notified(WatcherEvent.read(r), join64(zxidHigh, zxidLow));
    } else if (xid === XID.auth) {
      if (!this.credentials.answered(err)) this.end('authFailed');
    } else {
      const request = this.flow.expect(xid);
      this.sawZxid(zxidHigh, zxidLow);
      this.flow.answer(request, err, r);
    }
  }

  /** Keeps the largest; in halves, since a bigint for every reply would be garbage. */
  private sawZxid(high: number, low: number): void {
    if (high < this.zxidHigh || (high === this.zxidHigh && low <= this.zxidLow)) return;
    this.zxidHigh = high;
    this.zxidLow = low;
  }

  /** Takes a request: sends it, or keeps it until there is a connection. False when too many wait. */
  submit(request: Request, now: number): boolean {
    if (this.over) request.fail(this.finalCode());
    else if (this.flow.outstanding >= this.config.outstandingMax) return false;
    else this.flow.take(request, this.phase === 'up', now);
    return true;
  }

  private get over(): boolean {
    return this.phase === 'ended' || this.closeBy !== NEVER;
  }

  /** The output that made `writable` false is gone. */
  drained(now: number): void {
    if (this.phase === 'up') this.flow.pump(now);
  }

  /** Presents a credential, now and on every later connection. */
  addAuth(auth: Auth, now: number): void {
    if (this.over) {
      auth.settled?.(this.finalCode());
      return;
    }
    this.credentials.add(auth);
    if (this.phase === 'up') this.credentials.send(auth, now);
  }

  /** A read-write server was found by a probe: the read-only one is left for it. */
  probed(server: ServerAddress, now: number): void {
    if (this.current !== 'connectedReadOnly') return;
    this.better = server;
    this.lost('a read-write server was found', now);
  }

  /**
   * Ends the session: sends `request` (a closeSession) after all others and waits for the answer, at most
   * `CLIENT_LIMITS.closeMs`; without a connection it ends at once, and the server lets the session expire.
   */
  close(request: Request, now: number): void {
    if (this.over) return;
    if (this.phase !== 'up') {
      this.end('closed');
      return;
    }
    this.closeBy = now + CLIENT_LIMITS.closeMs;
    this.flow.take(request, true, now);
  }

  /** The answer to closeSession is there. */
  closed(): void {
    this.end('closed');
  }

  /** The connection, or the attempt at one, is over: `why` in words. */
  lost(why: string, now: number): void {
    if (this.phase === 'ended' || this.phase === 'waiting') return;
    const wasUp = this.phase === 'up';
    this.phase = 'waiting';
    this.effects.hangUp();
    this.credentials.disconnected();
    if (this.over) {
      this.end('closed');
      return;
    }
    this.flow.failSent(ERR.CONNECTIONLOSS);
    if (wasUp && now - this.upSince >= CLIENT_LIMITS.settledMs) this.hosts.settled();
    else if (this.better === undefined) {
      this.hosts.failed();
      this.effects.attemptFailed(why, this.hosts.rounds);
    }
    if (wasUp) this.setState('connecting');
    this.phaseDeadline = now + (this.better === undefined ? this.hosts.pauseMs() : 0);
  }

  /** Time has passed; call at `nextDeadline` or later. */
  tick(now: number): void {
    if (now >= this.closeBy) this.end('closed');
    else if (this.flow.timeOut(now)) this.lost('a request had no answer in time', now);
    if (this.phase === 'up') this.tickUp(now);
    else if (this.phase === 'ended') return;
    else if (now >= this.expiresAt()) this.end('expired');
    else if (now >= this.phaseDeadline) {
      if (this.phase === 'waiting') this.dialNext(now);
      else this.lost('no answer in time', now);
    }
  }

  private tickUp(now: number): void {
    if (now - this.lastHeard >= this.timers.readMs) {
      this.lost('the server went silent', now);
      return;
    }
    if (now - this.flow.lastSent >= this.timers.pingMs)
      this.flow.sendAside(XID.ping, OP.ping, undefined, now);
    if (now < this.probeAt) return;
    this.effects.probe(this.hosts.next());
    this.probeMs = Math.min(this.probeMs * 2, CLIENT_LIMITS.probeMsMax);
    this.probeAt = now + this.probeMs;
  }

  /** When a session without a connection must have expired on the servers. */
  private expiresAt(): number {
    const known = this.resumable && this.lastHeard >= 0 && this.config.localExpiry;
    return known ? this.lastHeard + this.timers.expiryMs : NEVER;
  }

  /** When `tick` has something to do; Infinity for never. May come too early, never too late. */
  nextDeadline(): number {
    if (this.phase === 'ended') return NEVER;
    const at = Math.min(this.closeBy, this.flow.nextDeadline());
    if (this.phase !== 'up') return Math.min(at, this.phaseDeadline, this.expiresAt());
    const { readMs, pingMs } = this.timers;
    return Math.min(at, this.lastHeard + readMs, this.flow.lastSent + pingMs, this.probeAt);
  }

  private setState(state: ClientState): void {
    if (this.current === state) return;
    this.current = state;
    this.effects.stateChanged(state);
  }

  private finalCode(): number {
    return this.current === 'authFailed' ? ERR.AUTHFAILED : ERR.SESSIONEXPIRED;
  }

  private end(state: 'closed' | 'expired' | 'authFailed'): void {
    if (this.phase === 'ended') return;
    this.phase = 'ended';
    this.effects.hangUp();
    this.setState(state);
    this.flow.failAll(this.finalCode());
    this.credentials.failAll(this.finalCode());
  }
}
