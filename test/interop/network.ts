/**
 * Hosts of their own for the servers of an ensemble: network namespaces joined by a bridge, on which this
 * process is a host too. Links can be cut both ways, one way, and taken down; what is cut is lost in silence,
 * as on a real network. Needs root and iproute2.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { pause } from './ensemble.ts';

const PREFIX = 'zkt';
/** Nobody has this address: what is sent to it is gone. */
const NOBODY = '02:00:00:00:00:01';

function ip(...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
  return stdout;
}

/** See the head of the file. */
export class Network {
  private readonly subnet = `10.213.${process.pid % 250}`;
  private readonly bridge = `${PREFIX}${process.pid}`;
  private readonly hosts: number[] = [];
  private readonly cuts = new Set<string>();
  private readonly atExit = (): void => this.remove();

  private constructor() {
    process.once('exit', this.atExit);
  }

  /** So many hosts, numbered from 1. Throws where there may be none. */
  static create(count: number): Network {
    removeStale();
    const network = new Network();
    try {
      ip('link', 'add', network.bridge, 'type', 'bridge');
      ip('addr', 'add', `${network.subnet}.254/24`, 'dev', network.bridge);
      ip('link', 'set', network.bridge, 'up');
      for (let host = 1; host <= count; host++) network.addHost(host);
    } catch (error) {
      network.remove();
      throw error;
    }
    return network;
  }

  private addHost(host: number): void {
    const [name, link] = [this.namespace(host), this.link(host)];
    ip('netns', 'add', name);
    this.hosts.push(host);
    ip('link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    ip('link', 'set', link, 'master', this.bridge, 'up');
    ip('-n', name, 'addr', 'add', `${this.address(host)}/24`, 'dev', 'eth0');
    ip('-n', name, 'link', 'set', 'eth0', 'up');
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  /** Where host `host` is, for an ensemble's `place`. */
  place(host: number): { host: string; within: readonly string[] } {
    return { host: this.address(host), within: ['ip', 'netns', 'exec', this.namespace(host)] };
  }

  private address(host: number): string {
    return `${this.subnet}.${host}`;
  }
  private namespace(host: number): string {
    return `${this.bridge}n${host}`;
  }
  private link(host: number): string {
    return `${this.bridge}v${host}`;
  }

  /** Nothing that `from` sends reaches `to` any more. */
  cutOneWay(from: number, to: number): void {
    const at = this.namespace(from);
    const neighbour = [this.address(to), 'lladdr', NOBODY, 'dev', 'eth0', 'nud', 'permanent'];
    ip('-n', at, 'neigh', 'replace', ...neighbour);
    this.cuts.add(`${from}>${to}`);
  }

  /** Undoes {@link cutOneWay}. */
  mend(from: number, to: number): void {
    ip('-n', this.namespace(from), 'neigh', 'del', this.address(to), 'dev', 'eth0');
    this.cuts.delete(`${from}>${to}`);
  }

  /** Nothing goes between these two any more. */
  cut(one: number, two: number): void {
    this.cutOneWay(one, two);
    this.cutOneWay(two, one);
  }

  /** Cuts a host from all others; this process still reaches it. */
  isolate(host: number): void {
    for (const other of this.hosts) if (other !== host) this.cut(host, other);
  }

  /** Takes a host's link down, for everybody, or up again. */
  setLink(host: number, up: boolean): void {
    ip('link', 'set', this.link(host), up ? 'up' : 'down');
  }

  /** A link that goes down and up again, so many times, each for up to `ms`. */
  async flap(host: number, times: number, ms: number): Promise<void> {
    for (let i = 0; i < times; i++) {
      this.setLink(host, false);
      await pause((ms * ((i * 7) % 10)) / 10);
      this.setLink(host, true);
      await pause((ms * ((i * 3) % 10)) / 10);
    }
  }

  /** Mends everything. */
  heal(): void {
    for (const cut of [...this.cuts]) {
      const [from, to] = cut.split('>').map(Number) as [number, number];
      this.mend(from, to);
    }
    for (const host of this.hosts) this.setLink(host, true);
  }

  /** Removes it all; the servers in it must have ended. */
  remove(): void {
    process.off('exit', this.atExit);
    for (const host of this.hosts.splice(0)) spawnSync('ip', ['netns', 'del', this.namespace(host)]);
    spawnSync('ip', ['link', 'del', this.bridge]);
  }
}

/** What a test process that was killed left behind. */
function removeStale(): void {
  const names = ip('netns', 'list').split('\n');
  for (const name of names) {
    const [, namespace, pid] = /^(zkt(\d+)n\d+)/.exec(name) ?? [];
    if (namespace === undefined || existsSync(`/proc/${pid}`)) continue;
    spawnSync('ip', ['netns', 'del', namespace]);
    spawnSync('ip', ['link', 'del', `${PREFIX}${pid}`]);
  }
}

/** Why there can be no network here; undefined when there can. With `ZKT_INTEROP_STRICT` that is an error. */
export function networkImpossible(): string | undefined {
  try {
    Network.create(1).remove();
    return undefined;
  } catch (error) {
    if (process.env.ZKT_INTEROP_STRICT !== undefined) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}
