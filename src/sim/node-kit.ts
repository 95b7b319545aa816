/** A node as the simulator starts it and looks into it. */
import type { ZktError } from '../base/errors.ts';
import { Prng } from '../base/prng.ts';
import { Bus } from '../events/bus.ts';
import type { Compression } from '../ports/compression.ts';
import type { Disk } from '../ports/disk.ts';
import type { Secrets } from '../ports/secrets.ts';
import type { ServerConfig } from '../server/config/server-config.ts';
import type { Database } from '../server/node/database.ts';
import { openDatabase } from '../server/node/open-database.ts';
import type { RunningServer } from '../server/node/running-server.ts';
import { startServer } from '../server/node/start-server.ts';
import type { ServerWorld } from '../server/node/world.ts';

/** A node that runs. */
export interface NodeHandle {
  /** `leader`, `follower`, `observer`, `standalone`, `read-only`; undefined while it serves nobody. */
  readonly mode: string | undefined;
  /** What it knows; undefined while it knows nothing. */
  readonly database: Database | undefined;
  /** The server itself, to take samples of. */
  readonly running: RunningServer;
  stop(reason: string): Promise<void>;
}

/** Starts a node. Rejects with a `ZktError`; `failed` is told when it cannot go on. */
export type StartNode = (
  config: ServerConfig,
  world: ServerWorld,
  failed: (error: ZktError) => void,
) => Promise<NodeHandle>;

/** What the simulator cannot make itself: digests, compression, and the turn of promises. */
export interface SimTools {
  readonly secrets: Secrets;
  readonly compression: Compression;
  /** Lets every promise continuation that is ready run. */
  readonly breathe: () => Promise<void>;
  readonly startNode: StartNode;
}

/** Starts a server as its configuration says. */
export const startWholeNode: StartNode = async (config, world, failed) => {
  const running = await startServer(config, world, { answerWord: () => undefined, failed });
  const { peer, server } = running;
  return {
    get mode() {
      return running.server?.mode;
    },
    get database() {
      return peer?.parts.store.database ?? server?.database;
    },
    running,
    stop: (reason) => running.stop(reason),
  };
};

/** Secrets whose random bytes come from a seed. */
export function seededSecrets(secrets: Secrets, random: Prng): Secrets {
  return {
    ...secrets,
    randomBytes: (count) => {
      const bytes = Buffer.alloc(count);
      for (let i = 0; i < count; i++) bytes[i] = random.below(256);
      return bytes;
    },
  };
}

/**
 * What a server would know if it started on that disk now. Throws what it would throw. The disk may be
 * changed.
 */
export function restored(config: ServerConfig, disk: Disk, tools: SimTools): Database {
  const clock = { monotonicMs: () => 0, wallMs: () => 0 };
  const random = new Prng(1);
  const never = (): never => {
    throw new Error('nothing is dialled or timed while a directory is read');
  };
  const world: ServerWorld = {
    clock,
    timers: { after: never, every: never, soon: never },
    net: { listen: never, connect: never },
    random,
    secrets: seededSecrets(tools.secrets, random),
    disk,
    compression: tools.compression,
    events: new Bus('restored', clock),
  };
  return openDatabase(config, world).database;
}
