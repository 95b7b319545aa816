import type { Net, Socket } from '../ports/net.ts';
import type { Timers } from '../ports/timers.ts';
import type { ServerAddress } from './connect-string.ts';
import { CLIENT_LIMITS } from './limits.ts';

const QUESTION = Buffer.from('isro', 'latin1');
const ANSWER_BYTES = 2;

/**
 * Asks a server the four-letter word `isro`; calls `done` once, with true when it answers `rw` in time. A
 * server that does not list the word answers something else.
 */
export function probeServer(
  { net, timers }: { readonly net: Net; readonly timers: Timers },
  server: ServerAddress,
  done: (readWrite: boolean) => void,
): void {
  let socket: Socket | undefined;
  let answer = '';
  let over = false;
  const finish = () => {
    if (over) return;
    over = true;
    timer.cancel();
    attempt.cancel();
    socket?.destroy();
    done(answer.startsWith('rw'));
  };
  const timer = timers.after(CLIENT_LIMITS.probeAnswerMs, finish);
  const attempt = net.connect(
    { host: server.host, port: server.port, timeoutMs: CLIENT_LIMITS.probeAnswerMs },
    {
      opened(opened) {
        socket = opened;
        if (over) socket.destroy();
        else socket.write(QUESTION);
      },
      data(chunk) {
        answer += chunk.toString('latin1', 0, ANSWER_BYTES);
        if (answer.length >= ANSWER_BYTES) finish();
      },
      drained() {},
      ended: finish,
      closed: finish,
    },
  );
}
