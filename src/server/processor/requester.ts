import type { JuteWriter } from '../../jute/writer.ts';
import type { Acl, Id } from '../../protocol/acl.ts';

/** A client connection as the processors see it: who asks, and where the answer goes. */
export interface Requester {
  readonly sessionId: bigint;
  /** Identities of the connection: its address, and what auth packets added. */
  readonly authIds: readonly Id[];
  /** Begins an answer; write its payload to the writer, then call `endFrame`. */
  beginFrame(): JuteWriter;
  endFrame(): void;
}

/** The right to do a thing; `server/auth` implements it. */
export interface Authorizer {
  /** True when one of `ids` may do what `perm` (bits of PERMS) says under `acl`. */
  allows(acl: readonly Acl[], perm: number, ids: readonly Id[]): boolean;
  /** The list as it is to be stored: `auth` replaced, duplicates gone; undefined where it is not valid (facts 5). */
  fixup(acl: readonly Acl[] | null, ids: readonly Id[]): Acl[] | undefined;
}
