/**
 * Who looks after damaged disks. A server whose data is damaged either refuses to start and says which file,
 * or goes on without having lost anything that was acknowledged. One that refuses gets an empty disk, as soon
 * as the others have all that it had (`mayBeLost`); if they never do by themselves, the leader is restarted,
 * so that they enter an epoch of their own.
 */
import { EXIT, type ZktError } from '../../base/errors.ts';
import type { Cluster } from '../cluster.ts';
import type { Damage, Held } from '../damage.ts';
import { NODE_DIR, type SimNode } from '../sim-node.ts';
import { heldBy, mayBeLost } from './replaceable.ts';

const ASK_EVERY_MS = 250;
/** Times asked before the leader is restarted. */
const PATIENCE = 10;

/**
 * Begins to damage a node's disk: kills it, and answers true; false when that disk may not be lost now. Only
 * one at a time is damaged.
 */
export function beginDamage(cluster: Cluster, node: SimNode): boolean {
  if (cluster.damaged.size > 0 || cluster.reshaped || !node.up || node.paused) return false;
  const held = heldBy(node, 'live');
  if (held.end === 0n || !mayBeLost(cluster, node, held)) return false;
  cluster.damaged.set(node, { held, refused: false });
  node.kill();
  return true;
}

/** A damaged node is whole again once it has taken the leader's data on an empty disk. */
export function replaceDisk(cluster: Cluster, node: SimNode): void {
  node.kill();
  node.wipe();
  cluster.heldDown.delete(node);
  node.start();
  wholeWhenServing(cluster, node);
}

/** Gives a node that goes on with a damaged disk an empty one, if that may be done now. */
export function replaceIfSafe(cluster: Cluster, node: SimNode): void {
  const damage = cluster.damaged.get(node);
  if (damage === undefined || !node.up || !mayBeLost(cluster, node, lastHeld(node, damage))) return;
  cluster.say(node.name, 'is given an empty disk');
  replaceDisk(cluster, node);
}

/** No longer counts as damaged as soon as it serves. */
export function wholeWhenServing(cluster: Cluster, node: SimNode): void {
  const ask = (): void => {
    if (node.handle?.mode !== undefined) cluster.damaged.delete(node);
    else if (cluster.damaged.has(node)) cluster.after(ASK_EVERY_MS, ask);
  };
  ask();
}

/**
 * A node ended by itself: true when that is because of its damaged disk, which is replaced as soon as may be.
 * The error has to name the place.
 */
export function refusesDamage(cluster: Cluster, node: SimNode, error: ZktError): boolean {
  const damage = cluster.damaged.get(node);
  if (damage === undefined || error.exit !== EXIT.corrupt) return false;
  if (!error.message.includes(NODE_DIR)) return false;
  cluster.heldDown.add(node);
  if (!damage.refused) {
    damage.refused = true;
    replaceWhenSafe(cluster, node, damage);
  }
  return true;
}

function replaceWhenSafe(cluster: Cluster, node: SimNode, damage: Damage): void {
  let asked = 0;
  const ask = (): void => {
    if (!cluster.damaged.has(node)) return;
    if (mayBeLost(cluster, node, lastHeld(node, damage))) {
      cluster.say(node.name, 'may be given an empty disk');
      replaceDisk(cluster, node);
      return;
    }
    if (++asked % PATIENCE === 0) {
      const { leader } = cluster;
      if (leader !== undefined) restart(cluster, leader);
    }
    cluster.after(ASK_EVERY_MS, ask);
  };
  cluster.after(ASK_EVERY_MS, ask);
}

function restart(cluster: Cluster, node: SimNode): void {
  if (node.paused || cluster.heldDown.has(node)) return;
  cluster.say(node.name, 'is restarted, for an epoch of its own');
  node.kill();
  node.start();
}

/**
 * What it may have vouched for. A server that starts reads all of the newest logs: what it wrote since then
 * can be read here too, whatever is wrong with older ones.
 */
function lastHeld(node: SimNode, { held }: Damage): Held {
  const now = heldBy(node, 'live');
  return {
    accepted: Math.max(held.accepted, now.accepted),
    current: Math.max(held.current, now.current),
    end: held.end > now.end ? held.end : now.end,
  };
}
