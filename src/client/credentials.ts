import { Fifo } from '../base/ring.ts';
import { ERR } from '../protocol/error-codes.ts';
import { AuthPacket } from '../protocol/messages.ts';
import { OP, XID } from '../protocol/opcodes.ts';
import { ProtocolFault } from './request.ts';
import type { RequestFlow } from './request-flow.ts';

/** A credential and who waits to hear of it. */
export interface Auth {
  readonly scheme: string;
  /** Null travels as a null buffer, which servers refuse. */
  readonly auth: Buffer | null;
  /** Called once: with 0 when a server took it, with a code when the session ended first. */
  settled: ((err: number) => void) | undefined;
}

const sameBytes = (a: Buffer | null, b: Buffer | null): boolean =>
  a === b || (a !== null && b !== null && a.equals(b));

/**
 * The credentials of a session, presented anew on every connection. Their answers come in order among
 * themselves, but not in the order of requests.
 */
export class Credentials {
  private readonly flow: RequestFlow;
  private readonly all: Auth[] = [];
  private readonly sent = new Fifo<Auth>();

  constructor(flow: RequestFlow) {
    this.flow = flow;
  }

  /** Keeps one for every connection to come; the same again replaces itself. */
  add(auth: Auth): void {
    const same = this.all.findIndex(
      (a) => a.settled === undefined && a.scheme === auth.scheme && sameBytes(a.auth, auth.auth),
    );
    if (same >= 0) this.all[same] = auth;
    else this.all.push(auth);
  }

  /** Presents one. */
  send(auth: Auth, now: number): void {
    const packet = { type: 0, scheme: auth.scheme, auth: auth.auth };
    this.flow.sendAside(XID.auth, OP.auth, (w) => AuthPacket.write(w, packet), now);
    this.sent.push(auth);
  }

  /** Presents all: a new connection. */
  sendAll(now: number): void {
    for (const auth of this.all) this.send(auth, now);
  }

  /** An answer came; false when the credential was refused. */
  answered(err: number): boolean {
    const auth = this.sent.shift();
    if (auth === undefined) throw new ProtocolFault('an answer to a credential that was not sent');
    if (err !== ERR.OK) return false;
    auth.settled?.(ERR.OK);
    auth.settled = undefined;
    return true;
  }

  /** The connection is gone: all will be presented again. */
  disconnected(): void {
    while (this.sent.length > 0) this.sent.shift();
  }

  /** The session has ended. */
  failAll(code: number): void {
    for (const auth of this.all) {
      auth.settled?.(code);
      auth.settled = undefined;
    }
  }
}
