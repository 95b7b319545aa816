/** What the ensemble pane knows: its servers, who leads, and the ensemble's own histories. */
import type { ZktEvent } from '../../../events/table.ts';
import { ServerRecord } from './record.ts';

/** Servers kept; the one silent for longest goes for a new one. */
const SERVERS_MAX = 64;

/** See the head of the file. */
export class EnsembleState {
  /** By node, the one heard of last at the end. */
  readonly servers = new Map<string, ServerRecord>();
  /** The last zxid a leader told. */
  private leaderZxid: bigint | undefined;

  /** Takes an event of `RECORD_NAMES`. */
  take(event: ZktEvent): void {
    if (event.name === 'zab.learner-sampled') {
      const learner = this.servers.get(String(event.fields.sid));
      if (learner !== undefined && event.fields.lag >= 0) {
        learner.lag = event.fields.lag;
        learner.lagToldMs = event.time;
      }
      return;
    }
    const server = this.of(event.node);
    server.take(event);
    if (event.name !== 'server.sampled') return;
    this.dropAlias(server);
    const { mode, zxid } = event.fields;
    if (mode === 'leader' || mode === 'standalone') {
      this.leaderZxid = zxid;
      server.lag = 0;
      server.lagToldMs = event.time;
    } else server.compare(this.leaderZxid, event.time);
  }

  private of(node: string): ServerRecord {
    const known = this.servers.get(node);
    if (known !== undefined) return known;
    const server = new ServerRecord(node);
    this.servers.set(node, server);
    for (const [oldest, { sampledMs }] of [...this.servers].sort((a, b) => a[1].sampledMs - b[1].sampledMs)) {
      if (this.servers.size <= SERVERS_MAX) break;
      if (oldest !== node || sampledMs > 0) this.servers.delete(oldest);
    }
    return server;
  }

  /** A server that was known by its address only, until it told its id. */
  private dropAlias(server: ServerRecord): void {
    const address = server.sample?.address ?? '';
    if (address === '' || address === server.node) return;
    const alias = this.servers.get(address);
    if (alias === undefined) return;
    for (const limit of alias.limits) server.limits.add(limit);
    this.servers.delete(address);
  }
}
