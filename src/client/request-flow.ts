import { Fifo } from '../base/ring.ts';
import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { ERR } from '../protocol/error-codes.ts';
import { ProtocolFault, type Request } from './request.ts';

/** Where frames are written: the output of this turn of the loop. */
export interface FrameOutput {
  /** Room for the next frame's payload. */
  beginFrame(): JuteWriter;
  endFrame(): void;
  /** Takes back what was written since `beginFrame`. */
  dropFrame(): void;
  /** False while so much output waits that more had better wait unsent; the driver tells when it is gone. */
  writable(): boolean;
}

/**
 * Requests on their way: those that wait to be sent, and those that were sent and wait for their answer.
 * Answers come in the order of the requests. What was not sent survives the loss of a connection.
 */
export class RequestFlow {
  /** When something was last written, monotonic ms. */
  lastSent = 0;
  private readonly output: FrameOutput;
  private readonly sent = new Fifo<Request>();
  private readonly queue = new Fifo<Request>();
  private xid = 0;

  constructor(output: FrameOutput) {
    this.output = output;
  }

  /** Requests without an answer. */
  get outstanding(): number {
    return this.sent.length + this.queue.length;
  }

  /** Takes a request: sends it if that is possible now and none waits before it. */
  take(request: Request, connected: boolean, now: number): void {
    if (connected && this.queue.length === 0 && this.output.writable()) this.send(request, now);
    else this.queue.push(request);
  }

  /** Sends what waits, as far as the output has room. */
  pump(now: number): void {
    while (this.queue.length > 0 && this.output.writable()) this.send(this.queue.shift() as Request, now);
  }

  /** Sends a request before those that wait. */
  send(request: Request, now: number): void {
    if (request.xid >= 0) {
      this.xid = this.xid === 0x7fffffff ? 1 : this.xid + 1;
      request.xid = this.xid;
    }
    if (this.frame(request.xid, request.op, request, now)) this.sent.push(request);
  }

  /** Writes a frame whose answer is not awaited in order: pings and credentials. */
  sendAside(xid: number, op: number, body: ((w: JuteWriter) => void) | undefined, now: number): void {
    const w = this.output.beginFrame();
    w.writeInt(xid);
    w.writeInt(op);
    body?.(w);
    this.output.endFrame();
    this.lastSent = now;
  }

  private frame(xid: number, op: number, request: Request, now: number): boolean {
    const w = this.output.beginFrame();
    try {
      w.writeInt(xid);
      w.writeInt(op);
      request.write(w);
    } catch (error) {
      this.output.dropFrame();
      request.refuse(error);
      return false;
    }
    this.output.endFrame();
    this.lastSent = now;
    return true;
  }

  /** Makes sure that `xid` is the next to be answered. */
  expect(xid: number): Request {
    const request = this.sent.peek();
    if (request === undefined || request.xid !== xid) {
      const next = request === undefined ? 'none' : `request ${request.xid}`;
      throw new ProtocolFault(`an answer to request ${xid}, the next to answer is ${next}`);
    }
    return request;
  }

  /** Hands over the answer to the request `expect` found. */
  answer(request: Request, err: number, body: JuteReader): void {
    this.sent.shift();
    try {
      request.reply(err, body);
    } catch (error) {
      request.fail(ERR.MARSHALLINGERROR);
      throw error;
    }
  }

  /**
   * Gives up requests whose time is over; they expire in the order they came, so only the first of each list
   * needs a look. True when one of them had been sent, so that the connection is no good.
   */
  timeOut(now: number): boolean {
    for (let next = this.queue.peek(); next !== undefined && next.deadline <= now; next = this.queue.peek()) {
      this.queue.shift();
      next.fail(ERR.REQUESTTIMEOUT);
    }
    const first = this.sent.peek();
    if (first === undefined || first.deadline > now) return false;
    this.sent.shift();
    first.fail(ERR.REQUESTTIMEOUT);
    return true;
  }

  /** When `timeOut` has something to do; Infinity for never. */
  nextDeadline(): number {
    const sent = this.sent.peek()?.deadline ?? Number.POSITIVE_INFINITY;
    return Math.min(sent, this.queue.peek()?.deadline ?? Number.POSITIVE_INFINITY);
  }

  /** The connection is gone: nobody knows what became of the requests that were sent. */
  failSent(code: number): void {
    for (let r = this.sent.shift(); r !== undefined; r = this.sent.shift()) r.fail(code);
  }

  /** Nothing will be sent or answered any more. */
  failAll(code: number): void {
    this.failSent(code);
    for (let r = this.queue.shift(); r !== undefined; r = this.queue.shift()) r.fail(code);
  }
}
