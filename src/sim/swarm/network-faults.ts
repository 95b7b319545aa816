/** Faults of the network: what links do to bytes, and who is cut off from whom. */
import type { Prng } from '../../base/prng.ts';
import { CLUSTER_PORTS, type Cluster } from '../cluster.ts';
import type { LinkFault } from '../link-faults.ts';
import type { BegunFault, FaultKind } from './fault.ts';

const network = (name: string, about: string, begin: FaultKind['begin']): FaultKind => ({
  name,
  group: 'network',
  about,
  begin,
});

/** All at once; the heal ends all. */
function troubles(cluster: Cluster, text: string, ...faults: LinkFault[]): BegunFault {
  const ends = faults.map((fault) => cluster.net.trouble(fault));
  return { text, heal: () => ends.forEach((end) => void end()) };
}

const names = (cluster: Cluster): string[] => cluster.nodes.map((n) => n.name);

/** Nothing between the two groups, either way. */
function split(cluster: Cluster, text: string, a: readonly string[], b: readonly string[]): BegunFault {
  const [left, right] = [new Set(a), new Set(b)];
  return troubles(
    cluster,
    text,
    { kind: 'cut', from: left, to: right },
    { kind: 'cut', from: right, to: left },
  );
}

function apart(cluster: Cluster, name: string, text: string): BegunFault {
  return split(
    cluster,
    text,
    [name],
    names(cluster).filter((n) => n !== name),
  );
}

/** The names in an order of chance. */
function shuffled(cluster: Cluster, random: Prng): string[] {
  const all = names(cluster);
  for (let i = all.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [all[i], all[j]] = [all[j] as string, all[i] as string];
  }
  return all;
}

/** A pair of different servers. */
function pair(cluster: Cluster, random: Prng): [string, string] {
  const [a = '', b = ''] = shuffled(cluster, random);
  return [a, b];
}

function flap(cluster: Cluster, random: Prng): BegunFault {
  const [a, b] = pair(cluster, random);
  let over = false;
  let heal: (() => void) | undefined;
  const toggle = (): void => {
    if (heal === undefined && !over) heal = split(cluster, '', [a], [b]).heal;
    else {
      heal?.();
      heal = undefined;
    }
    if (!over) cluster.after(20 + random.next() * 1500, toggle);
  };
  toggle();
  return {
    text: `the link between ${a} and ${b} flaps`,
    heal: () => {
      over = true;
      heal?.();
      heal = undefined;
    },
  };
}

const clientNames = (cluster: Cluster): string[] => cluster.clients.map((c) => c.name);

/** See the head of the file. */
export const NETWORK_FAULTS: readonly FaultKind[] = [
  network('isolate', 'One server hears no other server and is heard by none.', (cluster, random) => {
    const name = random.pick(names(cluster));
    return apart(cluster, name, `${name} is cut off from the other servers`);
  }),
  network(
    'isolate-leader',
    'The leader is cut off from the other servers, not from its clients.',
    (cluster) => {
      const { leader } = cluster;
      if (leader === undefined) return undefined;
      return apart(cluster, leader.name, `the leader ${leader.name} is cut off from the other servers`);
    },
  ),
  network(
    'isolate-majority',
    'The leader keeps a minority; the others see each other.',
    (cluster, random) => {
      const { leader } = cluster;
      const minority = Math.floor((cluster.voters.length - 1) / 2);
      if (leader === undefined || minority === 0) return undefined;
      const others = shuffled(cluster, random).filter((n) => n !== leader.name);
      const kept = [leader.name, ...others.splice(0, minority - 1)];
      return split(
        cluster,
        `${kept.join(', ')} and ${others.join(', ')} are cut off from each other`,
        kept,
        others,
      );
    },
  ),
  network('partition', 'The servers fall into two groups.', (cluster, random) => {
    const all = shuffled(cluster, random);
    const cut = 1 + random.below(Math.max(1, all.length - 1));
    const [a, b] = [all.slice(0, cut), all.slice(cut)];
    return split(cluster, `${a.join(', ')} | ${b.join(', ')}`, a, b);
  }),
  network('one-way', 'A server is heard by another, and does not hear it.', (cluster, random) => {
    const [a, b] = pair(cluster, random);
    const fault: LinkFault = { kind: 'cut', from: new Set([a]), to: new Set([b]) };
    return troubles(cluster, `nothing gets from ${a} to ${b}`, fault);
  }),
  network('deaf-leader', 'The leader is heard, and hears nobody.', (cluster) => {
    const { leader } = cluster;
    if (leader === undefined) return undefined;
    const fault: LinkFault = { kind: 'cut', from: new Set(names(cluster)), to: new Set([leader.name]) };
    return troubles(cluster, `the leader ${leader.name} hears no server`, fault);
  }),
  network(
    'bridge',
    'Two groups see each other only through one server that sees both.',
    (cluster, random) => {
      const [bridge = '', ...rest] = shuffled(cluster, random);
      const cut = Math.ceil(rest.length / 2);
      const [a, b] = [rest.slice(0, cut), rest.slice(cut)];
      if (b.length === 0) return undefined;
      return split(cluster, `${bridge} is the bridge between ${a.join(', ')} and ${b.join(', ')}`, a, b);
    },
  ),
  network('flap', 'A link comes and goes.', flap),
  network('delay', 'Links are slow.', (cluster, random) => {
    const [a, b] = pair(cluster, random);
    const ms = random.pick([5, 30, 200, 900]);
    const pairOnly = random.chance(0.5) ? { from: new Set([a]), to: new Set([b]) } : {};
    const where = 'from' in pairOnly ? `from ${a} to ${b}` : 'everywhere';
    return troubles(cluster, `up to ${ms} ms more ${where}`, { kind: 'delay', ms, ...pairOnly });
  }),
  network('loss', 'Packets are lost and sent again.', (cluster, random) => {
    const oneIn = random.pick([3, 10, 40]);
    return troubles(cluster, `one packet in ${oneIn} is lost`, { kind: 'loss', oneIn });
  }),
  network('drip', 'Bytes come a few at a time.', (cluster, random) => {
    const from = new Set([random.pick(names(cluster))]);
    const ms = random.pick([1, 10, 60]);
    return troubles(cluster, `${[...from].join()} sends in drips of ${ms} ms`, { kind: 'drip', ms, from });
  }),
  network('stall', "A server's receive window is closed to another.", (cluster, random) => {
    const [a, b] = pair(cluster, random);
    const fault: LinkFault = { kind: 'stall', from: new Set([a]), to: new Set([b]) };
    return troubles(cluster, `${b} takes no bytes from ${a}`, fault);
  }),
  network('reset', "A server's connections are reset.", (cluster, random) => {
    const name = random.pick(names(cluster));
    const ports = random.pick([undefined, new Set([CLUSTER_PORTS.quorum]), new Set([CLUSTER_PORTS.client])]);
    const count = cluster.net.reset(name, ports);
    return { text: `${count} connections of ${name} are reset` };
  }),
  network('break', 'Connections are reset in the middle of what is sent.', (cluster, random) => {
    const [a, b] = pair(cluster, random);
    const fault: LinkFault = { kind: 'break', from: new Set([a]), to: new Set([b]) };
    return troubles(cluster, `what ${a} sends to ${b} breaks off`, fault);
  }),
  network('double', 'Whoever connects seems to do so twice.', (cluster) =>
    troubles(cluster, 'connections are opened twice', { kind: 'double' }),
  ),
  network('elections-cut', 'Only the election port is cut off.', (cluster, random) => {
    const one = new Set([random.pick(names(cluster))]);
    const ports = new Set([CLUSTER_PORTS.election]);
    const text = `elections of ${[...one].join()} are cut off`;
    return troubles(cluster, text, { kind: 'cut', from: one, ports }, { kind: 'cut', to: one, ports });
  }),
  network('quorum-cut', 'Only the quorum port is cut off.', (cluster, random) => {
    const one = new Set([random.pick(names(cluster))]);
    const ports = new Set([CLUSTER_PORTS.quorum]);
    const text = `the quorum port is cut off for ${[...one].join()}`;
    return troubles(cluster, text, { kind: 'cut', from: one, ports }, { kind: 'cut', to: one, ports });
  }),
  network('clients-cut', 'Clients are cut off from some servers.', (cluster, random) => {
    const clients = new Set(clientNames(cluster));
    const servers = new Set(shuffled(cluster, random).slice(0, 1 + random.below(cluster.nodes.length)));
    return troubles(
      cluster,
      `clients do not reach ${[...servers].join(', ')}`,
      { kind: 'cut', from: clients, to: servers },
      { kind: 'cut', from: servers, to: clients },
    );
  }),
];
