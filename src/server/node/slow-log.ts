/**
 * The log of slow requests: what took a client `slowRequestThresholdMs` or longer, and where the time went.
 */
import type { Emitter } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import { opName } from '../../protocol/opcodes.ts';
import type { Request } from '../processor/request.ts';
import { requestPath } from '../processor/request-kinds.ts';
import { type Stage, Stages } from '../processor/stages.ts';

/** Longer paths are cut: one may be a megabyte, and many such events are kept. */
const PATH_CHARS_MAX = 512;

/** What the log works with. */
export interface SlowLogWorld {
  readonly clock: Clock;
  readonly events: Emitter;
  readonly database: { readonly lastZxid: bigint };
}

/** See the head of the file. */
export class SlowLog {
  private readonly thresholdMs: number;
  private readonly world: SlowLogWorld;

  constructor(thresholdMs: number, world: SlowLogWorld) {
    this.thresholdMs = thresholdMs;
    this.world = world;
  }

  /** A request of a client begins its way. */
  began(request: Request): void {
    request.stages = new Stages();
  }

  /** It has got there. Nothing for requests of which it was not said that they began. */
  reached({ stages }: Request, stage: Stage): void {
    stages?.reached(stage, this.world.clock.monotonicMs());
  }

  /** Its last stage: it is told if that was late. */
  ended(request: Request, stage: Stage): void {
    const { stages } = request;
    if (stages === undefined) return;
    const { clock, events, database } = this.world;
    const now = clock.monotonicMs();
    const ms = now - request.receivedMs;
    if (ms < this.thresholdMs || !events.on['request.slow']) return;
    stages.reached(stage, now);
    const { session, cxid, op, bytes, start, end, header, receivedMs } = request;
    events.emit('request.slow', {
      session,
      cxid,
      op: opName(op) ?? String(op),
      path: cutPath(requestPath(op, bytes, start, end)),
      zxid: header?.zxid ?? database.lastZxid,
      ms,
      stages: stages.text(receivedMs),
    });
  }
}

/** A copy of what is shown: a part of a path would keep all of it in memory. */
const cutPath = (path: string): string =>
  path.length <= PATH_CHARS_MAX ? path : `${Buffer.from(path.slice(0, PATH_CHARS_MAX)).toString()}…`;
