/**
 * Finds containers that became empty and TTL nodes whose time is over, and asks for their deletion (facts
 * 2.7).
 */
import type { Timer, Timers } from '../../ports/timers.ts';
import { ttlOf } from '../../protocol/create-mode.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { ServerConfig } from '../config/server-config.ts';
import { Request } from '../processor/request.ts';
import type { DataTree } from '../tree/data-tree.ts';
import { NO_NODE, type NodeId } from '../tree/node-store.ts';
import type { ServerWorld } from './world.ts';

/** How the reaper works; names of Apache's properties below `znode.container`. */
export interface ReaperOptions {
  /** `checkIntervalMs`. */
  readonly intervalMs: number;
  /** `maxPerMinute`. */
  readonly perMinuteMax: number;
  /** `maxNeverUsedIntervalMs`: age at which a container that never had a child goes; 0 for never. */
  readonly neverUsedMs: number;
}

/** Nodes looked at before the loop may serve clients again. */
const LOOKED_AT_ONCE = 2000;

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
  private looking: Generator<string | undefined> | undefined;

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
    this.looking = undefined;
  }

  /**
   * Looks at every node that may go, at that time (wall clock, ms): its path where it is due, undefined where
   * it stays.
   */
  private *look(now: number): Generator<string | undefined> {
    const { tree } = this;
    const { neverUsedMs } = this.options;
    const isDue = (path: string, due: (id: NodeId) => boolean): boolean => {
      const id = tree.find(path);
      return id !== NO_NODE && tree.store.childCount(id) === 0 && due(id);
    };
    const used = (id: NodeId): boolean =>
      tree.cversionOf(id) > 0 || (neverUsedMs > 0 && now - tree.mtimeOf(id) > neverUsedMs);
    const overdue = (id: NodeId): boolean => now - tree.mtimeOf(id) > Number(ttlOf(tree.ownerOf(id)));
    for (const path of tree.owned.containers) yield isDue(path, used) ? path : undefined;
    for (const path of tree.owned.ttls) yield isDue(path, overdue) ? path : undefined;
  }

  private check(): void {
    if (this.queue.length > 0 || this.looking !== undefined) return;
    this.looking = this.look(this.wallMs());
    this.lookOn();
  }

  /** Looks at some; a million TTL nodes at once would hold the loop for a second. */
  private lookOn(): void {
    const { looking } = this;
    if (looking === undefined) return;
    for (let i = 0; i < LOOKED_AT_ONCE; i++) {
      const { done, value } = looking.next();
      if (done === true) {
        this.looking = undefined;
        this.removeNext();
        return;
      }
      if (value !== undefined) this.queue.push(value);
    }
    this.timers.soon(() => this.lookOn());
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

/** The reaper of a server that keeps the tree: what it finds becomes requests of the server itself. */
export function reaperOf(
  config: ServerConfig,
  tree: DataTree,
  { timers, clock }: ServerWorld,
  write: (request: Request) => void,
): Reaper {
  const options = {
    intervalMs: config.tree.containerCheckIntervalMs,
    perMinuteMax: config.tree.containersPerMinuteMax,
    neverUsedMs: config.tree.containerNeverUsedMs,
  };
  return new Reaper(
    tree,
    options,
    timers,
    () => clock.wallMs(),
    (path) => write(deleteContainerRequest(path, clock.monotonicMs())),
  );
}

function deleteContainerRequest(path: string, now: number): Request {
  const body = Buffer.alloc(4 + Buffer.byteLength(path));
  body.writeInt32BE(body.length - 4, 0);
  body.write(path, 4);
  return new Request(undefined, 0n, 0, OP.deleteContainer, body, 0, body.length, now);
}
