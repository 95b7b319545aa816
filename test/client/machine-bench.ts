import { parseServerList } from '../../src/client/connect-string.ts';
import type { Request } from '../../src/client/request.ts';
import { type SessionConfig, type SessionEffects, SessionMachine } from '../../src/client/session-machine.ts';
import { WatchRegistry } from '../../src/client/watch-registry.ts';
import { JuteReader } from '../../src/jute/reader.ts';
import type { Codec } from '../../src/jute/schema.ts';
import { JuteWriter } from '../../src/jute/writer.ts';
import {
  AuthPacket,
  ConnectRequest,
  ConnectResponse,
  SetWatches,
  SetWatches2,
} from '../../src/protocol/messages.ts';
import { OP, opName, XID } from '../../src/protocol/opcodes.ts';
import { eventName, WatcherEvent } from '../../src/protocol/watch-types.ts';

/** A request that writes nothing but its header and notes what becomes of it. */
class NotedRequest implements Request {
  readonly op: number;
  xid = 0;
  readonly deadline: number;
  private readonly name: string;
  private readonly note: (line: string) => void;

  constructor(name: string, op: number, deadline: number, note: (line: string) => void) {
    this.name = name;
    this.op = op;
    this.deadline = deadline;
    this.note = note;
  }
  write(): void {
    if (this.name.startsWith('bad')) throw new TypeError('cannot be encoded');
  }
  reply(err: number, body: JuteReader): void {
    if (err === 0 && this.name.startsWith('int')) body.readInt();
    this.note(`${this.name}: answered ${err}`);
  }
  fail(code: number): void {
    this.note(`${this.name}: failed ${code}`);
  }
  refuse(error: unknown): void {
    this.note(`${this.name}: refused ${String(error)}`);
  }
}

/**
 * The session machine between a script and a transcript: inputs are methods, effects and outcomes are lines.
 */
export class MachineBench implements SessionEffects {
  readonly machine: SessionMachine;
  readonly watches = new WatchRegistry();
  now = 1000;
  full = false;
  private lines: string[] = [];
  private readonly out = new JuteWriter();

  constructor(servers: string, config: Partial<SessionConfig> = {}) {
    this.machine = new SessionMachine(
      {
        servers: parseServerList(servers).servers,
        sessionTimeoutMs: 30_000,
        connectTimeoutMs: 0,
        readOnly: false,
        clientName: '',
        outstandingMax: 1000,
        localExpiry: true,
        session: undefined,
        ...config,
      },
      { below: () => 0 },
      this,
      this.watches,
    );
    this.machine.start(this.now);
  }

  /** What happened since the last call. */
  seen(): string[] {
    const lines = this.lines;
    this.lines = [];
    return lines;
  }

  private note(line: string): void {
    this.lines.push(line);
  }

  dial(server: { host: string; port: number }, timeoutMs: number): void {
    this.note(`dial ${server.host}:${server.port} within ${timeoutMs}`);
  }
  hangUp(): void {
    this.note('hang up');
  }
  probe(server: { host: string; port: number }): void {
    this.note(`probe ${server.host}:${server.port}`);
  }
  stateChanged(state: string): void {
    this.note(`state ${state}`);
  }
  attemptFailed(why: string, rounds: number): void {
    this.note(`failed: ${why} (round ${rounds})`);
  }
  notified(event: WatcherEvent, zxid: bigint): void {
    this.note(`event ${eventName(event.type)} ${event.path} ${zxid}`);
  }
  watchesSet(): void {
    this.note('watches set');
  }
  writable(): boolean {
    return !this.full;
  }
  beginFrame(): JuteWriter {
    return this.out.reset();
  }
  dropFrame(): void {
    this.out.reset();
  }
  endFrame(): void {
    this.note(
      `send ${frameText(new JuteReader(Buffer.from(this.out.bytes())), this.machine.server !== undefined)}`,
    );
  }

  /** The connection opens and the server answers. */
  establish(response: Partial<ConnectResponse> = {}): this {
    this.machine.opened(this.now);
    return this.response(response);
  }

  response(response: Partial<ConnectResponse> = {}): this {
    const full = {
      protocolVersion: 0,
      timeOut: 30_000,
      sessionId: 0x77n,
      passwd: Buffer.alloc(16, 7),
      readOnly: false,
    };
    return this.payload(ConnectResponse, { ...full, ...response });
  }

  reply(xid: number, zxid = 0n, err = 0, body: Buffer = Buffer.alloc(0)): this {
    const w = new JuteWriter();
    w.writeInt(xid);
    w.writeLong(zxid);
    w.writeInt(err);
    w.writeRaw(body);
    return this.bytes(w.copy());
  }

  event(type: number, path: string, zxid = -1n): this {
    const w = new JuteWriter();
    WatcherEvent.write(w, { type, state: 3, path });
    return this.reply(XID.notification, zxid, 0, w.copy());
  }

  private payload<T>(codec: Codec<T>, value: T): this {
    const w = new JuteWriter();
    codec.write(w, value);
    return this.bytes(w.copy());
  }

  bytes(payload: Buffer): this {
    // Not at the start of its buffer, as in a chunk of input.
    const chunk = Buffer.concat([Buffer.from([9, 9, 9]), payload, Buffer.from([9])]);
    this.machine.received(chunk, 3, 3 + payload.length, this.now);
    return this;
  }

  submit(name: string, op: number = OP.getData, timeoutMs = Number.POSITIVE_INFINITY): this {
    const request = new NotedRequest(name, op, this.now + timeoutMs, (line) => this.note(line));
    if (!this.machine.submit(request, this.now)) this.note(`${name}: not taken`);
    return this;
  }

  auth(scheme: string, auth: string): this {
    const settled = (err: number) => this.note(`auth ${scheme}: ${err}`);
    this.machine.addAuth({ scheme, auth: Buffer.from(auth), settled }, this.now);
    return this;
  }

  close(): this {
    this.machine.close(
      new NotedRequest('close', OP.closeSession, Number.POSITIVE_INFINITY, (line) => {
        this.note(line);
        if (line.includes('answered')) this.machine.closed();
      }),
      this.now,
    );
    return this;
  }

  lost(why = 'reset'): this {
    this.machine.lost(why, this.now);
    return this;
  }

  /** Lets time pass, ticking at each deadline of the machine. */
  wait(ms: number): this {
    const end = this.now + ms;
    for (let guard = 0; guard < 10_000; guard++) {
      const at = this.machine.nextDeadline();
      if (at > end) break;
      this.now = Math.max(this.now, at);
      this.machine.tick(this.now);
    }
    this.now = end;
    this.machine.tick(end);
    return this;
  }
}

function frameText(r: JuteReader, connected: boolean): string {
  if (!connected) {
    const c = ConnectRequest.read(r);
    const flag = c.readOnly === true ? ' readOnly' : '';
    return `connect session ${c.sessionId} zxid ${c.lastZxidSeen} timeout ${c.timeOut}${flag}`;
  }
  const xid = r.readInt();
  const op = r.readInt();
  if (op === OP.auth) {
    const { scheme, auth } = AuthPacket.read(r);
    return `${xid} auth ${scheme} ${String(auth)}`;
  }
  if (op === OP.setWatches || op === OP.setWatches2) {
    const w = op === OP.setWatches ? SetWatches.read(r) : SetWatches2.read(r);
    const lists = Object.entries(w).filter(([, v]) => Array.isArray(v) && v.length > 0);
    const text = lists.map(([k, v]) => `${k.replace('Watches', '')} ${(v as string[]).join(' ')}`);
    return `${xid} ${opName(op)} since ${w.relativeZxid}: ${text.join(', ')}`;
  }
  return `${xid} ${opName(op)}`;
}
