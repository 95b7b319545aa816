/**
 * Real time and zxids tell the same story: what was sent after something was answered does not come before
 * it.
 */
import type { HistoryRequest } from './history.ts';

/** A request that comes before what was answered before it was sent. */
export interface OutOfTime {
  readonly request: HistoryRequest;
  readonly zxid: bigint;
  /** The largest zxid that had been answered. */
  readonly after: bigint;
}

/** Which operations have to be how new. */
export interface Newness {
  /** Writes come after what was answered. */
  readonly isWrite: (op: number) => boolean;
  /** These are as new as what was answered. */
  readonly isCurrent: (op: number) => boolean;
}

/** The requests out of their time; `zxids` are those of writes that happened. */
export function outOfTime(
  requests: readonly HistoryRequest[],
  zxids: ReadonlyMap<HistoryRequest, bigint>,
  { isWrite, isCurrent }: Newness,
): OutOfTime[] {
  const ended = [...zxids]
    .flatMap(([r, zxid]) => (r.reply === undefined ? [] : [{ atMs: r.reply.atMs, zxid }]))
    .sort((a, b) => a.atMs - b.atMs);
  const begun = requests
    .flatMap((request) => {
      const zxid = zxids.get(request) ?? (isCurrent(request.op) ? request.reply?.zxid : undefined);
      return zxid === undefined ? [] : [{ request, zxid }];
    })
    .sort((a, b) => a.request.sentMs - b.request.sentMs);
  const found: OutOfTime[] = [];
  let next = 0;
  let after = 0n;
  for (const { request, zxid } of begun) {
    for (let e = ended[next]; e !== undefined && e.atMs < request.sentMs; e = ended[++next]) {
      if (e.zxid > after) after = e.zxid;
    }
    const late = isWrite(request.op) ? zxid <= after : zxid < after;
    if (late) found.push({ request, zxid, after });
  }
  return found;
}
