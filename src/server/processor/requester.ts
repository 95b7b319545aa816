import type { JuteWriter } from '../../jute/writer.ts';
import type { Id } from '../../protocol/acl.ts';

/** A client connection as the processors see it: who asks, and where the answer goes. */
export interface Requester {
  readonly sessionId: bigint;
  /** Identities of the connection: its address, and what auth packets added. */
  readonly authIds: readonly Id[];
  /** Begins a frame; write its payload to the writer, then end it. */
  beginFrame(): JuteWriter;
  /** Ends a frame that answers nothing (a notification). */
  endFrame(): void;
  /** Ends the answer to a request of operation `op` that arrived at `arrivedMs`, at `nowMs` (monotonic). */
  endReply(op: number, arrivedMs: number, nowMs: number): void;
}
