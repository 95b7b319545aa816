/** Headers of answers. */
import { put32, put64 } from '../../base/halves.ts';
import type { JuteWriter } from '../../jute/writer.ts';
import { ERR } from '../../protocol/error-codes.ts';
import { XID } from '../../protocol/opcodes.ts';
import { STATE, WatcherEvent } from '../../protocol/watch-types.ts';
import type { Requester } from './requester.ts';

/** Bytes of a reply header. */
const HEADER_BYTES = 16;

/** Begins an answer with its header; zxid as halves. The body, if `err` is OK, is for the caller to write. */
export function beginReply(
  to: Requester,
  xid: number,
  zxidHi: number,
  zxidLo: number,
  err: number,
): JuteWriter {
  const w = to.beginFrame();
  w.reserve(HEADER_BYTES);
  put32(w.buf, w.pos, xid);
  put64(w.buf, w.pos + 4, zxidHi, zxidLo);
  put32(w.buf, w.pos + 12, err);
  w.pos += HEADER_BYTES;
  return w;
}

/** A watch notification. */
export function notify(to: Requester, type: number, path: string): void {
  const w = beginReply(to, XID.notification, -1, -1, ERR.OK);
  WatcherEvent.write(w, { type, state: STATE.syncConnected, path });
  to.endFrame();
}
