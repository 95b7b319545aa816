/** `zkt snapshot compare`: where two snapshots differ, as Apache's SnapshotComparer tells it. */
import { EXIT, type ExitCode } from '../../base/errors.ts';
import { analysisHeading, stepLines, treeLines } from '../../formatters/compare-text.ts';
import { escapeJson } from '../../formatters/escape.ts';
import {
  compareNodes,
  type Layers,
  layersOf,
  type Step,
  type Subtree,
} from '../../inspect/snapshot-compare.ts';
import { baseName } from '../../inspect/targets.ts';
import type { Io } from '../io.ts';
import { BulkWriter } from '../output/bulk-writer.ts';
import { JSON_VERSION } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';
import { load, type SnapshotPorts } from './snapshot-dump.ts';

/** What to compare and what to leave out. */
export interface SnapshotCompareOptions {
  readonly left: string;
  readonly right: string;
  /** Differences of no more bytes and no more descendants than these are left out. */
  readonly bytes: number;
  readonly nodes: number;
  /** Also tell every step. */
  readonly debug: boolean;
  /** Ask which part to look at. */
  readonly interactive: boolean;
  readonly format: OutputFormat;
}

const PROMPT = [
  '- Press enter to move to print current depth layer;',
  '- Type a number to jump to and print all nodes at a given depth;',
  "- Enter an ABSOLUTE path to print the immediate subtree of a node. Path must start with '/'.",
];

/**
 * Compares; the exit code: 7 when a file is damaged. `ask` answers the next line of input, undefined at its
 * end.
 */
export async function run(
  options: SnapshotCompareOptions,
  io: Io,
  ports: SnapshotPorts,
  ask: () => Promise<string | undefined>,
): Promise<ExitCode> {
  const out = new BulkWriter(io);
  const table = options.format === 'table' || options.format === 'raw';
  if (table) out.line('Successfully parsed options!');
  let damaged = false;
  const sides: Layers[] = [];
  for (const target of [options.left, options.right]) {
    const from = ports.clock.monotonicMs();
    const tree = load(target, false, io, ports);
    const loaded = ports.clock.monotonicMs();
    damaged ||= tree.error !== undefined;
    sides.push(layersOf(tree));
    if (!table) continue;
    out.line(`Deserialized snapshot in ${baseName(tree.file)} in ${seconds(loaded - from)} seconds`);
    out.line(`Processed data tree in ${seconds(ports.clock.monotonicMs() - loaded)} seconds`);
  }
  const comparison = new Comparison(sides[0] as Layers, sides[1] as Layers, options, out);
  if (!table) await comparison.json();
  else {
    for (const side of sides) for (const line of treeLines(side)) out.line(line);
    if (options.interactive) await comparison.interactive(ask);
    else await comparison.all();
  }
  await out.flush();
  if (io.stop.aborted && !io.stdout.broken) return EXIT.interrupted;
  return damaged ? EXIT.corrupt : EXIT.ok;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(6);

class Comparison {
  private readonly left: Layers;
  private readonly right: Layers;
  private readonly options: SnapshotCompareOptions;
  private readonly out: BulkWriter;

  constructor(left: Layers, right: Layers, options: SnapshotCompareOptions, out: BulkWriter) {
    this.left = left;
    this.right = right;
    this.options = options;
    this.out = out;
  }

  private get depths(): number {
    return Math.max(this.left.layers.length, this.right.layers.length);
  }

  /** Every layer, one after the other. */
  async all(): Promise<void> {
    this.out.line(analysisHeading(this.options.bytes, this.options.nodes));
    for (let depth = 0; depth < this.depths && !this.out.stopped; depth++)
      await this.layer(depth, this.options.debug);
    this.out.line('All layers compared.');
  }

  /** The layers and subtrees a person asks for. */
  async interactive(ask: () => Promise<string | undefined>): Promise<void> {
    for (let depth = 0; depth < this.depths && !this.out.stopped; ) {
      this.out.line(`Current depth is ${depth}`);
      for (const line of PROMPT) this.out.line(line);
      await this.out.flush();
      const input = await ask();
      if (input === undefined) return;
      this.out.line(analysisHeading(this.options.bytes, this.options.nodes));
      depth = await this.answer(input, depth);
      this.out.line('');
    }
    this.out.line('All layers compared.');
  }

  /** Does what a line of input wants; answers the depth to go on with. */
  private async answer(input: string, depth: number): Promise<number> {
    if (input === '') {
      await this.layer(depth, true);
      return depth + 1;
    }
    if (input.startsWith('/')) {
      await this.subtree(input);
      return depth;
    }
    const wanted = /^\d{1,9}$/.test(input) ? Number(input) : -1;
    if (wanted >= 0 && wanted < this.depths) {
      await this.layer(wanted, true);
      return wanted;
    }
    const range = `[0, ${this.depths - 1}]`;
    this.out.line(
      `Input ${input} is not valid. Depth must be in range ${range}. ` +
        "Path must be an absolute path which starts with '/'.",
    );
    return depth;
  }

  private async layer(depth: number, filtered: boolean): Promise<void> {
    this.out.line(`Analysis for depth ${depth}`);
    await this.tell(this.left.layers[depth] ?? [], this.right.layers[depth] ?? [], filtered);
  }

  private async subtree(path: string): Promise<void> {
    this.out.line(`Analysis for node ${path}`);
    const key = path === '/' ? '' : path;
    const left = this.left.byPath.get(key);
    const right = this.right.byPath.get(key);
    if (left === undefined && right === undefined) {
      this.out.line(`Path ${path} is neither found in left tree nor right tree.`);
      return;
    }
    await this.tell(left?.children ?? [], right?.children ?? [], true);
  }

  private async tell(left: readonly Subtree[], right: readonly Subtree[], filtered: boolean): Promise<void> {
    const how = { filtered, steps: this.options.debug };
    for (const step of compareNodes(left, right, this.options)) {
      let full = false;
      for (const line of stepLines(step, how)) full = this.out.line(line);
      if (full) await this.out.flush();
      if (this.out.stopped) return;
    }
  }

  /** All differences: one object, or one a line. */
  async json(): Promise<void> {
    const whole = this.options.format === 'json';
    const side = ({ nodes, bytes, layers }: Layers) => ({
      nodes,
      bytes,
      layers: layers.map((layer) => layer.length),
    });
    const trees = { left: side(this.left), right: side(this.right) };
    this.out.line(
      whole
        ? `{"v":${JSON_VERSION},"left":${JSON.stringify(trees.left)},"right":${JSON.stringify(trees.right)},"differences":[`
        : JSON.stringify({ v: JSON_VERSION, kind: 'trees', ...trees }),
    );
    let first = true;
    for (let depth = 0; depth < this.depths; depth++) {
      const steps = compareNodes(this.left.layers[depth] ?? [], this.right.layers[depth] ?? [], this.options);
      for (const step of steps) {
        if (!step.shown) continue;
        const value = { kind: 'difference', ...stepJson(step) };
        const text = escapeJson(JSON.stringify(whole ? value : { v: JSON_VERSION, ...value }));
        const full = this.out.line(whole && !first ? `,${text}` : text);
        first = false;
        if (full) await this.out.flush();
      }
    }
    if (whole) this.out.line(']}');
  }
}

const stepJson = (step: Step): Record<string, unknown> =>
  step.kind === 'both'
    ? {
        path: step.left.path || '/',
        in: 'both',
        bytes: step.right.bytes - step.left.bytes,
        descendants: step.right.descendants - step.left.descendants,
      }
    : {
        path: step.node.path || '/',
        in: step.kind,
        bytes: step.node.bytes,
        descendants: step.node.descendants,
      };
