/**
 * The members change while other things go wrong: an operator takes a voter out, or makes it an observer, and
 * gives it back its vote when the fault is over. One at a time, so that a majority is left.
 */
import { ZktError } from '../../base/errors.ts';
import type { Prng } from '../../base/prng.ts';
import type { ReconfigOptions } from '../../client/api.ts';
import { KeeperError } from '../../client/keeper-error.ts';
import { type Cluster, memberLine, type SimClient } from '../cluster.ts';
import type { SimNode } from '../sim-node.ts';
import type { BegunFault, FaultKind } from './fault.ts';

const RETRY_MS = 150;
/** Fewer voters are left as they are. */
const VOTERS_MIN = 3;

const members = (name: string, about: string, change: (id: number) => ReconfigOptions): FaultKind => ({
  name,
  group: 'members',
  about,
  // Nobody but a super user may, unless nobody asks.
  config: ['reconfigEnabled=true', 'skipACL=yes'],
  begin: (cluster, random) => reshape(cluster, random, change),
});

function reshape(
  cluster: Cluster,
  random: Prng,
  change: (id: number) => ReconfigOptions,
): BegunFault | undefined {
  const { voters } = cluster;
  if (cluster.reshaped || cluster.damaged.size > 0 || voters.length < VOTERS_MIN) return undefined;
  const node = random.pick(voters);
  cluster.reshaped = true;
  const reshaping = new Reshaping(cluster, node, change(node.id));
  return { text: `${node.name} is to lose its vote`, heal: () => reshaping.restore() };
}

/** Whether a server did not start because it is no member of the configuration that it knows. */
export const isLeftOut = (error: unknown): boolean =>
  error instanceof ZktError && error.code === 'ZKT_CONFIG_MISSING';

/** One change of the members, until it is taken back. */
class Reshaping {
  private readonly cluster: Cluster;
  private readonly node: SimNode;
  private wanted: ReconfigOptions;
  private restoring = false;
  private dialled: SimClient | undefined;

  constructor(cluster: Cluster, node: SimNode, change: ReconfigOptions) {
    this.cluster = cluster;
    this.node = node;
    this.wanted = change;
    this.ask();
  }

  /** From now on it is to be as it was. */
  restore(): void {
    this.restoring = true;
    this.wanted = { joining: memberLine(this.node.id, 'participant') };
    this.ask();
  }

  /** Asks until it is so. */
  private ask(): void {
    const { wanted, node, cluster } = this;
    // One that was taken out and has gone down since does not know itself in its configuration any more.
    if (this.restoring && !node.up && isLeftOut(node.failure)) {
      // Without power nothing can be written.
      if (!node.disk.dead) node.resetConfiguration();
      if (!cluster.heldDown.has(node)) node.start();
    }
    this.change(wanted).then(
      (text) => {
        this.cluster.say('', `the members are ${text.split('\n').join(' ')}`);
        if (wanted === this.wanted && this.restoring) this.done();
      },
      (error: unknown) => {
        if (!(error instanceof KeeperError)) throw error;
        this.cluster.say('', `the members cannot be changed: ${error.message}`);
        this.cluster.after(RETRY_MS, () => {
          if (wanted === this.wanted) this.ask();
        });
      },
    );
  }

  private async change(wanted: ReconfigOptions): Promise<string> {
    const { data } = await this.session.reconfig(wanted);
    return data?.toString() ?? '';
  }

  private get session(): SimClient['client'] {
    const { dialled } = this;
    if (dialled !== undefined && dialled.client.state !== 'expired') return dialled.client;
    dialled?.process.kill();
    this.dialled = this.cluster.dial(`operator${this.cluster.clients.length + 1}`);
    return this.dialled.client;
  }

  private done(): void {
    this.cluster.reshaped = false;
    this.dialled?.die();
  }
}

/** See the head of the file. */
export const MEMBER_FAULTS: readonly FaultKind[] = [
  members('remove-member', 'A voter is taken out of the ensemble, and comes back.', (id) => ({
    leaving: String(id),
  })),
  members('demote-member', 'A voter becomes an observer, and a voter again.', (id) => ({
    joining: memberLine(id, 'observer'),
  })),
];
