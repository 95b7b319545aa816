/**
 * What causes what on the way of a request: the rules of the protocol as a graph over what was seen. Where a
 * cause was not seen, what is known to have come before it stands in.
 */
import { CLIENT, type TraceStageName } from '../../events/trace.ts';
import { type SightedStage, type Sighting, type Sightings, sightingKey } from './sightings.ts';

/** A sighting with what must have come before it. */
export interface Caused {
  readonly seen: Sighting;
  /** All of them; none later than `seen`, once clocks are right. */
  readonly causes: readonly Sighting[];
}

/** Who plays which part. */
export interface Parts {
  /** The server the client asked; undefined where nothing tells. */
  readonly server: string | undefined;
  /** Who made the transaction: the leader, or a standalone server. */
  readonly leader: string | undefined;
}

/** Who plays which part, by what they told, and by what others told of them. */
export function partsOf({ all }: Sightings, leaderKnown?: string, serverKnown?: string): Parts {
  let server: string | undefined;
  let leader: string | undefined;
  for (const { stage, node, peer } of all.values()) {
    if (stage === 'received' || stage === 'forwarded' || stage === 'replied') server ??= node;
    if (stage === 'prepared' || stage === 'proposed' || stage === 'committed' || stage === 'arrived') {
      leader ??= node;
    }
    if (stage === 'arrived') server ??= peer;
  }
  if (leader === undefined) {
    // A follower knows who proposed it.
    for (const { stage, peer } of all.values()) {
      if (stage === 'offered' || stage === 'told' || stage === 'acked') leader ??= peer;
    }
  }
  return { server: server ?? serverKnown, leader: leader ?? leaderKnown };
}

/** A stage and the node it is looked for at; its peer where it has one. */
type Place = readonly [stage: SightedStage, node: string | undefined, peer?: string | undefined];

/** See the head of the file. */
export class CauseGraph {
  readonly parts: Parts;
  private readonly all: ReadonlyMap<string, Sighting>;
  private readonly observers: ReadonlySet<string>;
  private readonly chosen = new Map<Sighting, readonly Sighting[]>();

  constructor(sightings: Sightings, parts: Parts) {
    this.all = sightings.all;
    this.observers = sightings.observers;
    this.parts = parts;
    for (const seen of this.all.values()) this.chosen.set(seen, this.findCauses(seen));
  }

  /** Everything seen, with its causes. */
  get everything(): Caused[] {
    return [...this.chosen].map(([seen, causes]) => ({ seen, causes }));
  }

  /** What must have come before it. */
  causesOf(seen: Sighting): readonly Sighting[] {
    return this.chosen.get(seen) ?? [];
  }

  /** A sighting by its place. */
  at(stage: SightedStage, node: string | undefined, peer?: string): Sighting | undefined {
    return node === undefined ? undefined : this.all.get(sightingKey(stage, node, peer));
  }

  private findCauses(seen: Sighting): readonly Sighting[] {
    const { node, peer, stage } = seen;
    switch (stage) {
      case 'sent':
        return [];
      case 'received':
        return this.first(SENT);
      case 'forwarded':
        return this.first(['received', node], SENT);
      case 'arrived':
        return this.first(...this.asked);
      case 'prepared':
        return this.first(['arrived', node], ['received', node], ...this.asked);
      case 'proposed':
        return this.first(...this.made(node));
      case 'offer-sent':
        return this.first(['proposed', node], ...this.made(node));
      case 'offered':
        return this.first(...this.offering(node));
      case 'logged':
        return this.loggedAfter(node);
      case 'acked':
        return this.first(['logged', node], ['offered', node], ...this.offering(node));
      case 'counted':
        return this.countedAfter(node, peer ?? '');
      case 'committed':
        return this.committedAfter(seen);
      case 'tell-sent':
        return this.first(['committed', node], ['proposed', node], ...this.made(node));
      case 'told':
        return this.first(...this.telling(node));
      case 'applied':
        return this.appliedAfter(node);
      case 'replied':
        return this.repliedAfter(node);
      case 'answered':
        return this.answeredAfter();
    }
  }

  /** The request left the server that was asked; or what came before that. */
  private get asked(): readonly Place[] {
    const { server } = this.parts;
    return [['forwarded', server], ['received', server], SENT];
  }

  private made(leader: string | undefined): readonly Place[] {
    return [['prepared', leader], ['arrived', leader], ['received', leader], ...this.asked];
  }

  private offering(node: string): readonly Place[] {
    const { leader } = this.parts;
    // Observers get it with the word that it is committed.
    const sent: Place = [this.observers.has(node) ? 'tell-sent' : 'offer-sent', leader, node];
    return [sent, ['proposed', leader], ...this.made(leader)];
  }

  private telling(node: string): readonly Place[] {
    const { leader } = this.parts;
    return [
      ['tell-sent', leader, node],
      ['committed', leader],
      // Nothing of its own log: a quorum may have been there before it.
      ...(this.observers.has(node) ? [] : [['offered', node] as const]),
      ...this.made(leader),
    ];
  }

  private loggedAfter(node: string): readonly Sighting[] {
    if (node === this.parts.leader) return this.first(['proposed', node], ...this.made(node));
    if (this.observers.has(node))
      return this.first(['offered', node], ['told', node], ...this.offering(node));
    return this.first(['offered', node], ...this.offering(node));
  }

  private countedAfter(leader: string, by: string): readonly Sighting[] {
    if (by === leader) return this.first(['logged', leader], ['proposed', leader], ...this.made(leader));
    return this.first(
      ['acked', by],
      ['logged', by],
      ['offered', by],
      ['offer-sent', leader, by],
      ['proposed', leader],
    );
  }

  /** ACKs that were there by then. The last of them made the quorum. */
  private committedAfter(committed: Sighting): readonly Sighting[] {
    const acks = [...this.all.values()].filter(
      ({ stage, node, seq }) => stage === 'counted' && node === committed.node && seq <= committed.seq,
    );
    const { node } = committed;
    return acks.length > 0 ? acks : this.first(['proposed', node], ...this.made(node));
  }

  /** Applied once it is committed, and on this server's own disk. */
  private appliedAfter(node: string): readonly Sighting[] {
    const { leader } = this.parts;
    const told = this.first(
      ['committed', node],
      ['told', node],
      ['tell-sent', leader, node],
      ['committed', leader],
    );
    const logged = this.first(['logged', node]);
    if (told.length + logged.length > 0) return [...told, ...logged];
    return this.first(['offered', node], ...this.made(leader));
  }

  private repliedAfter(node: string): readonly Sighting[] {
    const applied = this.first(['applied', node], ['told', node]);
    if (applied.length > 0) return applied;
    // `sync`: the leader had it in between, and then the server itself goes on.
    return this.first(
      ['arrived', this.parts.leader],
      ['committed', this.parts.leader],
      ['forwarded', node],
      ['received', node],
      SENT,
    );
  }

  private answeredAfter(): readonly Sighting[] {
    const { server, leader } = this.parts;
    return this.first(
      ['replied', server],
      ['applied', server],
      ['tell-sent', leader, server],
      ['committed', leader],
      ...this.made(leader),
    );
  }

  private first(...places: readonly Place[]): readonly Sighting[] {
    for (const [stage, node, peer] of places) {
      const found = this.at(stage, node, peer);
      if (found !== undefined) return [found];
    }
    return [];
  }
}

const SENT: Place = ['sent', CLIENT];

/** Stages as they are told; the others only say when a packet's way began. */
export const isStage = (stage: SightedStage): stage is TraceStageName =>
  stage !== 'offer-sent' && stage !== 'tell-sent';
