/** Serving reads to read-only clients while there is no quorum (`readonlymode.enabled`, facts 3). */
import { writeConfigNode } from './config-node.ts';
import { ReadOnlyServer } from './read-only-server.ts';
import type { RoleParts } from './role.ts';

/** Runs between an election that does not end and the role that comes of it. */
export class ReadOnlyRole {
  private readonly parts: RoleParts;
  private server: ReadOnlyServer | undefined;

  constructor(parts: RoleParts) {
    this.parts = parts;
  }

  start(): void {
    const { store, ensemble, world } = this.parts;
    writeConfigNode(store.database, ensemble.committed, world.clock.wallMs());
    this.server = new ReadOnlyServer(this.parts);
    this.parts.gate.behind = this.server;
    this.server.start();
  }

  async end(why: string): Promise<void> {
    const { gate } = this.parts;
    if (gate.behind === this.server) gate.behind = undefined;
    await this.server?.stop(why);
  }
}
