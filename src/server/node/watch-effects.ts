/** What changes of the tree mean for watches and sessions, while serving. */
import type { Emitter } from '../../events/bus.ts';
import { PERMS } from '../../protocol/acl.ts';
import { EVENT, type EventType, eventName } from '../../protocol/watch-types.ts';
import type { Access } from '../auth/access.ts';
import type { ClientLink } from '../net/client-link.ts';
import type { Watches } from '../processor/read-request.ts';
import { notify } from '../processor/reply.ts';
import type { TreeEffects } from '../tree/apply.ts';
import { type WatchMode, watchModeName } from '../watch/watch-modes.ts';
import type { WatchRegistry } from '../watch/watch-registry.ts';
import type { Database } from './database.ts';
import type { NodeMetrics } from './node-metrics.ts';

/** What the effects need. */
export interface EffectsWorld {
  readonly database: Database;
  readonly registry: WatchRegistry<ClientLink>;
  readonly access: Access;
  readonly events: Emitter;
  readonly metrics: NodeMetrics;
  /** A session is gone from the tree. */
  readonly sessionClosed: (session: bigint, ephemerals: number) => void;
}

/**
 * Turns changes of the tree into notifications; a connection that may not read the node hears nothing (facts
 * 4).
 */
export function treeEffects(world: EffectsWorld): TreeEffects {
  const { registry, access, database, events, metrics } = world;
  const fire = (path: string, type: EventType, acl: number): void => {
    const heard = registry.trigger(path, type);
    if (heard.length > 0) metrics.watches.add(type, heard.length);
    for (const link of heard) {
      if (!access.permits(database.tree.acls.get(acl), PERMS.READ, link.authIds)) continue;
      notify(link, type, path);
      if (events.on['watch.fired']) {
        const zxid = database.lastZxid;
        events.emit('watch.fired', { session: link.sessionId, path, type: eventName(type), zxid });
      }
    }
  };
  return {
    created: (path, acl) => fire(path, EVENT.nodeCreated, acl),
    deleted: (path, acl) => {
      metrics.deleted(path);
      fire(path, EVENT.nodeDeleted, acl);
    },
    changed: (path, acl) => fire(path, EVENT.nodeDataChanged, acl),
    childrenChanged: (path, acl) => fire(path, EVENT.nodeChildrenChanged, acl),
    sessionCreated: (session, timeoutMs) => {
      database.sessions.set(session, timeoutMs);
    },
    sessionClosed: (session, ephemerals) => {
      database.sessions.delete(session);
      world.sessionClosed(session, ephemerals);
    },
  };
}

/**
 * The registry as reads see it: a connection with too many watches is told off and closed. `port` knows when
 * this turn is.
 */
export function limitedWatches(
  registry: WatchRegistry<ClientLink>,
  events: Emitter,
  port: { readonly nowMs: number },
): Watches<ClientLink> {
  return {
    add(path: string, who: ClientLink, mode: WatchMode) {
      // One request may ask for many; the first that is too many ends the connection, and is told once.
      if (!who.live) return;
      if (!registry.add(path, who, mode, port.nowMs)) {
        if (events.on['watch.limit']) {
          events.emit('watch.limit', { session: who.sessionId, watches: registry.countOf(who) });
        }
        who.close('too many watches');
      } else if (events.on['watch.set']) {
        events.emit('watch.set', { session: who.sessionId, path, mode: watchModeName(mode) });
      }
    },
    has: (path, who, type) => registry.has(path, who, type),
    remove(path: string, who: ClientLink, type: number) {
      if (!registry.remove(path, who, type)) return false;
      if (events.on['watch.removed']) events.emit('watch.removed', { session: who.sessionId, path });
      return true;
    },
  };
}
