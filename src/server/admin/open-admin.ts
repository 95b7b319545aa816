/** Opens the port of the HTTP admin, or says why there is none; the server goes on either way. */
import { reasonOf } from '../../base/errors.ts';
import type { Emitter } from '../../events/bus.ts';
import type { HttpHandler, HttpListener, HttpServing } from '../../ports/http.ts';

/** Where to listen. */
export interface AdminAddress {
  readonly host: string;
  readonly port: number;
  /** Somebody chose the port: no other will do. */
  readonly portGiven: boolean;
  readonly idleTimeoutMs: number;
}

/**
 * `opened` is called once the port is open, and not at all where there is none: then `admin.unavailable` has
 * said why.
 */
export function openAdmin(
  serving: HttpServing,
  at: AdminAddress,
  handler: HttpHandler,
  events: Emitter,
  opened: (listener: HttpListener) => void,
): void {
  const { host, idleTimeoutMs } = at;
  const listen = (port: number, mayMove: boolean): void => {
    serving.listen({ host, port, idleTimeoutMs }, handler, (result) => {
      if ('listener' in result) {
        const { listener } = result;
        opened(listener);
        if (events.on['admin.listening']) {
          events.emit('admin.listening', { host: listener.host, port: listener.port });
        }
      } else if (mayMove && result.error.code === 'EADDRINUSE') listen(0, false);
      else if (events.on['admin.unavailable']) {
        const taken = result.error.code === 'EADDRINUSE';
        const why = taken
          ? 'the port is in use: choose another admin.serverPort (0 for any)'
          : reasonOf(result.error);
        events.emit('admin.unavailable', { host, port, why });
      }
    });
  };
  listen(at.port, !at.portGiven);
}
