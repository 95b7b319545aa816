/** Whether any of the servers answers that were named to begin with. */
import { ZktError } from '../../base/errors.ts';
import type { ZktEvent } from '../../events/table.ts';

/** See the head of the file. */
export class FirstAnswer {
  /** `host:port` of each. */
  private readonly servers: readonly string[];
  /** Those that were tried in vain. */
  private readonly silent = new Set<string>();
  private lastWhy = 'nobody answers';
  private heard = false;

  constructor(servers: readonly string[]) {
    this.servers = servers;
  }

  /** Somebody has answered. */
  get came(): boolean {
    return this.heard;
  }

  /** Nobody has answered, and each was asked. */
  get failed(): boolean {
    return !this.heard && this.silent.size >= this.servers.length;
  }

  /** An event of the source that listens to them. */
  take({ name, node, fields }: ZktEvent): void {
    if (name === 'source.connected') this.heard = true;
    if (this.heard || (name !== 'source.lost' && name !== 'source.refused')) return;
    this.lastWhy = fields.why;
    this.silent.add(node);
  }

  /** What to throw when nobody did. */
  error(): ZktError {
    return new ZktError('ZKT_CONNECT', { servers: this.servers.join(','), why: this.lastWhy });
  }
}
