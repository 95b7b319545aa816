/**
 * Finds containers that became empty and TTL nodes whose time is over, and asks for their deletion (facts
 * 2.7).
 */
import type { Timer, Timers } from '../../ports/timers.ts';
import { ttlOf } from '../../protocol/create-mode.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { NO_NODE, type NodeId } from '../tree/node-store.ts';

/** How the reaper works; names of Apache's properties below `znode.container`. */
export interface ReaperOptions {
  /** `checkIntervalMs`. */
  readonly intervalMs: number;
  /** `maxPerMinute`. */
  readonly perMinuteMax: number;
  /** `maxNeverUsedIntervalMs`: age at which a container that never had a child goes; 0 for never. */
  readonly neverUsedMs: number;
}

/** The reaper of one server. */
export class Reaper {
  private readonly tree: DataTree;
  private readonly options: ReaperOptions;
  private readonly timers: Timers;
  private readonly wallMs: () => number;
  private readonly remove: (path: string) => void;
  private checking: Timer | undefined;
  private next: Timer | undefined;
  private queue: string[] = [];

  /** `remove` asks for a deletion; whether the node may go is checked again there. */
  constructor(
    tree: DataTree,
    options: ReaperOptions,
    timers: Timers,
    wallMs: () => number,
    remove: (path: string) => void,
  ) {
    this.tree = tree;
    this.options = options;
    this.timers = timers;
    this.wallMs = wallMs;
    this.remove = remove;
  }

  start(): void {
    this.checking = this.timers.every(this.options.intervalMs, () => this.check());
  }

  stop(): void {
    this.checking?.cancel();
    this.next?.cancel();
    this.queue = [];
  }

  /** The nodes to delete at that time (wall clock, ms). */
  candidates(now: number): string[] {
    const { tree } = this;
    const empty = (path: string, due: (id: NodeId) => boolean): boolean => {
      const id = tree.find(path);
      return id !== NO_NODE && tree.store.childCount(id) === 0 && due(id);
    };
    const { neverUsedMs } = this.options;
    const used = (id: NodeId): boolean =>
      tree.cversionOf(id) > 0 || (neverUsedMs > 0 && now - tree.mtimeOf(id) > neverUsedMs);
    const overdue = (id: NodeId): boolean => now - tree.mtimeOf(id) > Number(ttlOf(tree.ownerOf(id)));
    return [
      ...[...tree.owned.containers].filter((path) => empty(path, used)),
      ...[...tree.owned.ttls].filter((path) => empty(path, overdue)),
    ];
  }

  private check(): void {
    if (this.queue.length > 0) return;
    this.queue = this.candidates(this.wallMs());
    this.removeNext();
  }

  /** One a time, spread so that no more than `perMinuteMax` go in a minute. */
  private removeNext(): void {
    const path = this.queue.shift();
    if (path === undefined) return;
    this.remove(path);
    if (this.queue.length === 0) return;
    this.next = this.timers.after(60_000 / this.options.perMinuteMax, () => this.removeNext());
  }
}
