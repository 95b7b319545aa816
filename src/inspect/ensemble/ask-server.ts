/** Four-letter words, asked of a server. */
import { reasonOf, ZktError } from '../../base/errors.ts';
import { addressText, type ServerAddress } from '../../client/connect-string.ts';
import type { Net, Socket } from '../../ports/net.ts';
import type { Timers } from '../../ports/timers.ts';

/** More is not taken from a server: `wchc` of a busy one is long, but not this long. */
const REPLY_BYTES_MAX = 64 * 1024 * 1024;

/** What it takes to ask. */
export interface AskPorts {
  readonly net: Pick<Net, 'connect'>;
  readonly timers: Timers;
}

/** Limits and ears of a question. */
export interface AskOptions {
  /** More is not taken; the connection is then closed. Default 64 MiB. */
  readonly replyBytesMax?: number;
  /** Told the address and port that the server's name led to, and the address of this end. */
  readonly reached?: (address: string, port: number, localAddress: string) => void;
}

/** Sends `bytes` and answers all the server says until it closes. Rejects with ZKT_CONNECT or ZKT_TIMEOUT. */
export function askServer(
  { net, timers }: AskPorts,
  server: ServerAddress,
  bytes: Buffer,
  timeoutMs: number,
  options: AskOptions = {},
): Promise<Buffer> {
  const { replyBytesMax = REPLY_BYTES_MAX, reached } = options;
  const servers = addressText(server);
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    let socket: Socket | undefined;
    const attempt = net.connect(
      { host: server.host, port: server.port, timeoutMs },
      {
        opened(opened) {
          socket = opened;
          reached?.(opened.remoteAddress, opened.remotePort, opened.localAddress);
          opened.write(bytes);
        },
        data(chunk) {
          size += chunk.length;
          if (size <= replyBytesMax) chunks.push(chunk);
          else socket?.destroy();
        },
        drained() {},
        ended() {
          socket?.destroy();
        },
        closed(error) {
          timer.cancel();
          if (chunks.length > 0) resolve(Buffer.concat(chunks));
          else {
            const why = error === undefined ? 'it closed the connection without a word' : reasonOf(error);
            reject(new ZktError('ZKT_CONNECT', { servers, why }));
          }
        },
      },
    );
    const timer = timers.after(timeoutMs, () => {
      reject(new ZktError('ZKT_TIMEOUT', { what: servers, ms: timeoutMs }));
      attempt.cancel();
      socket?.destroy();
    });
  });
}
