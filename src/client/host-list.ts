import type { Random } from '../ports/random.ts';
import type { ServerAddress } from './connect-string.ts';
import { CLIENT_LIMITS } from './limits.ts';

/**
 * Which server to try next, and how long to wait before: a list shuffled once and walked round and round.
 * Within a round there is hardly a pause; each round that failed doubles it. All pauses have a random part,
 * so that clients which lost the same server do not come back at the same instant.
 */
export class HostList {
  private readonly order: ServerAddress[];
  private readonly random: Random;
  private at = -1;
  private failures = 0;

  /** `servers` is not empty. */
  constructor(servers: readonly ServerAddress[], random: Random) {
    this.order = [...servers];
    this.random = random;
    for (let i = this.order.length - 1; i > 0; i--) {
      const j = random.below(i + 1);
      const moved = this.order[i] as ServerAddress;
      this.order[i] = this.order[j] as ServerAddress;
      this.order[j] = moved;
    }
  }

  /** How many there are. */
  get length(): number {
    return this.order.length;
  }

  /** Whole rounds failed since the last `settled`. */
  get rounds(): number {
    return Math.floor(this.failures / this.order.length);
  }

  /** The next server. */
  next(): ServerAddress {
    this.at = (this.at + 1) % this.order.length;
    return this.order[this.at] as ServerAddress;
  }

  /** The server last answered was of no use. */
  failed(): void {
    this.failures++;
  }

  /** The server last answered was good: counting starts anew. */
  settled(): void {
    this.failures = 0;
  }

  /** Milliseconds to wait before the next attempt. */
  pauseMs(): number {
    const { backoffMs, backoffMsMax, reconnectJitterMs } = CLIENT_LIMITS;
    if (this.failures === 0) return this.random.below(reconnectJitterMs);
    if (this.failures % this.order.length !== 0) return 0;
    const pause = Math.min(backoffMs * 2 ** Math.min(this.rounds - 1, 16), backoffMsMax);
    return pause / 2 + this.random.below(pause / 2 + 1);
  }
}
