/** What a node's epoch files say. */
import type { DiskLayer } from '../disk-view.ts';
import type { SimNode } from '../sim-node.ts';
import { NODE_DIR } from '../sim-node.ts';

/** Undefined where there is no such file, or no number in it. */
export function readEpoch(node: SimNode, name: string, layer: DiskLayer = 'live'): number | undefined {
  const disk = node.disk.look(layer);
  const path = `${NODE_DIR}/version-2/${name}`;
  if (!disk.exists(path)) return undefined;
  const file = disk.open(path, 'read');
  const bytes = Buffer.alloc(file.size());
  file.readAt(bytes, 0);
  const epoch = Number(bytes.toString('latin1').trim());
  return Number.isSafeInteger(epoch) ? epoch : undefined;
}
