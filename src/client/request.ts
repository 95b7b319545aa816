import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';

/** A frame that can be read but has no place in the conversation; it ends the connection. */
export class ProtocolFault extends Error {
  override readonly name = 'ProtocolFault';
}

/**
 * One operation on its way through the session machine. Exactly one of `reply`, `fail` and `refuse` is
 * called, once.
 */
export interface Request {
  readonly op: number;
  /** Set by the machine when it is sent; special requests bring their own. */
  xid: number;
  /** When the caller's patience ends, monotonic ms; Infinity for never. */
  readonly deadline: number;
  /** Writes the body after the header. A throw is the caller's mistake: see `refuse`. */
  write(w: JuteWriter): void;
  /**
   * The answer; the body follows in `body` if and only if `err` is 0. Throws `JuteError` or `ProtocolFault`.
   */
  reply(err: number, body: JuteReader): void;
  /** There will be no answer: a protocol code says why. */
  fail(code: number): void;
  /** It could not be encoded, and was not sent. */
  refuse(error: unknown): void;
}
