/** A standalone server in simulation: loop, network and disk of memory; starts, is killed, starts again. */
import { createHash } from 'node:crypto';
import type { ZktError } from '../../src/base/errors.ts';
import { Prng } from '../../src/base/prng.ts';
import { Bus } from '../../src/events/bus.ts';
import { EVENT_NAMES, type ZktEvent } from '../../src/events/table.ts';
import { systemCompression } from '../../src/platform/compression.ts';
import { systemSecrets } from '../../src/platform/secrets.ts';
import type { Disk } from '../../src/ports/disk.ts';
import { loadConfig } from '../../src/server/config/load-config.ts';
import { type RunningStandalone, startStandalone } from '../../src/server/node/start-standalone.ts';
import { type RunLimits, SimLoop } from '../../src/sim/clock.ts';
import { LoopNet, SimProcess } from '../../src/sim/process.ts';

/** Where the simulated server listens and keeps its files. */
export const SIM_PORT = 2181;
export const SIM_DIR = '/data';

/** Lets promises go on between turns. */
export const breathe = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Limits that no honest run comes near. */
export const patience = (virtualMs = 120_000): RunLimits => ({ virtualMs, breathe });

/** The loop and the network, and how servers are made in them; all chance comes from one seed. */
export class SimWorld {
  readonly prng: Prng;
  readonly loop: SimLoop;
  readonly net: LoopNet;
  /** Everything that was said and done, for comparing two runs. */
  private readonly trace = createHash('sha1');

  constructor(seed: number) {
    this.prng = new Prng(seed);
    this.loop = new SimLoop(new Prng(seed ^ 0x5eed));
    this.net = new LoopNet(this.loop);
  }

  /** Adds to what `digest` sums up. */
  note(text: string): void {
    this.trace.update(`${this.loop.monotonicMs()} ${text}\n`);
  }

  digest(): string {
    return this.trace.copy().digest('hex');
  }

  process(): SimProcess {
    return new SimProcess(this.loop, this.net);
  }

  run(done: () => boolean, limits: RunLimits = patience()): Promise<void> {
    return this.loop.run(done, limits);
  }

  /** Lets that much time pass. */
  async pass(ms: number): Promise<void> {
    const until = this.loop.monotonicMs() + ms;
    let over = false;
    this.loop.after(ms, () => {
      over = true;
    });
    await this.run(() => over || this.loop.monotonicMs() > until, patience(ms * 2 + 1000));
  }
}

/** How a simulated server is set up. */
export interface SimServerOptions {
  readonly disk: Disk;
  readonly definitions?: readonly string[];
  /** Whether events become part of the world's digest. Default true. */
  readonly traced?: boolean;
  /** Told of every event. */
  readonly event?: (event: ZktEvent) => void;
}

/** Limits shrunk as far as they go. */
export const SMALL_LIMITS: readonly string[] = [
  'tickTime=200',
  'zookeeper.snapCount=6',
  'zookeeper.preAllocSize=4',
  'zookeeper.extendedTypesEnabled=true',
  '4lw.commands.whitelist=*',
  'maxClientCnxns=0',
];

/** One life of a server. */
export class SimServer {
  readonly process: SimProcess;
  /** Set when the server said that it cannot go on. */
  failure: ZktError | undefined;
  /** Names of events that are never good news. */
  readonly alarms: string[] = [];
  private readonly world: SimWorld;
  private readonly options: SimServerOptions;
  private started: RunningStandalone | undefined;

  constructor(world: SimWorld, options: SimServerOptions) {
    this.world = world;
    this.options = options;
    this.process = world.process();
  }

  /** Throws unless it runs. */
  get running(): RunningStandalone {
    if (this.started === undefined) throw new Error('the server is not running');
    return this.started;
  }

  /** Starts; rejects with what the server rejects with. */
  async start(): Promise<RunningStandalone> {
    const { disk, definitions = SMALL_LIMITS } = this.options;
    const config = loadConfig(disk, { dataDir: SIM_DIR, port: SIM_PORT, definitions });
    const { process } = this;
    const random = new Prng(this.world.prng.uint32());
    const secrets = { ...systemSecrets, randomBytes: (n: number) => randomBytes(random, n) };
    const events = new Bus('1', process);
    events.subscribe({ names: EVENT_NAMES, take: (event) => this.take(event) });
    const world = { clock: process, timers: process, net: process, random, secrets, disk, events };
    let outcome: { value: RunningStandalone } | { error: unknown } | undefined;
    startStandalone(
      config,
      { ...world, compression: systemCompression },
      {
        answerWord: (_server, word) => `${word}\n`,
        failed: (error) => {
          this.failure ??= error;
          process.kill();
        },
      },
    ).then(
      (value) => {
        outcome = { value };
      },
      (error: unknown) => {
        outcome = { error };
      },
    );
    await this.world.run(() => outcome !== undefined);
    if (outcome === undefined || 'error' in outcome) {
      process.kill();
      throw outcome?.error;
    }
    this.started = outcome.value;
    return outcome.value;
  }

  /** Stops in good order. */
  async stop(): Promise<void> {
    let stopped = false;
    this.running.stop('the test is over').then(() => {
      stopped = true;
    });
    await this.world.run(() => stopped);
    this.process.kill();
  }

  private take(event: ZktEvent): void {
    if (this.options.traced !== false) this.world.note(saying(event));
    if (event.name === 'tree.digest-mismatch') this.alarms.push(event.name);
    this.options.event?.(event);
  }
}

const saying = ({ name, fields }: ZktEvent): string => `${name} ${JSON.stringify(fields, bigintsAsText)}`;

const bigintsAsText = (_key: string, value: unknown): unknown =>
  typeof value === 'bigint' ? `${value}n` : value;

const randomBytes = (random: Prng, count: number): Buffer => {
  const bytes = Buffer.alloc(count);
  for (let i = 0; i < count; i++) bytes[i] = random.below(256);
  return bytes;
};
