/** Session ids (facts 3): the server's id in the high byte, then a clock, then a count. */
import { CONTAINER_OWNER } from '../../protocol/create-mode.ts';

/**
 * The first id a process gives out: `((clockMs << 24) >>> 8) | (sid << 56)` in 64 bits, signed.
 *
 * Ids of an earlier process may still be in use, so the clock must go on over restarts: Apache takes the
 * host's monotonic time; the wall clock serves as well, the time since this process began does not.
 */
export function initialSessionId(sid: bigint, clockMs: number): bigint {
  const clock = BigInt.asUintN(64, BigInt(Math.floor(clockMs)) << 24n) >> 8n;
  return pastContainerOwner(BigInt.asIntN(64, clock | (sid << 56n)));
}

/** The id after `id`. */
export const followingSessionId = (id: bigint): bigint => pastContainerOwner(BigInt.asIntN(64, id + 1n));

/** An ephemeral owner of this value marks a container, so that it can be no session. */
const pastContainerOwner = (id: bigint): bigint => (id === CONTAINER_OWNER ? id + 1n : id);
