/** A network that knows what is open over it, so that all of it can be closed at once. */
import type { Net, Socket } from '../../ports/net.ts';

/** See the head of the file. Only dials. */
export class OpenConnections implements Pick<Net, 'connect'> {
  private readonly net: Pick<Net, 'connect'>;
  private readonly open = new Set<{ end(): void }>();
  private closed = false;

  constructor(net: Pick<Net, 'connect'>) {
    this.net = net;
  }

  connect(
    to: Parameters<Net['connect']>[0],
    handler: Parameters<Net['connect']>[1],
  ): ReturnType<Net['connect']> {
    let socket: Socket | undefined;
    const attempt = this.net.connect(to, {
      opened: (opened) => {
        socket = opened;
        if (this.closed) opened.destroy();
        else handler.opened(opened);
      },
      data: (chunk) => handler.data(chunk),
      drained: () => handler.drained(),
      ended: () => handler.ended(),
      closed: (error) => {
        this.open.delete(entry);
        handler.closed(error);
      },
    });
    const entry = {
      end: () => {
        if (socket === undefined) attempt.cancel();
        else socket.destroy();
      },
    };
    this.open.add(entry);
    return attempt;
  }

  /** Closes everything, for good. */
  closeAll(): void {
    this.closed = true;
    for (const { end } of this.open) end();
  }
}
