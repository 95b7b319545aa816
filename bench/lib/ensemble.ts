/** Three servers that are one ensemble, all zkt or all Apache, with the same configuration. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { freePort } from '../../test/interop/apache.ts';
import type { LoadTarget } from './load-part.ts';
import type { Subject } from './options.ts';
import { TestServer } from './server.ts';

const SIZE = 3;
const POLL_MS = 20;

/** Server N is `servers[N - 1]`. */
export class TestEnsemble implements LoadTarget {
  readonly subject: Subject;
  readonly servers: readonly TestServer[];
  private readonly config: readonly string[];

  private constructor(subject: Subject, servers: readonly TestServer[], config: readonly string[]) {
    this.subject = subject;
    this.servers = servers;
    this.config = config;
  }

  /**
   * Fresh data directories below `parent`, and all servers started; with `more` lines of zoo.cfg, and another
   * build of zkt.
   */
  static async start(
    subject: Subject,
    parent: string | undefined,
    more: readonly string[] = [],
    main?: string,
  ): Promise<TestEnsemble> {
    const servers: TestServer[] = [];
    const config = ['initLimit=10', 'syncLimit=5', ...more];
    for (let id = 1; id <= SIZE; id++) {
      const server = await TestServer.create(subject, parent, main);
      writeFileSync(path.join(server.dir, 'data', 'myid'), `${id}\n`);
      servers.push(server);
      config.push(`server.${id}=127.0.0.1:${await freePort()}:${await freePort()}`);
    }
    const ensemble = new TestEnsemble(subject, servers, config);
    try {
      await Promise.all(servers.map((server) => server.start(config)));
    } catch (error) {
      await ensemble.remove();
      throw error;
    }
    return ensemble;
  }

  get address(): string {
    return this.servers.map((server) => server.address).join(',');
  }

  /** Starts a server that was killed, until it serves. */
  async restart(server: TestServer): Promise<void> {
    await server.start(this.config);
  }

  /** The leader, awaited. */
  async leader(): Promise<TestServer> {
    for (;;) {
      for (const server of this.servers) if ((await server.mode()) === 'leader') return server;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Of all servers together. */
  async cpuShare(delayMs: number, spanMs: number): Promise<number> {
    const shares = await Promise.all(this.servers.map((server) => server.cpuShare(delayMs, spanMs)));
    return shares.reduce((sum, share) => sum + share, 0);
  }

  async remove(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.remove()));
  }
}
