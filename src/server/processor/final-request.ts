/**
 * FinalRequestProcessor: applies transactions, in the order of their zxids, and answers.
 *
 * Watch events of a transaction are sent while it is applied, so they leave before its reply, and before any
 * reply that shows the change (facts 2.7).
 */
import { fromHalves, hi32, lo32 } from '../../base/halves.ts';
import { invariant } from '../../base/invariant.ts';
import type { Emitter } from '../../events/bus.ts';
import type { JuteWriter } from '../../jute/writer.ts';
import { ERR } from '../../protocol/error-codes.ts';
import { MultiHeader } from '../../protocol/messages.ts';
import { OP } from '../../protocol/opcodes.ts';
import { STAT_BYTES } from '../../protocol/stat.ts';
import { type Applied, applyTxn, type TreeEffects } from '../tree/apply.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { beginReply } from './reply.ts';
import type { Request } from './request.ts';
import type { Requester } from './requester.ts';

/** What final needs of the server around it. */
export interface FinalEnvironment {
  readonly tree: DataTree;
  readonly effects: TreeEffects;
  readonly events: Emitter;
}

/** The last processor of the chain. */
export class FinalRequestProcessor {
  /** Monotonic ms of the batch being applied; set by whoever drives the chain. */
  nowMs = 0;
  private readonly env: FinalEnvironment;

  constructor(env: FinalEnvironment) {
    this.env = env;
  }

  /** Applies a transaction that is safe on disk, and answers whoever asked for it. */
  process(request: Request): Applied {
    const { header, txn, from } = request;
    invariant(header !== undefined && txn !== undefined, 'only prepared requests are applied');
    const { tree, effects, events } = this.env;
    const applied = applyTxn(tree, header, txn, effects, request.parts);
    this.checkDigest(request);
    if (events.on['request.applied']) {
      events.emit('request.applied', { session: request.session, cxid: request.cxid, zxid: header.zxid });
    }
    // Who writes over a connection that lost its session hears nothing more on it (facts 3).
    if (from !== undefined && applied.err !== ERR.SESSIONMOVED) this.reply(from, request, applied);
    return applied;
  }

  private checkDigest(request: Request): void {
    const { tree, events } = this.env;
    if (!tree.options.digest || !request.hasDigest) return;
    const { hi, lo } = tree.digest;
    if (hi === request.digestHi && lo === request.digestLo) {
      tree.digestSettled = true;
      return;
    }
    if (!tree.digestSettled || !events.on['tree.digest-mismatch']) return;
    events.emit('tree.digest-mismatch', {
      zxid: request.header?.zxid ?? 0n,
      expected: fromHalves(request.digestHi, request.digestLo).toString(16),
      actual: fromHalves(hi, lo).toString(16),
    });
  }

  private reply(to: Requester, request: Request, applied: Applied): void {
    const zxid = request.header?.zxid ?? 0n;
    const hi = hi32(zxid);
    const lo = lo32(zxid);
    // A failed multi has results of its own; its header says OK (facts 2.6).
    const err = applied.parts !== undefined ? ERR.OK : applied.err;
    if (request.op === OP.createSession) return;
    const w = beginReply(to, request.cxid, hi, lo, err);
    if (err === ERR.OK) this.writeBody(w, request, applied);
    to.endReply(request.op, request.receivedMs, this.nowMs);
  }

  private writeBody(w: JuteWriter, request: Request, applied: Applied): void {
    switch (request.op) {
      case OP.create:
        w.writeString(applied.path);
        return;
      case OP.create2:
      case OP.createTTL:
      case OP.createContainer:
        w.writeString(applied.path);
        this.writeStat(w, applied);
        return;
      case OP.setData:
      case OP.setACL:
        this.writeStat(w, applied);
        return;
      case OP.reconfig:
        w.writeBuffer(request.txn?.type === OP.reconfig ? request.txn.data : null);
        this.writeStat(w, applied);
        return;
      case OP.multi:
        this.writeParts(w, applied.parts ?? [], request.partOps ?? []);
        return;
      default:
    }
  }

  private writeStat(w: JuteWriter, applied: Applied): void {
    w.reserve(STAT_BYTES);
    if (applied.stat !== undefined) applied.stat.copy(w.buf, w.pos);
    else this.env.tree.writeStat(applied.node, w.buf, w.pos);
    w.pos += STAT_BYTES;
  }

  private writeParts(w: JuteWriter, parts: readonly Applied[], ops: readonly number[]): void {
    parts.forEach((part, i) => {
      if (part.type === OP.error) {
        MultiHeader.write(w, { type: OP.error, done: false, err: part.err });
        w.writeInt(part.err);
        return;
      }
      const asked = ops[i] ?? part.type;
      // Containers and TTL nodes answer as create2 does (facts 2.6).
      const type = asked === OP.createContainer || asked === OP.createTTL ? OP.create2 : asked;
      MultiHeader.write(w, { type, done: false, err: ERR.OK });
      if (type === OP.create || type === OP.create2) w.writeString(part.path);
      if (type === OP.create2 || type === OP.setData) this.writeStat(w, part);
    });
    MultiHeader.write(w, { type: -1, done: true, err: -1 });
  }
}
