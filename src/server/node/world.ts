import type { Bus } from '../../events/bus.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Compression } from '../../ports/compression.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Net } from '../../ports/net.ts';
import type { Random } from '../../ports/random.ts';
import type { Secrets } from '../../ports/secrets.ts';
import type { Timers } from '../../ports/timers.ts';

/** Everything outside that a node uses: real in a process, simulated in a test. */
export interface ServerWorld {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly secrets: Secrets;
  readonly net: Net;
  readonly disk: Disk;
  readonly compression: Compression;
  readonly events: Bus;
}
