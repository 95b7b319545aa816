/**
 * Did every connection hear of what it watched, once, and before any reply that shows the change?
 *
 * From the log it is known which transaction changed what. A watch is armed by the reply that set it, at that
 * reply's zxid. Up to the next reply on the connection, exactly the changes up to that reply's zxid must have
 * been told: an event that is missing then was lost or late, one that nothing explains was invented. What a
 * connection had not been told when it ended is told to the next one, in answer to its setWatches.
 */
import { ERR } from '../../protocol/error-codes.ts';
import type { AddWatchRequest, PathWatchRequest, SetWatches2 } from '../../protocol/messages.ts';
import { OP, XID } from '../../protocol/opcodes.ts';
import { parentPath } from '../../protocol/paths.ts';
import { ADD_WATCH_MODE, EVENT, eventName, type WatcherEvent } from '../../protocol/watch-types.ts';
import type { History, HistoryConnection, HistoryRequest, Violation } from './history.ts';
import type { Change } from './model-tree.ts';

type Kind = 'data' | 'child' | 'persistent' | 'recursive';

/** A node's last states, oldest first. */
interface PathState {
  readonly zxid: bigint;
  readonly exists: boolean;
  readonly mzxid: bigint;
  readonly pzxid: bigint;
}

/** The verdict, and how many events were judged. */
export interface WatchVerdict {
  readonly violations: readonly Violation[];
  readonly events: number;
  readonly watches: number;
}

/** `changes` is what each transaction changed, as `checkHistory` answers it. */
export function checkWatches(
  history: History,
  changes: ReadonlyMap<bigint, readonly Change[]>,
): WatchVerdict {
  const states = pathStates(changes);
  const zxids = [...changes.keys()].sort((a, b) => (a < b ? -1 : 1));
  const verdict = { violations: [] as Violation[], events: 0, watches: 0 };
  for (const connection of history.connections) {
    const check = new ConnectionCheck(connection, changes, zxids, states);
    check.run();
    verdict.violations.push(...check.violations);
    verdict.events += check.events;
    verdict.watches += check.watches;
  }
  return verdict;
}

function pathStates(
  changes: ReadonlyMap<bigint, readonly Change[]>,
): ReadonlyMap<string, readonly PathState[]> {
  const states = new Map<string, PathState[]>();
  const last = (path: string): PathState =>
    states.get(path)?.at(-1) ?? { zxid: 0n, exists: path === '/', mzxid: 0n, pzxid: 0n };
  const add = (path: string, state: PathState): void => {
    const list = states.get(path);
    if (list === undefined) states.set(path, [state]);
    else list.push(state);
  };
  for (const [zxid, list] of changes) {
    for (const { type, path } of list) {
      const before = last(path);
      if (type === EVENT.nodeCreated) add(path, { zxid, exists: true, mzxid: zxid, pzxid: zxid });
      else if (type === EVENT.nodeDeleted) add(path, { ...before, zxid, exists: false });
      else if (type === EVENT.nodeDataChanged) add(path, { ...before, zxid, mzxid: zxid });
      else add(path, { ...before, zxid, pzxid: zxid });
    }
  }
  return states;
}

/** The place of the first zxid beyond that one. */
function firstAfter(zxids: readonly bigint[], zxid: bigint): number {
  let lo = 0;
  let hi = zxids.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if ((zxids[mid] as bigint) <= zxid) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

const eventKey = (type: number, path: string): string => `${eventName(type)} ${path}`;

class ConnectionCheck {
  readonly violations: Violation[] = [];
  events = 0;
  watches = 0;
  private readonly connection: HistoryConnection;
  private readonly changes: ReadonlyMap<bigint, readonly Change[]>;
  /** Its keys, ascending: they have gaps between epochs. */
  private readonly zxids: readonly bigint[];
  private readonly states: ReadonlyMap<string, readonly PathState[]>;
  private readonly armed = new Map<string, Set<Kind>>();
  /** Everything up to here has been told. */
  private zxid: bigint | undefined;
  /** Heard since the last reply, in order. */
  private heard: WatcherEvent[] = [];

  constructor(
    connection: HistoryConnection,
    changes: ReadonlyMap<bigint, readonly Change[]>,
    zxids: readonly bigint[],
    states: ReadonlyMap<string, readonly PathState[]>,
  ) {
    this.connection = connection;
    this.changes = changes;
    this.zxids = zxids;
    this.states = states;
  }

  run(): void {
    for (const arrival of this.connection.arrivals) {
      if (arrival.kind === 'event') {
        this.events++;
        this.heard.push(arrival.event);
      } else this.reply(arrival.request);
    }
    this.end();
  }

  private say(rule: string, text: string): void {
    this.violations.push({ rule, text: `connection ${this.connection.id}: ${text}` });
  }

  private reply(request: HistoryRequest): void {
    const { reply, op, cxid, body } = request;
    if (reply === undefined) return;
    const told = this.due(reply.zxid);
    if (cxid === XID.setWatches) this.resume(body as SetWatches2, reply.zxid, told);
    this.compare(told, reply.zxid);
    this.zxid = reply.zxid;
    if (op === OP.addWatch && reply.err === ERR.OK) {
      const { path, mode } = body as AddWatchRequest;
      this.arm(path, mode === ADD_WATCH_MODE.persistent ? 'persistent' : 'recursive');
    }
    if ((body as Partial<PathWatchRequest>)?.watch !== true) return;
    const { path } = body as PathWatchRequest;
    if (op === OP.exists && (reply.err === ERR.OK || reply.err === ERR.NONODE)) this.arm(path, 'data');
    if (op === OP.getData && reply.err === ERR.OK) this.arm(path, 'data');
    if ((op === OP.getChildren || op === OP.getChildren2) && reply.err === ERR.OK) this.arm(path, 'child');
  }

  private arm(path: string, kind: Kind): void {
    this.watches++;
    const kinds = this.armed.get(path);
    if (kinds === undefined) this.armed.set(path, new Set([kind]));
    else kinds.add(kind);
  }

  /** What must have been told up to that zxid, in order; one-shot watches that fire are used up. */
  private due(upTo: bigint): string[] {
    const told: string[] = [];
    if (this.zxid === undefined) return told;
    for (let i = firstAfter(this.zxids, this.zxid); i < this.zxids.length; i++) {
      const zxid = this.zxids[i] as bigint;
      if (zxid > upTo) break;
      for (const change of this.changes.get(zxid) ?? []) {
        if (this.fires(change)) told.push(eventKey(change.type, change.path));
      }
    }
    return told;
  }

  private fires({ type, path }: Change): boolean {
    const kinds = this.armed.get(path);
    const child = type === EVENT.nodeChildrenChanged;
    let fires = kinds?.has('persistent') ?? false;
    if (!child && kinds?.delete('data')) fires = true;
    if ((child || type === EVENT.nodeDeleted) && kinds?.delete('child')) fires = true;
    // Recursive watches hear of nodes, not of lists of children.
    for (let at = path; !child && !fires; at = parentPath(at)) {
      if (this.armed.get(at)?.has('recursive')) fires = true;
      if (at === '/') break;
    }
    return fires;
  }

  /** The events that answer a setWatches, and what it arms. */
  private resume(seen: Partial<SetWatches2>, zxid: bigint, told: string[]): void {
    const { relativeZxid = 0n } = seen;
    for (const path of seen.dataWatches ?? []) {
      const state = this.stateAt(path, zxid);
      if (!state.exists) told.push(eventKey(EVENT.nodeDeleted, path));
      else if (state.mzxid > relativeZxid) told.push(eventKey(EVENT.nodeDataChanged, path));
      else this.arm(path, 'data');
    }
    for (const path of seen.existWatches ?? []) {
      if (this.stateAt(path, zxid).exists) told.push(eventKey(EVENT.nodeCreated, path));
      else this.arm(path, 'data');
    }
    for (const path of seen.childWatches ?? []) {
      const state = this.stateAt(path, zxid);
      if (!state.exists) told.push(eventKey(EVENT.nodeDeleted, path));
      else if (state.pzxid > relativeZxid) told.push(eventKey(EVENT.nodeChildrenChanged, path));
      else this.arm(path, 'child');
    }
    for (const path of seen.persistentWatches ?? []) this.arm(path, 'persistent');
    for (const path of seen.persistentRecursiveWatches ?? []) this.arm(path, 'recursive');
  }

  private stateAt(path: string, zxid: bigint): PathState {
    const list = this.states.get(path) ?? [];
    for (let i = list.length - 1; i >= 0; i--) {
      const state = list[i] as PathState;
      if (state.zxid <= zxid) return state;
    }
    return { zxid: 0n, exists: path === '/' || path.startsWith('/zookeeper'), mzxid: 0n, pzxid: 0n };
  }

  private compare(told: readonly string[], zxid: bigint): void {
    const heard = this.heard.map((event) => eventKey(event.type, event.path));
    this.heard = [];
    const first = told.findIndex((key, i) => heard[i] !== key);
    if (first < 0 && told.length === heard.length) return;
    if ([...told].sort().join('\n') === [...heard].sort().join('\n')) {
      this.say(
        'events come in the order of changes',
        `up to zxid ${zxid}: ${heard.join()}, expected ${told.join()}`,
      );
      return;
    }
    const rest = [...heard];
    for (const key of told) {
      const at = rest.indexOf(key);
      if (at >= 0) rest.splice(at, 1);
      else this.say('no event is lost, none comes late', `${key}, due before the reply at zxid ${zxid}`);
    }
    for (const key of rest) this.say('no event without a change', `${key}, before the reply at zxid ${zxid}`);
  }

  /** The last reply has come: what was heard since must be the beginning of what was still due. */
  private end(): void {
    if (this.heard.length === 0) return;
    const last = this.zxids.at(-1) ?? 0n;
    // A setWatches that was not answered: its events come of states that are not known from here.
    const open = this.connection.requests.some((r) => r.cxid === XID.setWatches && r.reply === undefined);
    if (open) return;
    const due = this.due(last);
    for (const [i, event] of this.heard.entries()) {
      const key = eventKey(event.type, event.path);
      if (due[i] === key) continue;
      const expected = due.slice(0, i + 3).join() || 'none';
      this.say('no event without a change', `${key}, after the last reply; expected ${expected}`);
      return;
    }
  }
}
