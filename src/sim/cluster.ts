/**
 * A simulated ensemble: servers with machines of their own, a network between them, clients that work on it;
 * all chance comes from one seed. It says what happens to whoever listens, and restarts servers that end by
 * themselves, as a supervisor does.
 */
import { ZktError } from '../base/errors.ts';
import { Prng } from '../base/prng.ts';
import type { Client, ClientOptions } from '../client/api.ts';
import { ZkClient } from '../client/client.ts';
import { EVENT_NAMES, EVENTS, type EventName, type ZktEvent } from '../events/table.ts';
import type { HistoryRequest } from './checkers/history.ts';
import { ClusterNet, type ClusterNetOptions } from './cluster-net.ts';
import type { Damage } from './damage.ts';
import { Fingerprint } from './fingerprint.ts';
import { HostClock } from './host-clock.ts';
import { HostLoop } from './host-loop.ts';
import type { SimTools } from './node-kit.ts';
import { SimProcess } from './process.ts';
import { Schedule } from './schedule.ts';
import { SimNode } from './sim-node.ts';
import { WireTap } from './wire-tap.ts';

/** Ports of every simulated server. */
export const CLUSTER_PORTS = { client: 2181, quorum: 2888, election: 3888 } as const;

/** How a cluster is set up. */
export interface ClusterOptions {
  readonly seed: number;
  /** Voters: 1, 3, 5, … */
  readonly servers: number;
  /** Default 0. */
  readonly observers?: number;
  /** Lines of zoo.cfg, after those every simulated server has and instead of those with the same key. */
  readonly config?: readonly string[];
  readonly net?: ClusterNetOptions;
  /** Whether servers that end by themselves are started again. Default true. */
  readonly supervised?: boolean;
  /** Names of the events that are told. Default: all but the ones of every request. */
  readonly events?: readonly EventName[];
}

/** Who hears what happens. */
export interface ClusterListener {
  /** Events it wants; default: all but the ones of every request. With samples, they are taken. */
  readonly names?: readonly EventName[];
  /** An event of a node. */
  event?(node: SimNode, event: ZktEvent): void;
  /** A line for people; `who` is a node, a client, or empty. */
  say?(who: string, text: string): void;
  /** A node's process is about to be gone, for whatever reason. */
  dying?(node: SimNode): void;
  /** A node ended by itself: an operating error, or a bug. */
  ended?(node: SimNode, error: unknown): void;
  /** A request of a client was answered. */
  replied?(client: string, request: HistoryRequest): void;
}

/** A client in the cluster. */
export interface SimClient {
  readonly name: string;
  readonly client: Client;
  readonly loop: HostLoop;
  readonly process: SimProcess;
  /** Waits on the client's own clock. */
  sleep(ms: number): Promise<void>;
  /** Dies without a word. */
  die(): void;
}

/** Small limits, so that a minute sees what takes a production server days. */
const BASE_CONFIG: readonly string[] = [
  'tickTime=500',
  'initLimit=6',
  'syncLimit=4',
  `dataDir=/data`,
  `clientPort=${CLUSTER_PORTS.client}`,
  'clientPortAddress=0.0.0.0',
  'preAllocSize=8',
  'zkt.commitLogCountMin=1',
  'maxClientCnxns=0',
  'extendedTypesEnabled=true',
  'fsync.warningthresholdms=60000',
];

/** Events that are told where nothing is said. */
const TOLD: readonly EventName[] = EVENT_NAMES.filter((name) => EVENTS[name].level !== 'trace');

const RESTART_MS = 400;
const RESTART_MORE_MS = 1200;

/** See the head of the file. */
export class Cluster {
  readonly options: ClusterOptions;
  readonly schedule = new Schedule();
  readonly fingerprint = new Fingerprint();
  readonly net: ClusterNet;
  readonly tap: WireTap;
  readonly nodes: readonly SimNode[];
  readonly clients: SimClient[] = [];
  /** Nodes that are to stay down until somebody starts them. */
  readonly heldDown = new Set<SimNode>();
  /** Nodes whose disk was damaged on purpose, until it is whole again. */
  readonly damaged = new Map<SimNode, Damage>();
  /** The members are others than those of the configuration files, or may become so. */
  reshaped = false;
  private readonly tools: SimTools;
  private readonly listener: ClusterListener;
  private readonly random: Prng;

  constructor(options: ClusterOptions, tools: SimTools, listener: ClusterListener = {}) {
    this.options = options;
    this.tools = tools;
    this.listener = listener;
    this.random = new Prng(options.seed ^ 0x6a09e667);
    this.net = new ClusterNet(this.schedule, this.random.uint32(), this.fingerprint, options.net);
    const { schedule } = this;
    const clock = { monotonicMs: () => schedule.now, wallMs: () => Math.floor(schedule.now) };
    const nowhere = { listen() {}, connect: () => ({ cancel() {} }) };
    this.tap = new WireTap(nowhere, clock, (name, request) => listener.replied?.(name, request));
    const total = options.servers + (options.observers ?? 0);
    const config = configText(options, total);
    this.nodes = Array.from({ length: total }, (_, i) => this.makeNode(i + 1, config));
  }

  /** Simulated ms so far. */
  get now(): number {
    return this.schedule.now;
  }

  /** The voters. */
  get voters(): readonly SimNode[] {
    return this.nodes.slice(0, this.options.servers);
  }

  /** The node that leads, as it sees itself; if several do, the one that was started last. */
  get leader(): SimNode | undefined {
    return this.nodes.filter((n) => n.mode === 'leader' || n.mode === 'standalone').at(-1);
  }

  /** Where clients connect. */
  get serverList(): string {
    return this.nodes.map((n) => `${n.address}:${CLUSTER_PORTS.client}`).join(',');
  }

  startAll(): void {
    for (const node of this.nodes) node.start();
  }

  /** Steps until the condition holds; throws `SimStuck` after that many simulated ms. */
  run(done: () => boolean, virtualMs = 120_000): Promise<void> {
    return this.schedule.run(done, { virtualMs, breathe: this.tools.breathe });
  }

  /** Lets that much time pass. */
  async pass(ms: number): Promise<void> {
    let over = false;
    this.schedule.at(this.schedule.now + ms, () => {
      over = true;
    });
    await this.run(() => over, ms + 1000);
  }

  /** Calls `fn` that much later; never in a process's turn. */
  after(ms: number, fn: () => void): void {
    this.schedule.at(this.schedule.now + ms, fn);
  }

  /** A line of the transcript. */
  say(who: string, text: string): void {
    this.fingerprint.text(text);
    this.listener.say?.(who, text);
  }

  /** A new client on a machine of its own, connecting to all servers or to those of the list. */
  dial(name: string, options: Partial<ClientOptions> = {}): SimClient {
    const { schedule } = this;
    const random = new Prng(this.random.uint32());
    const clock = new HostClock(random.next() * 1e6);
    const index = this.clients.length + 1;
    this.net.addHost(name, `10.0.1.${index}`);
    const crashed = (thrown: unknown): void => {
      throw thrown;
    };
    const loop = new HostLoop(schedule, clock, new Prng(random.uint32()), crashed);
    const process = new SimProcess(loop, this.net.view(name, loop));
    const net = this.tap.client(process, name);
    const ports = { net, clock: process, timers: process, random };
    const client = new ZkClient(
      { servers: this.serverList, sessionTimeoutMs: 4000, localExpiry: false, ...options },
      ports,
    );
    client.onState((state) => this.say(name, `is ${state}`));
    const dialled: SimClient = {
      name,
      client,
      loop,
      process,
      sleep: (ms) => new Promise((resolve) => void process.after(ms, resolve)),
      die: () => {
        this.say(name, 'dies without a word');
        net.cut();
        process.kill();
      },
    };
    this.clients.push(dialled);
    return dialled;
  }

  /** Kills what still runs, so that nothing goes on. */
  end(): void {
    for (const { process } of this.clients) process.kill();
    for (const node of this.nodes) {
      this.heldDown.add(node);
      node.kill();
    }
  }

  private makeNode(id: number, config: string): SimNode {
    const address = `10.0.0.${id}`;
    this.net.addHost(`s${id}`, address);
    return new SimNode(
      {
        schedule: this.schedule,
        net: this.net,
        tools: this.tools,
        eventNames: this.options.events ?? this.listener.names ?? TOLD,
        event: (node, event) => this.event(node, event),
        say: (node, text) => this.say(node.name, text),
        dying: (node) => this.listener.dying?.(node),
        ended: (node, error) => this.ended(node, error),
      },
      { id, address, config, seed: this.random.uint32() },
    );
  }

  private event(node: SimNode, event: ZktEvent): void {
    // The same run, whoever listens: events of requests are not always asked for.
    if (EVENTS[event.name].level !== 'trace') {
      this.fingerprint.text(event.name);
      this.fingerprint.add(node.id);
    }
    this.listener.event?.(node, event);
  }

  private ended(node: SimNode, error: unknown): void {
    this.listener.ended?.(node, error);
    if (this.options.supervised === false || !(error instanceof ZktError)) return;
    this.after(RESTART_MS + this.random.next() * RESTART_MORE_MS, () => {
      if (!this.heldDown.has(node)) node.start();
    });
  }
}

/** A server's line in the configuration. */
export function memberLine(id: number, role: 'participant' | 'observer'): string {
  const { client, quorum, election } = CLUSTER_PORTS;
  return `server.${id}=10.0.0.${id}:${quorum}:${election}:${role};0.0.0.0:${client}`;
}

function configText({ servers, config = [] }: ClusterOptions, total: number): string {
  const keyOf = (line: string): string => line.slice(0, line.indexOf('='));
  const given = new Set(config.map(keyOf));
  const lines = BASE_CONFIG.filter((line) => !given.has(keyOf(line)));
  for (let id = 1; id <= total && total > 1; id++) {
    lines.push(memberLine(id, id <= servers ? 'participant' : 'observer'));
  }
  return `${[...lines, ...config].join('\n')}\n`;
}
