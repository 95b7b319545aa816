/**
 * `/zookeeper/config`: what each server writes there by itself; only a reconfig changes it by a transaction.
 */
import { hi32, lo32 } from '../../base/halves.ts';
import { SYSTEM_PATHS } from '../../protocol/paths.ts';
import { STAT_PERSISTED_BYTES } from '../../protocol/stat.ts';
import { CONFIG_NODE_VERSION } from '../processor/plan-reconfig.ts';
import type { Membership } from '../quorum/membership.ts';
import { membershipText } from '../quorum/membership-text.ts';
import { NO_NODE, STAT_AT } from '../tree/node-store.ts';
import type { Database } from './database.ts';

/**
 * Writes the configuration in force to its node, unless it is there: data version -1, mzxid the
 * configuration's version (facts 2.7). To be called before clients are served, in every role: a history from
 * the leader holds what the leader wrote, and the first version of a configuration comes with no transaction.
 * No watch fires: clients that come back with their watches are told by the node's mzxid.
 */
export function writeConfigNode(database: Database, membership: Membership, wallMs: number): void {
  const { tree } = database;
  tree.ensureSystemNodes();
  const node = tree.find(SYSTEM_PATHS.config);
  if (node === NO_NODE) return;
  const { store } = tree;
  const data = Buffer.from(membershipText(membership));
  const length = store.dataLength(node);
  const stat = store
    .statBytes(node)
    .subarray(store.statOffset(node), store.statOffset(node) + STAT_PERSISTED_BYTES);
  const at = store.dataOffset(node);
  const same =
    length === data.length &&
    data.equals(store.dataSlab(node).subarray(at, at + length)) &&
    stat.readBigInt64BE(STAT_AT.mzxid) === membership.version &&
    stat.readInt32BE(STAT_AT.version) === CONFIG_NODE_VERSION;
  if (same) return;
  const stamp = { zxidHi: hi32(membership.version), zxidLo: lo32(membership.version), time: wallMs };
  tree.setData(node, data, CONFIG_NODE_VERSION, stamp);
}
