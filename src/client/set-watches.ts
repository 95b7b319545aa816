import type { JuteReader } from '../jute/reader.ts';
import type { JuteWriter } from '../jute/writer.ts';
import { ERR } from '../protocol/error-codes.ts';
import { SetWatches, SetWatches2 } from '../protocol/messages.ts';
import { OP, XID } from '../protocol/opcodes.ts';
import { CLIENT_LIMITS } from './limits.ts';
import { ProtocolFault, type Request } from './request.ts';
import { WATCH_KINDS, type WatchKind, type WatchRegistry } from './watch-registry.ts';

type PathLists = Record<WatchKind, string[]>;

const noPaths = (): PathLists => ({
  data: [],
  exist: [],
  child: [],
  persistent: [],
  persistentRecursive: [],
});

/** Sets watches again on a new connection. The server answers after the events that were missed. */
class SetWatchesRequest implements Request {
  readonly op: number;
  xid: number = XID.setWatches;
  readonly deadline = Number.POSITIVE_INFINITY;
  private readonly lists: PathLists;
  private readonly relativeZxid: bigint;
  private readonly done: () => void;

  constructor(lists: PathLists, relativeZxid: bigint, done: () => void) {
    const staying = lists.persistent.length + lists.persistentRecursive.length > 0;
    this.op = staying ? OP.setWatches2 : OP.setWatches;
    this.lists = lists;
    this.relativeZxid = relativeZxid;
    this.done = done;
  }

  write(w: JuteWriter): void {
    const body = {
      relativeZxid: this.relativeZxid,
      dataWatches: this.lists.data,
      existWatches: this.lists.exist,
      childWatches: this.lists.child,
      persistentWatches: this.lists.persistent,
      persistentRecursiveWatches: this.lists.persistentRecursive,
    };
    // Servers before 3.6 know only the first form, which is why it is used as long as it can say everything.
    if (this.op === OP.setWatches) SetWatches.write(w, body);
    else SetWatches2.write(w, body);
  }

  reply(err: number, _body: JuteReader): void {
    // Without them they would be silent for ever; another connection may have more luck.
    if (err !== ERR.OK) throw new ProtocolFault(`watches were refused with code ${err}`);
    this.done();
  }

  fail(): void {}

  refuse(): void {}
}

/**
 * The requests that set all watches of the registry again, none when there are none; split by the length of
 * their paths (UTF-16 units; a path is ASCII nearly always). `done` is called when the server has answered
 * the last.
 */
export function setWatchesRequests(
  registry: WatchRegistry,
  relativeZxid: bigint,
  done: () => void,
): Request[] {
  const batches: PathLists[] = [];
  let batch = noPaths();
  let length = 0;
  for (const kind of WATCH_KINDS) {
    for (const path of registry.paths(kind)) {
      if (length + path.length > CLIENT_LIMITS.setWatchesBytesMax && length > 0) {
        batches.push(batch);
        batch = noPaths();
        length = 0;
      }
      batch[kind].push(path);
      length += path.length;
    }
  }
  if (length > 0) batches.push(batch);
  const last = batches.length - 1;
  return batches.map((lists, i) => new SetWatchesRequest(lists, relativeZxid, i === last ? done : () => {}));
}
