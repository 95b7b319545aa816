/**
 * What happens to disks while their server is down: bits turn over, files vanish, backups are restored, disks
 * are lost or mixed up. All of it only to a voter that the others can do without: see replaceable.ts.
 */
import type { Prng } from '../../base/prng.ts';
import type { Cluster } from '../cluster.ts';
import { type FilesAtRest, filesAtRest, layAtRest } from '../disk-at-rest.ts';
import { NODE_DIR, type SimNode } from '../sim-node.ts';
import type { BegunFault, FaultKind } from './fault.ts';
import { beginDamage, replaceDisk, replaceIfSafe, wholeWhenServing } from './operator.ts';
import { heldBy } from './replaceable.ts';

const DATA = `${NODE_DIR}/version-2`;

const damage = (name: string, about: string, begin: FaultKind['begin']): FaultKind => ({
  name,
  group: 'damage',
  about,
  begin,
});

/** The share of damaged disks that are replaced though their servers go on. */
const REPLACED = 0.7;

/** Damages one file of a kind and starts the server again. */
function damaged(
  cluster: Cluster,
  random: Prng,
  kind: RegExp,
  how: (files: FilesAtRest, name: string) => string,
): BegunFault | undefined {
  const node = random.pick(cluster.nodes);
  if (cluster.damaged.size > 0 || !node.up) return undefined;
  if (![...filesAtRest(node.disk, DATA).keys()].some((name) => kind.test(name))) return undefined;
  if (!beginDamage(cluster, node)) return undefined;
  const files = filesAtRest(node.disk, DATA);
  const names = [...files.keys()].filter((name) => kind.test(name));
  const text = `while ${node.name} is down, ${how(files, random.pick(names))}`;
  layAtRest(node.disk, DATA, files);
  node.start();
  // Often nobody notices; the next disk is damaged only once this one is whole.
  const replaced = random.chance(REPLACED);
  return {
    text,
    heal: () => {
      if (replaced && cluster.damaged.get(node)?.refused === false) replaceIfSafe(cluster, node);
    },
  };
}

function flip(cluster: Cluster, random: Prng, kind: RegExp): BegunFault | undefined {
  return damaged(cluster, random, kind, (files, name) => {
    const bytes = files.get(name) as Buffer;
    const at = random.below(bytes.length);
    const bit = random.below(8);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << bit);
    return `bit ${bit} of byte ${at} of ${name} turns over`;
  });
}

function oldBackup(cluster: Cluster, random: Prng): BegunFault {
  const node = random.pick(cluster.nodes);
  const backup = filesAtRest(node.disk, DATA);
  return {
    text: `a backup is made of ${node.name}`,
    heal: () => {
      if (!beginDamage(cluster, node)) return;
      cluster.say(node.name, 'gets back the data of its backup');
      layAtRest(node.disk, DATA, backup);
      node.start();
      wholeWhenServing(cluster, node);
    },
  };
}

/** Disks are mixed up while everything is off: each server has all that some server had, once. */
function swapped(cluster: Cluster, random: Prng): BegunFault | undefined {
  const { voters, nodes } = cluster;
  if (cluster.damaged.size > 0 || cluster.reshaped || voters.length < 2) return undefined;
  const at = random.below(voters.length - 1);
  const a = voters[at] as SimNode;
  const b = voters[at + 1] as SimNode;
  if (a.handle?.mode === undefined || b.handle?.mode === undefined) return undefined;
  const up = nodes.filter((node) => node.up && !node.paused);
  if (!up.includes(a) || !up.includes(b)) return undefined;
  const still = nodes.some((node) => node.paused);
  // What stands still may count, when it goes on, what a server said that has another disk by then.
  if (still) return undefined;
  for (const node of up) node.kill();
  const [ofA, ofB] = [filesAtRest(a.disk, DATA), filesAtRest(b.disk, DATA)];
  for (const [node, files] of [
    [a, ofB],
    [b, ofA],
  ] as const) {
    cluster.damaged.set(node, { held: heldBy(node, 'live'), refused: false });
    layAtRest(node.disk, DATA, files);
  }
  for (const node of up) node.start();
  for (const node of [a, b]) wholeWhenServing(cluster, node);
  return { text: `the disks of ${a.name} and ${b.name} are mixed up while all servers are down` };
}

/** See the head of the file. */
export const DAMAGE_FAULTS: readonly FaultKind[] = [
  damage('flip-log', 'A bit of a transaction log turns over while its server is down.', (cluster, random) =>
    flip(cluster, random, /^log\./),
  ),
  damage('flip-snapshot', 'A bit of a snapshot turns over while its server is down.', (cluster, random) =>
    flip(cluster, random, /^snapshot\./),
  ),
  damage('flip-epoch', 'A bit of an epoch file turns over while its server is down.', (cluster, random) =>
    flip(cluster, random, /Epoch$/),
  ),
  damage('lost-file', 'A file is gone when its server starts.', (cluster, random) =>
    damaged(cluster, random, /./, (files, name) => {
      files.delete(name);
      return `${name} vanishes`;
    }),
  ),
  damage('old-backup', 'A server gets back older data of its own.', oldBackup),
  damage('lost-disk', 'A server comes back with an empty disk.', (cluster, random) => {
    const node = random.pick(cluster.nodes);
    if (!beginDamage(cluster, node)) return undefined;
    replaceDisk(cluster, node);
    return { text: `${node.name} has lost its disk, and gets an empty one` };
  }),
  damage('swapped-disks', 'Two servers have the data of each other.', swapped),
];
