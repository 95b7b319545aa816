/**
 * A learner's way to its leader: dials the quorum port, on all addresses of the member at once, and tries
 * again shortly when nobody is there yet, since a leader may open its port a little after the election is
 * over.
 *
 * After a leader's death clients wait for this, so the first pauses are short. It gives up early when nobody
 * listens (facts 9.1: 5 tries, 100 ms apart), for then a new election gets further.
 */
import { reasonOf, ZktError } from '../../base/errors.ts';
import type { Net, Socket } from '../../ports/net.ts';
import type { Timer } from '../../ports/timers.ts';
import {
  PacketLink,
  type PacketLinkHandler,
  type PacketLinkWorld,
  packetLinkLimits,
} from '../net/packet-link.ts';
import type { Member, ServerAddress } from '../quorum/membership.ts';

/** Who to dial. */
export interface LeaderDialOptions {
  readonly member: Member;
  /** All tries together take this long at most (`connectToLearnerMasterLimit`). */
  readonly limitMs: number;
  /** The longest pause between two tries, ms (`leaderConnectDelayDuringRetryMs`). */
  readonly pauseMsMax?: number;
  /** `jute.maxbuffer`. */
  readonly juteMaxBuffer?: number;
}

/**
 * What a dial tells: `failed` alone, or `opened` and then all that the connection tells. Never from inside a
 * call.
 */
export interface LeaderDialOwner extends Omit<PacketLinkHandler, 'drained'> {
  /** Connected. */
  opened(link: PacketLink): void;
  /** No address could be reached, and why. */
  failed(why: string): void;
}

/** What the driver needs of the world. */
export interface LeaderDialWorld extends PacketLinkWorld {
  readonly net: Net;
}

const FIRST_PAUSE_MS = 10;
const PAUSE_MS_MAX = 100;
/** No try begins later than this after the first. */
const TRYING_MS_MAX = 1_000;
const JUTE_MAX_BUFFER = 1_048_575;

/** See the head of the file. */
export class LeaderDial {
  private readonly world: LeaderDialWorld;
  private readonly options: LeaderDialOptions;
  private readonly owner: LeaderDialOwner;
  private dialling = new Set<{ cancel(): void }>();
  private pause: Timer | undefined;
  private pauseMs = FIRST_PAUSE_MS;
  private startedMs = 0;
  private why = '';
  private over = false;

  constructor(world: LeaderDialWorld, options: LeaderDialOptions, owner: LeaderDialOwner) {
    this.world = world;
    this.options = options;
    this.owner = owner;
  }

  /** Begins to dial. */
  start(): void {
    this.startedMs = this.world.clock.monotonicMs();
    this.dialAll();
  }

  /** Dials no more, and tells no more, unless it is connected: the connection is its owner's to close. */
  cancel(): void {
    this.over = true;
    this.pause?.cancel();
    const { dialling } = this;
    this.dialling = new Set();
    for (const call of dialling) call.cancel();
  }

  private dialAll(): void {
    const left = this.options.limitMs - this.passedMs;
    for (const address of this.options.member.addresses) this.dial(address, Math.max(1, left));
  }

  private get passedMs(): number {
    return this.world.clock.monotonicMs() - this.startedMs;
  }

  private dial(address: ServerAddress, timeoutMs: number): void {
    let link: PacketLink | undefined;
    const { host, quorumPort: port } = address;
    const call = this.world.net.connect(
      { host, port, timeoutMs },
      {
        opened: (socket) => {
          this.dialling.delete(call);
          link = this.opened(socket);
        },
        data: (chunk) => link?.handler.data(chunk),
        drained: () => link?.handler.drained(),
        ended: () => link?.handler.ended(),
        closed: (error) => {
          if (link !== undefined) link.handler.closed(error);
          else if (this.dialling.delete(call)) this.refused(address, error);
        },
      },
    );
    this.dialling.add(call);
  }

  /** The first address that answers is the one. */
  private opened(socket: Socket): PacketLink | undefined {
    if (this.over) {
      socket.destroy();
      return undefined;
    }
    this.cancel();
    const { owner } = this;
    const limits = packetLinkLimits(this.options.juteMaxBuffer ?? JUTE_MAX_BUFFER);
    const link = new PacketLink(socket, limits, this.world, {
      packet: (type, zxid, data, authinfo) => owner.packet(type, zxid, data, authinfo),
      raw: (chunk, start) => owner.raw(chunk, start),
      drained: () => {},
      closed: (why) => owner.closed(why),
    });
    owner.opened(link);
    return link;
  }

  private refused({ host, quorumPort: port }: ServerAddress, error: Error | undefined): void {
    this.why = new ZktError('ZKT_PEER', {
      peer: `server ${this.options.member.id} (${host}:${port})`,
      port: 'quorum',
      why: error === undefined ? 'the connection was closed' : reasonOf(error),
    }).message;
    if (this.over || this.dialling.size > 0) return;
    if (this.passedMs + this.pauseMs >= Math.min(this.options.limitMs, TRYING_MS_MAX)) {
      this.over = true;
      this.owner.failed(this.why);
      return;
    }
    this.pause = this.world.timers.after(this.pauseMs, () => this.dialAll());
    this.pauseMs = Math.min(this.pauseMs * 2, this.options.pauseMsMax ?? PAUSE_MS_MAX);
  }
}
