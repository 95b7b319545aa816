/** A comparison of snapshots in words: the lines of Apache's SnapshotComparer. */

/** A node with what is below it. */
interface Sum {
  readonly path: string;
  readonly bytes: number;
  readonly descendants: number;
}
/** One step; see `inspect/snapshot-compare.ts`. */
type Step =
  | { readonly kind: 'both'; readonly left: Sum; readonly right: Sum; readonly shown: boolean }
  | {
      readonly kind: 'left' | 'right';
      readonly node: Sum;
      readonly other: Sum | undefined;
      readonly shown: boolean;
    };

/** What is said about one tree, with an empty line behind it. */
export function treeLines(tree: {
  readonly nodes: number;
  readonly bytes: number;
  readonly layers: readonly (readonly unknown[])[];
}): string[] {
  return [
    `Node count: ${tree.nodes}`,
    `Total size: ${tree.bytes}`,
    `Max depth: ${tree.layers.length}`,
    ...tree.layers.map((layer, depth) => `Count of nodes at depth ${depth}: ${layer.length}`),
    '',
  ];
}

/** What stands above the analysis. */
export const analysisHeading = (bytes: number, nodes: number): string =>
  `Printing analysis for nodes difference larger than ${bytes} bytes or node count difference larger than ${nodes}.`;

/**
 * How one step is told: `filtered` also tells what is below the thresholds, `steps` what was compared with
 * what.
 */
export function stepLines(
  step: Step,
  how: { readonly filtered: boolean; readonly steps: boolean },
): string[] {
  const lines: string[] = [];
  if (step.kind === 'both') {
    const { left, right } = step;
    if (how.steps) lines.push(`Comparing ${left.path} to ${right.path}`, 'same');
    if (step.shown) {
      const bytes = right.bytes - left.bytes;
      const nodes = right.descendants - left.descendants;
      lines.push(`Node ${left.path} found in both trees. Delta: ${bytes} bytes, ${nodes} descendants`);
    } else if (how.filtered) {
      lines.push(`Filtered node ${left.path} of left size ${left.bytes}, right size ${right.bytes}`);
    }
    return lines;
  }
  const { kind, node, other } = step;
  if (how.steps && other !== undefined) {
    const [left, right] = kind === 'left' ? [node, other] : [other, node];
    lines.push(`Comparing ${left.path} to ${right.path}`, `${kind} is less`);
  }
  if (step.shown) {
    const size = `Descendant size: ${node.bytes}. Descendant count: ${node.descendants}`;
    lines.push(`Node ${node.path} found only in ${kind} tree. ${size}`);
  } else if (how.filtered) lines.push(`Filtered ${kind} node ${node.path} of size ${node.bytes}`);
  return lines;
}
