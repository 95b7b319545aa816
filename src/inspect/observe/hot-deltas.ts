/**
 * `hot.sampled` out of counters that a server of Apache keeps: requests of each connection (`cons`), reads
 * and writes in all, and of each tree below the root (`mntr`). More it does not tell: no single path, no
 * operation.
 */
import type { FieldsOf } from '../../events/table.ts';
import { metricOf } from './server-samples.ts';
import type { ConnectionLine } from './session-words.ts';
import { topOf } from './watch-words.ts';

type Hot = FieldsOf<'hot.sampled'>;

const KEYS_TOLD = 20;
/** Counters remembered from one round to the next, of each kind. */
const KEYS_MAX = 20_000;
const UNKNOWN = -1;
const TREE = /^cnt_(.{1,255})_(read|write)_per_namespace$/;

/** How counters grew, by key; nothing of a key that is new, or fell. */
class Growth {
  private before = new Map<string, number>();

  since(now: Map<string, number>): Map<string, number> {
    const grown = new Map<string, number>();
    for (const [key, value] of now) {
      const from = this.before.get(key);
      if (from !== undefined && value > from) grown.set(key, value - from);
    }
    this.before = now;
    return grown;
  }
}

/** See the head of the file. Pure; remembers the round before. */
export class HotDeltas {
  private clients = new Growth();
  private counters = new Growth();
  private clientsMs: number | undefined;
  private countersMs: number | undefined;

  /** Forgets what was before: another server, or another life of it. */
  forget(): void {
    this.clients = new Growth();
    this.counters = new Growth();
    this.clientsMs = undefined;
    this.countersMs = undefined;
  }

  /** From `cons`: the connections with the most requests. */
  ofClients(lines: readonly ConnectionLine[], nowMs: number): Hot[] {
    const now = new Map<string, number>();
    for (const line of lines) {
      if (line.session !== undefined && now.size < KEYS_MAX) now.set(line.remote, line.received);
    }
    const ms = Math.round(nowMs - (this.clientsMs ?? nowMs));
    this.clientsMs = nowMs;
    return topOf(this.clients.since(now), KEYS_TOLD).map(([key, count]) => ({
      ...{ kind: 'client', key, count, writes: UNKNOWN, bytes: UNKNOWN, ms },
    }));
  }

  /** From `mntr`: reads and writes in all, and below each child of the root. */
  ofMetrics(metrics: ReadonlyMap<string, string>, nowMs: number): Hot[] {
    const now = new Map<string, number>();
    const trees = new Set<string>();
    const keep = (name: string): void => {
      const value = metricOf(metrics, name);
      if (value >= 0) now.set(name, value);
    };
    keep('cnt_readlatency');
    keep('cnt_updatelatency');
    for (const name of metrics.keys()) {
      const tree = TREE.exec(name)?.[1];
      if (tree === undefined || now.size >= KEYS_MAX) continue;
      trees.add(tree);
      keep(name);
      keep(name.replace('cnt_', 'sum_'));
    }
    const ms = Math.round(nowMs - (this.countersMs ?? nowMs));
    this.countersMs = nowMs;
    const grown = this.counters.since(now);
    const of = (name: string): number => grown.get(name) ?? 0;
    const [reads, writes] = [of('cnt_readlatency'), of('cnt_updatelatency')];
    return [
      ...(reads > 0 ? [{ kind: 'op', key: 'reads', count: reads, writes: 0, bytes: UNKNOWN, ms }] : []),
      ...(writes > 0 ? [{ kind: 'op', key: 'writes', count: writes, writes, bytes: UNKNOWN, ms }] : []),
      ...treesOf(trees, of, { writes, ms }),
    ];
  }
}

/**
 * A server counts in each tree the writes of the whole ensemble, since all are applied there, but only the
 * reads it was asked for itself. So that no write is counted on every server, each is taken to have been
 * asked for its share of them: its own `writes` of all that were applied.
 */
function treesOf(
  trees: ReadonlySet<string>,
  of: (name: string) => number,
  { writes: own, ms }: { readonly writes: number; readonly ms: number },
): Hot[] {
  let applied = 0;
  for (const tree of trees) applied += of(`cnt_${tree}_write_per_namespace`);
  const part = applied > 0 ? Math.min(1, own / applied) : 0;
  const used = [...trees].map((tree) => {
    const reads = of(`cnt_${tree}_read_per_namespace`);
    const writes = Math.round(part * of(`cnt_${tree}_write_per_namespace`));
    const written = Math.round(part * of(`sum_${tree}_write_per_namespace`));
    const bytes = of(`sum_${tree}_read_per_namespace`) + written;
    return { kind: 'path', key: `/${tree}`, count: reads + writes, writes, bytes, ms };
  });
  return used
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.count - a.count)
    .slice(0, KEYS_TOLD);
}
