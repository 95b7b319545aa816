import { reasonOf, ZktError } from '../../base/errors.ts';
import type { Listener, Net } from '../../ports/net.ts';
import type { PlannedPort } from './layout.ts';

/**
 * Opens all ports together and closes them again, so that one that is in use is told before anything is
 * started. Rejects with ZKT_PORT_IN_USE or ZKT_LISTEN.
 */
export async function requireFreePorts(net: Net, ports: readonly PlannedPort[]): Promise<void> {
  const opened: Listener[] = [];
  try {
    for (const port of ports) opened.push(await open(net, port));
  } finally {
    await Promise.all(opened.map((listener) => new Promise<void>((done) => listener.close(done))));
  }
}

const open = (net: Net, at: PlannedPort): Promise<Listener> =>
  new Promise((resolve, reject) => {
    const turnAway = (socket: { destroy(): void }): undefined => {
      socket.destroy();
      return undefined;
    };
    net.listen({ host: at.host, port: at.port }, turnAway, (result) => {
      if ('listener' in result) resolve(result.listener);
      else if (result.error.code === 'EADDRINUSE') reject(new ZktError('ZKT_PORT_IN_USE', at));
      else reject(new ZktError('ZKT_LISTEN', { ...at, why: reasonOf(result.error) }));
    });
  });
