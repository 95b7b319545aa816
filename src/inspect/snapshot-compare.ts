/**
 * Two snapshots side by side, layer by layer: which subtrees differ in size, by Apache's SnapshotComparer's
 * rules.
 */
import type { SnapshotNode, SnapshotTree } from './snapshot-tree.ts';

/** A node with what is below it. */
export interface Subtree {
  readonly path: string;
  /** Bytes of data, its own included. */
  readonly bytes: number;
  /** Nodes below it. */
  readonly descendants: number;
  readonly children: readonly Subtree[];
}

/** A tree by layers; the root alone is layer 0. */
export interface Layers {
  readonly nodes: number;
  readonly bytes: number;
  /** Sorted by path. */
  readonly layers: readonly (readonly Subtree[])[];
  readonly byPath: ReadonlyMap<string, Subtree>;
}

/** What differs less than these is left out. */
export interface Thresholds {
  readonly bytes: number;
  readonly nodes: number;
}

/** One step of a comparison; `shown` is false where the difference is below the thresholds. */
export type Step =
  | { readonly kind: 'both'; readonly left: Subtree; readonly right: Subtree; readonly shown: boolean }
  | {
      readonly kind: 'left' | 'right';
      readonly node: Subtree;
      readonly other: Subtree | undefined;
      readonly shown: boolean;
    };

/** Sums a tree up. */
export function layersOf(tree: SnapshotTree): Layers {
  const sums = new Map<SnapshotNode, Subtree>();
  // A parent comes before its children in the file, so from the end on children are summed before their
  // parents.
  for (let i = tree.nodes.length - 1; i >= 0; i--) {
    const node = tree.nodes[i] as SnapshotNode;
    let bytes = node.dataLength;
    let descendants = 0;
    const children: Subtree[] = [];
    for (const child of node.children) {
      const sum = sums.get(child);
      if (sum === undefined) continue;
      bytes += sum.bytes;
      descendants += sum.descendants + 1;
      children.push(sum);
    }
    sums.set(node, { path: node.path, bytes, descendants, children: children.sort(byPath) });
  }
  const root = tree.root === undefined ? undefined : sums.get(tree.root);
  const layers: Subtree[][] = [];
  const paths = new Map<string, Subtree>();
  for (let layer = root === undefined ? [] : [root]; layer.length > 0; ) {
    layers.push(layer.sort(byPath));
    for (const node of layer) paths.set(node.path, node);
    layer = layer.flatMap((node) => node.children);
  }
  return { nodes: paths.size, bytes: root?.bytes ?? 0, layers, byPath: paths };
}

const byPath = (a: Subtree, b: Subtree): number => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0);

/** Walks two sorted lists of nodes together. */
export function* compareNodes(
  left: readonly Subtree[],
  right: readonly Subtree[],
  limits: Thresholds,
): Generator<Step> {
  const large = (bytes: number, nodes: number): boolean =>
    Math.abs(bytes) > limits.bytes || Math.abs(nodes) > limits.nodes;
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    const l = left[i];
    const r = right[j];
    if (l !== undefined && r !== undefined && l.path === r.path) {
      const shown = large(r.bytes - l.bytes, r.descendants - l.descendants);
      yield { kind: 'both', left: l, right: r, shown };
      i++;
      j++;
    } else if (l !== undefined && (r === undefined || l.path < r.path)) {
      yield { kind: 'left', node: l, other: r, shown: large(l.bytes, l.descendants) };
      i++;
    } else if (r !== undefined) {
      yield { kind: 'right', node: r, other: l, shown: large(r.bytes, r.descendants) };
      j++;
    }
  }
}
