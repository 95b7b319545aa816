/**
 * One server's machine in a simulated cluster: clock, disk, and one life of the process after the other. It
 * is started, stopped, killed, paused, loses its power and gets it back; its disk fails as told.
 */
import { ZktError } from '../base/errors.ts';
import { invariant } from '../base/invariant.ts';
import { Prng } from '../base/prng.ts';
import { Bus } from '../events/bus.ts';
import type { EventName, ZktEvent } from '../events/table.ts';
import type { Disk } from '../ports/disk.ts';
import { loadConfig } from '../server/config/load-config.ts';
import type { ServerConfig } from '../server/config/server-config.ts';
import type { ClusterNet } from './cluster-net.ts';
import { SimDisk, type SimDiskCall, type SimDiskFault, SimPowerCut } from './disk.ts';
import { HostClock, WALL_START_MS } from './host-clock.ts';
import { HostLoop } from './host-loop.ts';
import { type NodeHandle, type SimTools, seededSecrets } from './node-kit.ts';
import { sampleFromOutside } from './node-samples.ts';
import { SimProcess } from './process.ts';
import type { Schedule } from './schedule.ts';

/** Where a simulated server keeps its files. */
export const NODE_DIR = '/data';
const NODE_CONFIG = '/conf/zoo.cfg';

/** What a node is part of. */
export interface NodeSurroundings {
  readonly schedule: Schedule;
  readonly net: ClusterNet;
  readonly tools: SimTools;
  /** Events wanted, and who takes them. */
  readonly eventNames: readonly EventName[];
  event(node: SimNode, event: ZktEvent): void;
  /** Something happened to a node: a line of the transcript. */
  say(node: SimNode, text: string): void;
  /** A node's process is about to be gone, for whatever reason. */
  dying(node: SimNode): void;
  /** A node ended by itself: an operating error, or a bug. */
  ended(node: SimNode, error: unknown): void;
}

/** How a machine is set up. */
export interface NodeSetup {
  readonly id: number;
  readonly address: string;
  /** Text of its zoo.cfg. */
  readonly config: string;
  readonly seed: number;
}

/** One life of the process. */
interface Life {
  readonly loop: HostLoop;
  readonly process: SimProcess;
  readonly config: ServerConfig;
  readonly events: Bus;
  handle: NodeHandle | undefined;
  sampling: { close(): void } | undefined;
}

/** What a configuration may be warned of though all its lines are in force. */
const ADVICE = /tolerate no more failures|no failure of any is tolerated/;
/** An untroubled fsync, ms: at least, and more by chance. */
const SYNC_MS = 0.3;
const SYNC_MORE_MS = 1.2;

/** See the head of the file. */
export class SimNode {
  readonly id: number;
  readonly name: string;
  readonly address: string;
  readonly disk: SimDisk;
  readonly clock: HostClock;
  /** Each fsync takes up to this much longer, ms. */
  slowSyncMs = 0;
  /** Each turn of the loop takes up to this much longer, ms. */
  slowTurnMs = 0;
  /** Asked before each call of the disk. */
  diskFault: ((call: SimDiskCall, path: string) => SimDiskFault | undefined) | undefined;
  /** What ended its last life by itself. */
  failure: unknown;
  lives = 0;
  private readonly around: NodeSurroundings;
  private readonly setup: NodeSetup;
  private readonly random: Prng;
  private life: Life | undefined;
  private crashIn = 0;
  private crashKind: 'kill' | 'power' = 'kill';
  private powered = true;

  constructor(around: NodeSurroundings, setup: NodeSetup) {
    this.around = around;
    this.setup = setup;
    this.id = setup.id;
    this.name = `s${setup.id}`;
    this.address = setup.address;
    this.random = new Prng(setup.seed);
    this.clock = new HostClock(this.random.next() * 1e6);
    this.disk = new SimDisk({
      fault: (call, path) => this.fault(call, path),
      defer: (fn) => {
        const ms = SYNC_MS + this.random.next() * (SYNC_MORE_MS + this.slowSyncMs);
        const loop = this.life?.loop;
        around.schedule.at(around.schedule.now + ms, () => loop?.deliver(fn));
      },
      wallMs: () => this.clock.wallMs(around.schedule.now),
    });
    this.layOut();
  }

  /** A process is there, serving or not. */
  get up(): boolean {
    return this.life !== undefined;
  }

  get paused(): boolean {
    return this.life?.loop.paused ?? false;
  }

  /** The node, once it has started. */
  get handle(): NodeHandle | undefined {
    return this.life?.handle;
  }

  /** What it is now: a mode, `looking`, or `down`. */
  get mode(): string {
    return this.life === undefined ? 'down' : (this.life.handle?.mode ?? 'looking');
  }

  /** Starts the process; power comes on if it was off. */
  start(): void {
    if (this.life !== undefined) return;
    const { schedule, net, tools, eventNames } = this.around;
    this.around.say(this, 'starts');
    this.powerOn();
    this.failure = undefined;
    let config: ServerConfig;
    try {
      config = this.configuration();
    } catch (error) {
      if (!(error instanceof ZktError)) throw error;
      this.failure = error;
      this.around.say(this, `does not start: ${error.message}`);
      this.around.ended(this, error);
      return;
    }
    this.lives++;
    const loop = new HostLoop(schedule, this.clock, new Prng(this.random.uint32()), (thrown) =>
      this.end(life, thrown),
    );
    loop.slowTurnMs = this.slowTurnMs;
    const process = new SimProcess(loop, net.view(this.name, loop));
    // What is told bears the time of the simulation, whatever the clock of the machine says.
    const events = new Bus(String(this.id), { wallMs: () => WALL_START_MS + schedule.now });
    const life: Life = { loop, process, config, events, handle: undefined, sampling: undefined };
    this.life = life;
    const random = new Prng(this.random.uint32());
    events.subscribe({ names: eventNames, take: (event) => this.around.event(this, event) });
    const world = {
      clock: process,
      timers: process,
      net: process,
      random,
      secrets: seededSecrets(tools.secrets, random),
      disk: ownDisk(this.disk, process),
      compression: tools.compression,
      events,
    };
    loop.deliver(() => {
      if (!process.alive) return;
      tools
        .startNode(life.config, world, (error) => this.end(life, error))
        .then(
          (handle) => {
            life.handle = handle;
            if (this.life !== life || !eventNames.includes('server.sampled')) return;
            const { running } = handle;
            const sid = BigInt(this.id);
            life.sampling = sampleFromOutside({ schedule, loop, process, config, events, running, sid });
          },
          (error: unknown) => this.end(life, error),
        );
    });
  }

  /** The configuration as it stands in its files now. Throws a `ZktError`. */
  configuration(): ServerConfig {
    const config = loadConfig(this.disk.look('live'), { file: NODE_CONFIG });
    const warning = config.warnings.find(({ message }) => !ADVICE.test(message));
    // A line without effect is a run that is not what it says it is.
    invariant(warning === undefined, `${this.name}: ${warning?.message}`);
    return config;
  }

  /** SIGKILL: what it wrote stays in the cache of the machine. */
  kill(): void {
    const { life } = this;
    if (life === undefined) return;
    this.around.say(this, 'is killed');
    this.endLife(life);
  }

  /** SIGTERM. */
  stop(): void {
    const { life } = this;
    if (life?.handle === undefined) {
      this.kill();
      return;
    }
    this.around.say(this, 'is told to stop');
    const { handle } = life;
    life.loop.deliver(() => {
      if (!life.process.alive) return;
      handle.stop('told to').then(
        () => this.endLife(life),
        (error: unknown) => this.end(life, error),
      );
    });
  }

  /** The machine loses power: of what was not forced to disk, chance decides. */
  powerCut(): void {
    if (!this.powered) return;
    this.around.say(this, 'loses power');
    this.losePower();
  }

  /** Dies in the middle of a call of its disk, the `calls`th from now. */
  crashAfter(calls: number, kind: 'kill' | 'power'): void {
    this.crashIn = calls;
    this.crashKind = kind;
  }

  pause(): void {
    if (this.life === undefined) return;
    this.around.say(this, 'is paused');
    this.life.loop.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.around.say(this, 'goes on');
    this.life?.loop.resume();
  }

  setSlow(turnMs: number): void {
    this.slowTurnMs = turnMs;
    if (this.life !== undefined) this.life.loop.slowTurnMs = turnMs;
  }

  /** Its disk is replaced by an empty one; only while it is down. */
  wipe(): void {
    this.around.say(this, 'gets an empty disk');
    this.powerOn();
    this.disk.wipe(NODE_DIR);
    this.layOut();
  }

  /** Gets back the configuration it was set up with; only while it is down. */
  resetConfiguration(): void {
    this.around.say(this, 'gets the configuration it was set up with');
    this.powerOn();
    this.disk.wipe('/conf');
    this.layOut();
  }

  private powerOn(): void {
    if (this.powered) return;
    this.disk.restart(this.random);
    this.around.net.powerOn(this.name);
    this.powered = true;
  }

  private layOut(): void {
    const { config, id } = this.setup;
    this.disk.makeDir('/conf');
    this.disk.makeDir(NODE_DIR);
    if (!this.disk.exists(NODE_CONFIG)) this.disk.plant(NODE_CONFIG, Buffer.from(config));
    this.disk.plant(`${NODE_DIR}/myid`, Buffer.from(`${id}\n`));
  }

  private losePower(): void {
    const { life } = this;
    this.around.dying(this);
    this.powered = false;
    this.disk.powerCut();
    this.around.net.powerOff(this.name);
    if (life !== undefined) {
      life.sampling?.close();
      life.process.kill();
      this.life = undefined;
    }
    this.crashIn = 0;
  }

  private endLife(life: Life): void {
    if (this.life !== life) return;
    this.around.dying(this);
    life.sampling?.close();
    life.process.kill();
    this.around.net.processEnded(life.loop);
    this.life = undefined;
    this.crashIn = 0;
    // Handles of the dead are worth nothing; the machine's cache stays.
    this.disk.powerCut();
    this.disk.revive();
  }

  /** The process ends by itself. */
  private end(life: Life, error: unknown): void {
    if (this.life !== life || error instanceof SimPowerCut) return;
    this.failure = error;
    const text = error instanceof ZktError ? error.message : `has a bug: ${stackOf(error)}`;
    this.around.say(this, `ends: ${text}`);
    this.endLife(life);
    this.around.ended(this, error);
  }

  private fault(call: SimDiskCall, path: string): SimDiskFault | undefined {
    if (this.life === undefined) return undefined;
    if (this.crashIn > 0 && --this.crashIn === 0) {
      this.around.say(
        this,
        `${this.crashKind === 'kill' ? 'is killed' : 'loses power'} during ${call} ${path}`,
      );
      const { life } = this;
      if (this.crashKind === 'power') this.losePower();
      else {
        this.endLife(life);
        throw new SimPowerCut(path);
      }
      return undefined;
    }
    if (call === 'sync' || call === 'syncDir') this.life.loop.spend(this.random.next() * this.slowSyncMs);
    return this.diskFault?.(call, path);
  }
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error);

/** The disk of one life: once the process is dead, nothing of it may touch files any more. */
function ownDisk(disk: SimDisk, process: SimProcess): Disk {
  const check = (path: string): void => {
    if (!process.alive) throw new SimPowerCut(path);
  };
  return {
    open: (path, mode) => {
      check(path);
      return disk.open(path, mode);
    },
    list: (dir) => {
      check(dir);
      return disk.list(dir);
    },
    exists: (path) => {
      check(path);
      return disk.exists(path);
    },
    modifiedMs: (path) => {
      check(path);
      return disk.modifiedMs(path);
    },
    makeDir: (path) => {
      check(path);
      disk.makeDir(path);
    },
    rename: (from, to) => {
      check(from);
      disk.rename(from, to);
    },
    remove: (path) => {
      check(path);
      disk.remove(path);
    },
    syncDir: (dir) => {
      check(dir);
      disk.syncDir(dir);
    },
    syncDirSoon: (dir, done) => {
      check(dir);
      disk.syncDirSoon(dir, done);
    },
    join: (...parts) => disk.join(...parts),
  };
}
