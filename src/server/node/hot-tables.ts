/**
 * What the clients of one server ask for most: by path, client, session and operation.
 *
 * Looks at every request while there are few, and at one of N while there are many; N follows the traffic, so
 * that no more than about `LOOKS_PER_S` are looked at in a second, and counts are scaled by it. The gaps
 * between looks vary, or a client that always asks for the same two things in turn would be seen to ask for
 * one of them only.
 */
import { hex0x } from '../../base/brands.ts';
import { HeavyHitters, type Hitter } from '../../base/heavy-hitters.ts';
import type { Prng } from '../../base/prng.ts';
import { JuteError } from '../../jute/jute-error.ts';
import { JuteReader } from '../../jute/reader.ts';
import { MultiRequest } from '../../protocol/multi.ts';
import { OP, opName } from '../../protocol/opcodes.ts';
import { isWrite, requestPath } from '../processor/request-kinds.ts';
import { clientKey, cutKey } from './samples/sample-keys.ts';

/** Requests looked at in a second, about, at most. */
const LOOKS_PER_S = 2_000;
/** Keys held of each kind. */
const KEYS_MAX = 200;
/** A multi larger than this counts as an operation, but its paths are not looked for. */
const MULTI_BYTES_MAX = 64 * 1024;

/** The kinds of keys, as `hot.sampled` calls them. */
export const HOT_KINDS = ['path', 'client', 'session', 'op'] as const;
/** One of the kinds. */
export type HotKind = (typeof HOT_KINDS)[number];

/** Who asked. */
export interface HotClient {
  readonly remoteAddress: string;
  readonly clientName: string;
  readonly sessionId: bigint;
}

/** See the head of the file. */
export class HotTables {
  private readonly random: Prng;
  private readonly tables: Readonly<Record<HotKind, HeavyHitters>>;
  /** One of so many is looked at, on average. */
  private stride = 1;
  /** Requests to let pass before the next look. */
  private gap = 0;
  private looks = 0;

  constructor(random: Prng) {
    this.random = random;
    this.tables = {
      path: new HeavyHitters(KEYS_MAX),
      client: new HeavyHitters(KEYS_MAX),
      session: new HeavyHitters(KEYS_MAX),
      op: new HeavyHitters(KEYS_MAX),
    };
  }

  /** To be asked for every request: whether to `look` at this one. */
  due(): boolean {
    if (this.gap > 0) {
      this.gap--;
      return false;
    }
    if (this.stride > 1) this.gap = this.random.below(2 * this.stride - 1);
    return true;
  }

  /**
   * Counts a request that was `due`: operation `op` with the body `bytes[start, end)`; `moved` are the bytes
   * of request and reply.
   */
  look(from: HotClient, op: number, bytes: Buffer, start: number, end: number, moved: number): void {
    const { tables, stride } = this;
    this.looks++;
    // Traffic that has just begun to grow: from here on fewer are looked at.
    if (this.looks % LOOKS_PER_S === 0) this.stride *= 2;
    const writes = isWrite(op) ? stride : 0;
    const size = moved * stride;
    tables.op.add(opName(op) ?? String(op), stride, writes, size);
    tables.client.add(cutKey(clientKey(from.clientName, from.remoteAddress)), stride, writes, size);
    tables.session.add(hex0x(from.sessionId), stride, writes, size);
    if (op === OP.multi || op === OP.multiRead) this.lookInside(op, bytes, start, end);
    else {
      const path = requestPath(op, bytes, start, end);
      if (path !== '') tables.path.add(cutKey(path), stride, writes, size);
    }
  }

  /** The most used of a kind since `restart`; counts are never more than what was seen, times N. */
  top(kind: HotKind, limit: number): Hitter[] {
    return this.tables[kind].top(limit);
  }

  /** Forgets what was counted, after `ms` of listening, and chooses N for the traffic there was. */
  restart(ms: number): void {
    const { op } = this.tables;
    const perSecond = ms > 0 ? (op.total / ms) * 1000 : 0;
    this.stride = Math.max(1, Math.ceil(perSecond / LOOKS_PER_S));
    this.gap = Math.min(this.gap, 2 * this.stride - 2);
    this.looks = 0;
    for (const kind of HOT_KINDS) this.tables[kind].clear();
  }

  /** The paths of a multi's parts; each has its share of the bytes. */
  private lookInside(op: number, bytes: Buffer, start: number, end: number): void {
    if (end - start > MULTI_BYTES_MAX) return;
    const { stride } = this;
    try {
      const parts = MultiRequest.read(new JuteReader(bytes, start, end));
      const size = ((end - start) / parts.length) * stride;
      const writes = op === OP.multi ? stride : 0;
      for (const { req } of parts) this.tables.path.add(cutKey(req.path), stride, writes, size);
    } catch (thrown) {
      // Not a multi after all: whoever answers it says so.
      if (!(thrown instanceof JuteError)) throw thrown;
    }
  }
}
