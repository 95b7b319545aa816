/**
 * `sync` takes its time: a quorum must confirm that the leader still leads (1675). What a connection asks
 * behind it waits here, and is not sent on: a write that was agreed upon before the sync would be answered
 * before it.
 */
import { OP } from '../../protocol/opcodes.ts';
import type { Request } from '../processor/request.ts';
import type { Conversation } from './conversation.ts';
import type { FinalStage } from './final-stage.ts';

/** Where requests go on. */
export interface GateWorld {
  readonly stage: FinalStage;
  /** A write, which has its place in the order. */
  readonly write: (talk: Conversation, request: Request) => void;
  /** A sync, which has its place in the order; `SyncGate.answered` ends it. */
  readonly sync: (talk: Conversation, request: Request) => void;
}

/** See the head of the file. */
export class SyncGate {
  private readonly world: GateWorld;

  constructor(world: GateWorld) {
    this.world = world;
  }

  /** A write or a sync. */
  take(talk: Conversation, request: Request): void {
    this.world.stage.hold(talk, request);
    this.pass(talk, request);
  }

  /** The sync is done: it is answered, in its turn, and what came behind it goes on. */
  answered(talk: Conversation, request: Request): void {
    const behind = talk.behindSync ?? [];
    talk.behindSync = undefined;
    this.world.stage.ready(talk, request);
    for (const next of behind) this.pass(talk, next);
  }

  private pass(talk: Conversation, request: Request): void {
    if (talk.behindSync !== undefined) talk.behindSync.push(request);
    else if (request.op !== OP.sync) this.world.write(talk, request);
    else {
      talk.behindSync = [];
      this.world.sync(talk, request);
    }
  }
}
