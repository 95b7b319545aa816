/**
 * Who asks for a path, and with what: of the single requests that the dashboard is told of. They are a part
 * of all there are; samples tell how much a path is used, these tell by whom.
 */
import type { ZktEvent } from '../../../events/table.ts';
import { keptText } from '../../kept.ts';

/** Paths and sessions kept; those not heard of for the longest time go first. */
const PATHS_MAX = 300;
const SESSIONS_MAX = 2_000;
/** Sessions and operations kept of one path. */
const OF_PATH_MAX = 32;

/** What was seen of one path. */
interface Seen {
  requests: number;
  readonly sessions: Map<bigint, number>;
  readonly ops: Map<string, number>;
  readonly nodes: Map<string, number>;
}

/** Something, and its share of the requests seen. */
export interface Part {
  readonly name: string;
  readonly share: number;
}

/** Who asked for a path. */
export interface AskedBy {
  /** Requests seen. */
  readonly requests: number;
  readonly clients: readonly Part[];
  readonly ops: readonly Part[];
  readonly servers: readonly Part[];
}

/** See the head of the file. */
export class Askers {
  private readonly paths = new Map<string, Seen>();
  private readonly names = new Map<bigint, string>();

  /** Takes requests that arrive, and what is told of sessions; other events tell nothing. */
  take({ name, node, fields }: ZktEvent): void {
    if (name === 'session.attached' || name === 'session.sampled') {
      if (fields.remote !== '' || fields.client !== '') {
        this.nameOf(fields.session, fields.client, fields.remote);
      }
    } else if (name === 'request.received' && fields.path !== '') {
      const seen = this.of(keptText(fields.path));
      seen.requests++;
      count(seen.sessions, fields.session);
      count(seen.ops, fields.op);
      count(seen.nodes, node);
    }
  }

  /** Who was seen to ask for a path; undefined for nobody. */
  askedFor(path: string): AskedBy | undefined {
    const seen = this.paths.get(path);
    if (seen === undefined) return undefined;
    const { requests, sessions, ops, nodes } = seen;
    const clients = new Map<string, number>();
    for (const [session, n] of sessions) {
      const client = this.names.get(session) ?? `session 0x${BigInt.asUintN(64, session).toString(16)}`;
      clients.set(client, (clients.get(client) ?? 0) + n);
    }
    const parts = (counts: ReadonlyMap<string, number>): Part[] =>
      [...counts]
        .map(([name, n]) => ({ name, share: n / requests }))
        .sort((a, b) => b.share - a.share || (a.name < b.name ? -1 : 1));
    return { requests, clients: parts(clients), ops: parts(ops), servers: parts(nodes) };
  }

  private nameOf(session: bigint, client: string, remote: string): void {
    this.names.delete(session);
    if (this.names.size >= SESSIONS_MAX) dropFirst(this.names);
    this.names.set(
      session,
      keptText(client === '' ? remote : remote === '' ? client : `${client}@${remote}`),
    );
  }

  /** The newest is the last. */
  private of(path: string): Seen {
    const seen = this.paths.get(path) ?? {
      requests: 0,
      sessions: new Map(),
      ops: new Map(),
      nodes: new Map(),
    };
    this.paths.delete(path);
    if (this.paths.size >= PATHS_MAX) dropFirst(this.paths);
    this.paths.set(path, seen);
    return seen;
  }
}

function count<K>(counts: Map<K, number>, key: K): void {
  if (counts.has(key) || counts.size < OF_PATH_MAX) counts.set(key, (counts.get(key) ?? 0) + 1);
}

function dropFirst<K>(map: Map<K, unknown>): void {
  const first = map.keys().next();
  if (first.done !== true) map.delete(first.value);
}
