/**
 * The network of a simulated cluster: hosts with names and addresses, their ports, the connections between
 * them, and what is wrong with the links. Every host has its own view; TCP is what both ends see of it (see
 * `cluster-connection.ts`).
 */
import { Prng } from '../base/prng.ts';
import type { Listener, Net, Socket, SocketHandler } from '../ports/net.ts';
import { ConnectionEnd, type EndPlace, type Wires } from './cluster-connection.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { ProcessLoop } from './host-loop.ts';
import { type LinkFault, linkState } from './link-faults.ts';
import type { Schedule } from './schedule.ts';

/** How an untroubled network is. */
export interface ClusterNetOptions {
  /** One way, ms. Default 0.2. */
  readonly latencyMs?: number;
  /** More, by chance. Default 0.4. */
  readonly jitterMs?: number;
  /** A connection that gets nothing through for this long ends, ms. Default 8000. */
  readonly giveUpMs?: number;
  /** Default 64 KiB. */
  readonly windowBytes?: number;
}

interface OpenPort {
  readonly loop: ProcessLoop;
  readonly accept: (socket: Socket) => SocketHandler | undefined;
}

interface Host {
  readonly name: string;
  readonly address: string;
  readonly ports: Map<number, OpenPort>;
  up: boolean;
}

type Dial = Parameters<Net['connect']>[0];
type DialHandler = SocketHandler & { opened(socket: Socket): void };

const FIRST_EPHEMERAL_PORT = 40_000;
/** A connect request that is not answered is sent again after about this long, ms. */
const REDIAL_MS = 300;
const GHOST_MS = 2000;

/** See the head of the file. */
export class ClusterNet {
  private readonly wires: Wires;
  private readonly hosts = new Map<string, Host>();
  private readonly byAddress = new Map<string, Host>();
  private readonly ends = new Set<ConnectionEnd>();
  private readonly faults = new Set<LinkFault>();
  private nextPort = FIRST_EPHEMERAL_PORT;

  constructor(schedule: Schedule, seed: number, fingerprint: Fingerprint, options: ClusterNetOptions = {}) {
    const { latencyMs = 0.2, jitterMs = 0.4, giveUpMs = 8000, windowBytes = 64 * 1024 } = options;
    const random = new Prng(seed);
    this.wires = {
      schedule,
      random,
      fingerprint,
      latencyMs,
      jitterMs,
      giveUpMs,
      windowBytes,
      hostIsUp: (name) => this.hosts.get(name)?.up ?? false,
      stateOf: (from, to, port) => linkState(this.faults, from, to, port),
      gone: (end) => void this.ends.delete(end),
    };
  }

  /** Adds a machine. */
  addHost(name: string, address: string): void {
    const host: Host = { name, address, ports: new Map(), up: true };
    this.hosts.set(name, host);
    this.byAddress.set(address, host);
  }

  /** The network as a process on that host sees it. */
  view(hostName: string, loop: ProcessLoop): Net {
    const host = this.host(hostName);
    return {
      listen: (at, accept, done) => this.listen(host, loop, at, accept, done),
      connect: (to, handler) => this.connect(host, loop, to, handler),
    };
  }

  /** Trouble on some links, until the answer is called. */
  trouble(fault: LinkFault): () => void {
    this.faults.add(fault);
    this.refresh();
    return () => {
      this.faults.delete(fault);
      this.refresh();
    };
  }

  /** All links are well again. */
  heal(): void {
    this.faults.clear();
    this.refresh();
  }

  /** Resets the connections of a host, those to the given ports or all. */
  reset(hostName: string, ports?: ReadonlySet<number>): number {
    const hit = [...this.ends].filter(
      (end) => end.place.host === hostName && (ports?.has(end.service) ?? true),
    );
    for (const end of hit) end.reset();
    return hit.length;
  }

  /**
   * A process has ended: its ports are free, its connections are over, also those it had not accepted yet.
   */
  processEnded(loop: ProcessLoop): void {
    for (const host of this.hosts.values()) {
      for (const [port, open] of host.ports) if (open.loop === loop) host.ports.delete(port);
    }
    for (const end of [...this.ends]) if (end.loop === loop) end.destroy();
  }

  /** The host loses its power: its ports and connections are gone, and nobody is told. */
  powerOff(hostName: string): void {
    const host = this.host(hostName);
    host.up = false;
    host.ports.clear();
    for (const end of [...this.ends]) if (end.place.host === hostName) end.vanish();
  }

  /** The host is back; what others still send to its old connections is refused. */
  powerOn(hostName: string): void {
    const host = this.host(hostName);
    if (host.up) return;
    host.up = true;
    for (const end of [...this.ends]) if (end.peer.place.host === hostName) end.release();
  }

  /** Ends of connections that are open now. */
  get openEnds(): number {
    return this.ends.size;
  }

  private host(name: string): Host {
    const host = this.hosts.get(name) ?? this.byAddress.get(name);
    if (host === undefined) throw new Error(`there is no host ${name}`);
    return host;
  }

  private refresh(): void {
    for (const end of [...this.ends]) {
      const { peer, place, service } = end;
      end.link = linkState(this.faults, place.host, peer.place.host, service);
      end.release();
    }
  }

  private listen(
    host: Host,
    loop: ProcessLoop,
    at: { host: string; port: number },
    accept: (socket: Socket) => SocketHandler | undefined,
    done: Parameters<Net['listen']>[2],
  ): void {
    const port = at.port === 0 ? this.nextPort++ : at.port;
    const own =
      at.host === '0.0.0.0' || at.host === '::' || at.host === '127.0.0.1' || this.isOf(at.host, host);
    const code = own ? (host.ports.has(port) ? 'EADDRINUSE' : undefined) : 'EADDRNOTAVAIL';
    if (code !== undefined) {
      const error = Object.assign(new Error(`listen ${code}: ${at.host}:${port}`), { code });
      loop.deliver(() => done({ error }));
      return;
    }
    const open = { loop, accept };
    host.ports.set(port, open);
    const close = (): void => {
      if (host.ports.get(port) === open) host.ports.delete(port);
    };
    const listener: Listener = {
      host: at.host,
      port,
      close: (closed) => {
        close();
        loop.deliver(closed);
      },
    };
    loop.deliver(() => done({ listener }));
  }

  private isOf(nameOrAddress: string, host: Host): boolean {
    return nameOrAddress === host.name || nameOrAddress === host.address;
  }

  private find(nameOrAddress: string, from: Host): Host | undefined {
    if (nameOrAddress === '127.0.0.1' || nameOrAddress === 'localhost') return from;
    return this.hosts.get(nameOrAddress) ?? this.byAddress.get(nameOrAddress);
  }

  private connect(from: Host, loop: ProcessLoop, to: Dial, handler: DialHandler): { cancel(): void } {
    const { schedule } = this.wires;
    let over = false;
    const fail = (code: string): void => {
      if (over) return;
      over = true;
      const error = Object.assign(new Error(`connect ${code} ${to.host}:${to.port}`), { code });
      loop.deliver(() => handler.closed(error));
    };
    const target = this.find(to.host, from);
    if (target === undefined) schedule.at(schedule.now, () => fail('ENOTFOUND'));
    else {
      schedule.at(schedule.now + to.timeoutMs, () => fail('ETIMEDOUT'));
      const attempt = (): void => {
        if (over) return;
        const reached = this.knock(from, loop, target, to.port, handler);
        if (reached === 'unheard')
          schedule.at(schedule.now + REDIAL_MS * (0.5 + this.wires.random.next()), attempt);
        else if (reached === 'refused') fail('ECONNREFUSED');
        else over = true;
      };
      schedule.at(schedule.now + this.oneWay(from, target), attempt);
    }
    return {
      cancel: () => {
        if (over) return;
        over = true;
        const error = Object.assign(new Error('the dial was cancelled'), { code: 'ECANCELED' });
        schedule.at(schedule.now, () => loop.deliver(() => handler.closed(error)));
      },
    };
  }

  private oneWay(from: Host, to: Host): number {
    const { latencyMs, jitterMs, random } = this.wires;
    return from === to ? 0.02 : latencyMs + random.next() * jitterMs;
  }

  /** A connect request arrives at its host, if it does. */
  private knock(
    from: Host,
    loop: ProcessLoop,
    to: Host,
    port: number,
    handler: DialHandler,
  ): 'opened' | 'refused' | 'unheard' {
    const there = linkState(this.faults, from.name, to.name, port);
    const back = linkState(this.faults, to.name, from.name, port);
    if (!to.up || !from.up || there.blocked || back.blocked) return 'unheard';
    const open = to.ports.get(port);
    if (open === undefined) return 'refused';
    const { schedule } = this.wires;
    const near: EndPlace = { host: from.name, address: from.address, port: this.nextPort++ };
    const far: EndPlace = { host: to.name, address: to.address, port };
    const client = new ConnectionEnd(this.wires, loop, near, far, port, there);
    const server = new ConnectionEnd(this.wires, open.loop, far, near, port, back);
    const opensAt = schedule.now + this.oneWay(to, from) + there.delayMs + back.delayMs;
    ConnectionEnd.join(client, server, opensAt);
    client.handler = handler;
    this.ends.add(client);
    this.ends.add(server);
    open.loop.deliver(() => {
      server.handler = open.accept(server);
    });
    schedule.at(opensAt, () => {
      if (!client.isGone) loop.deliver(() => handler.opened(client));
    });
    if (there.doubles) this.ghost(open, from, far, port);
    return 'opened';
  }

  /** A second connection nobody means: accepted, silent, and gone after a while. */
  private ghost(open: OpenPort, from: Host, far: EndPlace, port: number): void {
    const near: EndPlace = { host: from.name, address: from.address, port: this.nextPort++ };
    const well = linkState([], from.name, far.host, port);
    const client = new ConnectionEnd(this.wires, NOBODY, near, far, port, well);
    const server = new ConnectionEnd(this.wires, open.loop, far, near, port, well);
    ConnectionEnd.join(client, server, 0);
    this.ends.add(server);
    open.loop.deliver(() => {
      server.handler = open.accept(server);
    });
    const { schedule, random } = this.wires;
    schedule.at(schedule.now + random.next() * GHOST_MS, () => client.destroy());
  }
}

/** The process at the far end of a ghost. */
const NOBODY: ProcessLoop = {
  monotonicMs: () => 0,
  wallMs: () => 0,
  after: () => ({ cancel() {} }),
  soon() {},
  deliver() {},
};
