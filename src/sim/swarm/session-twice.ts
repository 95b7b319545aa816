/**
 * Two clients with the same session id and password: each takes the session from the other, and the one that
 * lost it is told so (SESSIONMOVED, or the end of its connection); never the one that has it.
 */
import type { Prng } from '../../base/prng.ts';
import { KeeperError } from '../../client/keeper-error.ts';
import type { Cluster, SimClient } from '../cluster.ts';
import { ROOT } from '../workload.ts';
import type { BegunFault } from './fault.ts';

const PAUSE_MS = 60;

/** See the head of the file. */
export function useTwice(cluster: Cluster, random: Prng): BegunFault {
  const name = `twin${cluster.clients.length + 1}`;
  const first = new Twin(cluster, cluster.dial(name), 1);
  let second: Twin | undefined;
  let over = false;
  const begin = async (): Promise<void> => {
    await first.dialled.client.connected();
    if (over) return;
    const { sessionId: id, sessionPasswd: passwd } = first.dialled.client;
    second = new Twin(cluster, cluster.dial(`${name}b`, { session: { id, passwd } }), 0);
    for (let i = 0; !over; i++) {
      const twin = random.chance(0.5) ? first : second;
      twin.write(`${ROOT}/${name}-${i}`, random.chance(0.5) ? 'ephemeral' : 'persistent');
      await new Promise<void>((resolve) => cluster.after(random.next() * PAUSE_MS, resolve));
    }
  };
  begin().catch((error: unknown) => {
    // The session may end before it began.
    if (!(error instanceof KeeperError)) throw error;
  });
  return {
    text: `${name} uses its session twice`,
    heal: () => {
      over = true;
      first.dialled.die();
      second?.dialled.die();
    },
  };
}

/**
 * One of them: its writes bear even numbers, or odd ones, so that each number of the session is used once.
 */
class Twin {
  readonly dialled: SimClient;
  private readonly parity: number;
  private readonly cluster: Cluster;
  private waiting = 0;

  constructor(cluster: Cluster, dialled: SimClient, parity: number) {
    this.cluster = cluster;
    this.dialled = dialled;
    this.parity = parity;
  }

  write(path: string, mode: 'ephemeral' | 'persistent'): void {
    const { client } = this.dialled;
    // With nothing under way the next number is the one after the last that was sent; what never was, has
    // none.
    if (client.state !== 'connected' || this.waiting > 0) return;
    if ((this.lastNumber() + 1) % 2 !== this.parity) this.count(client.exists(ROOT));
    this.count(client.create(path, null, { mode }));
  }

  private lastNumber(): number {
    const { name } = this.dialled;
    const mine = this.cluster.tap.connections.filter((connection) => connection.client === name);
    return Math.max(0, ...mine.map(({ requests }) => requests.at(-1)?.cxid ?? 0));
  }

  private count(work: Promise<unknown>): void {
    this.waiting++;
    const ended = (): void => {
      this.waiting--;
    };
    work.then(ended, ended);
  }
}
