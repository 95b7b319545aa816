/**
 * A simulated ensemble that tells every event, and what one operation of a client was to each server: the
 * events about it, one line each, in the order they were told.
 */
import { EVENT_NAMES, type EventName, type FieldsOf, type ZktEvent } from '../../../src/events/table.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';
import { CLUSTER_PORTS, Cluster, type ClusterOptions, type SimClient } from '../../../src/sim/cluster.ts';
import type { SimNode } from '../../../src/sim/sim-node.ts';
import { TOOLS } from '../../sim/tools.ts';

const PACKET_NAMES = new Map<number, string>(Object.entries(PACKET).map(([name, type]) => [type, name]));
/** Long enough for everybody to have heard of what was committed. */
const SETTLE_MS = 60;

type Teller<N extends EventName> = (fields: FieldsOf<N>) => string;

/** How events are told in a story; all others are left out. */
const TELLERS: { readonly [N in EventName]?: Teller<N> } = {
  'request.received': ({ op }) => `received ${op}`,
  'request.forwarded': ({ op }) => `forwarded ${op}`,
  'request.arrived': ({ op, from }) => `arrived ${op} from ${from}`,
  'request.prepared': ({ op, err }) => `prepared ${op} ${err}`,
  'request.logged': () => 'logged',
  'request.applied': () => 'applied',
  'request.replied': ({ op, err }) => `replied ${op} ${err}`,
  'zab.proposed': ({ followers }) => `proposed to ${followers}`,
  'zab.proposal-received': ({ leader }) => `proposal of ${leader}`,
  'zab.acked': ({ sid }) => `acked by ${sid}`,
  'zab.committed': () => 'committed',
  'zab.packet-sent': ({ peer, type }) => `${PACKET_NAMES.get(type)} to ${peer}`,
  'zab.packet-received': ({ peer, type }) => `${PACKET_NAMES.get(type)} from ${peer}`,
  'watch.set': ({ path }) => `watch set ${path}`,
  'watch.fired': ({ path }) => `watch fired ${path}`,
  'watch.removed': ({ path }) => `watch removed ${path}`,
  'session.created': () => 'session created',
  'session.attached': () => 'session attached',
  'session.closed': () => 'session closed',
};

const isPing = ({ fields }: ZktEvent): boolean => 'type' in fields && fields.type === PACKET.PING;

/** See the head of the file. */
export class EnsembleStory {
  readonly events: ZktEvent[] = [];
  readonly cluster: Cluster;

  private constructor(options: ClusterOptions) {
    this.cluster = new Cluster({ ...options, events: EVENT_NAMES }, TOOLS, {
      event: (_node, event) => void this.events.push(event),
    });
  }

  /** An ensemble of three and an observer that serve, or what `options` say. */
  static async begin(seed: number, options: Partial<ClusterOptions> = {}): Promise<EnsembleStory> {
    const story = new EnsembleStory({ seed, servers: 3, observers: 1, ...options });
    const { cluster } = story;
    cluster.startAll();
    await cluster.run(() => cluster.nodes.every((node) => node.mode !== undefined));
    await cluster.pass(1000);
    return story;
  }

  get leader(): SimNode {
    return this.find('leader');
  }

  /** Both followers. */
  get followers(): SimNode[] {
    return this.cluster.nodes.filter(({ mode }) => mode === 'follower');
  }

  get observer(): SimNode {
    return this.find('observer');
  }

  /** A client of that server alone. */
  dial(node: SimNode): SimClient {
    const clientName = `c${this.cluster.clients.length + 1}`;
    const servers = `${node.address}:${CLUSTER_PORTS.client}`;
    return this.cluster.dial(clientName, { servers, clientName });
  }

  /** Runs one operation, and forgets what was before; throws what it rejects with. */
  async tell(operation: () => Promise<unknown>): Promise<void> {
    await this.cluster.pass(SETTLE_MS);
    this.events.length = 0;
    let over = false;
    const done = operation().finally(() => {
      over = true;
    });
    done.catch(() => {});
    await this.cluster.run(() => over, 20_000);
    await done;
    await this.cluster.pass(SETTLE_MS);
  }

  /** What that server told, one line an event. */
  of(node: SimNode): string[] {
    return this.events
      .filter((event) => event.node === String(node.id) && !isPing(event))
      .flatMap((event) => {
        const teller = TELLERS[event.name] as Teller<EventName> | undefined;
        return teller === undefined ? [] : [teller(event.fields)];
      });
  }

  /** The events of that name. */
  named<N extends EventName>(name: N): (ZktEvent & { readonly name: N })[] {
    return this.events.filter((event): event is ZktEvent & { readonly name: N } => event.name === name);
  }

  private find(mode: string): SimNode {
    const node = this.cluster.nodes.find((it) => it.mode === mode);
    if (node === undefined) throw new Error(`no ${mode}`);
    return node;
  }
}
