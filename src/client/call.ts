import type { JuteReader } from '../jute/reader.ts';
import type { Codec } from '../jute/schema.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { ERR } from '../protocol/error-codes.ts';
import { KeeperError } from './keeper-error.ts';
import type { Request } from './request.ts';

/** A line of the table of operations. */
export interface Op<Q, V> {
  readonly code: number;
  readonly request: Codec<Q>;
  readonly reply: Codec<V>;
}

/** What an operation is asked, and what its caller gets. */
export interface CallSpec<Q, V, R> {
  readonly body: Q;
  /** As the caller gave it; for messages. */
  readonly path: string | undefined;
  /**
   * Makes the caller's value of the reply; also the place to register a watch, since events follow the reply.
   */
  readonly done: (value: V) => R;
  /** Makes a value of an error code that is none to the caller; undefined where it is one. */
  readonly forgive?: (code: number) => { readonly value: R } | undefined;
}

/** A request whose answer settles a promise. */
export class Call<Q, V, R> implements Request {
  readonly op: number;
  xid = 0;
  readonly deadline: number;
  readonly promise: Promise<R>;
  private readonly codecs: Op<Q, V>;
  private readonly spec: CallSpec<Q, V, R>;
  private resolve!: (value: R) => void;
  private reject!: (error: unknown) => void;

  constructor(op: Op<Q, V>, spec: CallSpec<Q, V, R>, deadline: number) {
    this.op = op.code;
    this.codecs = op;
    this.spec = spec;
    this.deadline = deadline;
    this.promise = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  write(w: JuteWriter): void {
    this.codecs.request.write(w, this.spec.body);
  }

  reply(err: number, body: JuteReader): void {
    if (err !== ERR.OK) {
      this.fail(err);
      return;
    }
    let result: R;
    // Bytes after the record are let pass: a newer server may say more.
    const value = this.codecs.reply.read(body);
    try {
      result = this.spec.done(value);
    } catch (error) {
      this.reject(error);
      return;
    }
    this.resolve(result);
  }

  fail(code: number): void {
    const forgiven = this.spec.forgive?.(code);
    if (forgiven !== undefined) this.resolve(forgiven.value);
    else this.reject(new KeeperError(code, this.spec.path));
  }

  refuse(error: unknown): void {
    this.reject(error);
  }
}
