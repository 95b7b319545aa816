/** What a load asks: the keys made before it, the operations of the load, and the removal of all it made. */
import { Prng } from '../../base/prng.ts';
import { OPEN_ACL } from '../../protocol/acl.ts';
import { CREATE_FLAGS } from '../../protocol/create-mode.ts';
import {
  AuthPacket,
  CreateRequest,
  DeleteRequest,
  PathRequest,
  PathWatchRequest,
  SetDataRequest,
} from '../../protocol/messages.ts';
import { OP } from '../../protocol/opcodes.ts';
import type { Credential } from '../api.ts';
import { type FrameBatch, FrameTemplate, NUMBER_PLACE } from './frame-template.ts';
import type { RequestSource } from './load-connection.ts';

/** Kinds of requests: the number a source answers is the place in this list. */
export const KINDS = ['get', 'set', 'create', 'delete', 'sync', 'close', 'auth'] as const;
/** The name of a kind. */
export type KindName = (typeof KINDS)[number];
const KIND = Object.fromEntries(KINDS.map((name, i) => [name, i])) as Record<KindName, number>;

/** Loads there are: reads, writes, new nodes, and reads mixed with writes. */
export const LOAD_OPERATIONS = ['get', 'set', 'create', 'mixed'] as const;
/** The name of a load. */
export type LoadOperation = (typeof LOAD_OPERATIONS)[number];

const keyPath = (prefix: string): string => `${prefix}/k${NUMBER_PLACE}`;
const createdPath = (prefix: string, connection: number): string =>
  `${prefix}/c${connection}-${NUMBER_PLACE}`;

const createOf = (path: string, data: Buffer): FrameTemplate =>
  new FrameTemplate(OP.create, CreateRequest, {
    path,
    data,
    acl: [...OPEN_ACL],
    flags: CREATE_FLAGS.persistent,
  });
const deleteOf = (path: string): FrameTemplate =>
  new FrameTemplate(OP.delete, DeleteRequest, { path, version: -1 });

/** The same request for node 0, 1, … `count` - 1, once each; several connections may draw from one. */
class Sequence implements RequestSource {
  private readonly template: FrameTemplate;
  private readonly kind: number;
  private readonly count: number;
  private done = 0;

  constructor(template: FrameTemplate, kind: number, count: number) {
    this.template = template;
    this.kind = kind;
    this.count = count;
  }

  next(batch: FrameBatch, xid: number): number {
    if (this.done === this.count) return -1;
    this.template.append(batch, xid, this.done++);
    return this.kind;
  }
}

/** One after the other. */
class Chain implements RequestSource {
  private readonly sources: readonly RequestSource[];
  private at = 0;

  constructor(sources: readonly RequestSource[]) {
    this.sources = sources;
  }

  next(batch: FrameBatch, xid: number): number {
    for (; this.at < this.sources.length; this.at++) {
      const kind = (this.sources[this.at] as RequestSource).next(batch, xid);
      if (kind >= 0) return kind;
    }
    return -1;
  }
}

/** Makes one node. */
export const makeNode = (path: string): RequestSource =>
  new Sequence(createOf(path, Buffer.alloc(0)), KIND.create, 1);
/** Makes the keys. */
export const makeKeys = (prefix: string, value: Buffer, count: number): RequestSource =>
  new Sequence(createOf(keyPath(prefix), value), KIND.create, count);
/** Asks the server to catch up with the leader. */
export const syncPath = (path: string): RequestSource =>
  new Sequence(new FrameTemplate(OP.sync, PathRequest, { path }), KIND.sync, 1);
/** Proves who the load is, once for each credential. */
export const proveIds = (credentials: readonly Credential[]): RequestSource =>
  new Chain(
    credentials.map(({ scheme, auth }) => {
      const packet = { type: 0, scheme, auth: Buffer.from(auth) };
      return new Sequence(new FrameTemplate(OP.auth, AuthPacket, packet), KIND.auth, 1);
    }),
  );
/** Ends the session. */
export const closeSession = (): RequestSource =>
  new Sequence(FrameTemplate.bare(OP.closeSession), KIND.close, 1);

/** Removes keys, what `create` loads made, and the node above them; what is left out stays. */
export function removeAll(
  prefix: string,
  keys: number,
  created: readonly number[],
  withPrefix: boolean,
): { readonly children: RequestSource; readonly top: RequestSource } {
  const children = new Chain([
    new Sequence(deleteOf(keyPath(prefix)), KIND.delete, keys),
    ...created.map((count, i) => new Sequence(deleteOf(createdPath(prefix, i)), KIND.delete, count)),
  ]);
  return { children, top: new Sequence(deleteOf(prefix), KIND.delete, withPrefix ? 1 : 0) };
}

/** The load of one connection; endless. */
export interface LoadSource extends RequestSource {
  /** Nodes it has asked to create. */
  readonly created: number;
}

/** Reads random keys. */
class Gets implements LoadSource {
  readonly created = 0;
  private readonly template: FrameTemplate;
  private readonly keys: number;
  private readonly random: Prng;

  constructor(prefix: string, keys: number, random: Prng) {
    this.template = new FrameTemplate(OP.getData, PathWatchRequest, { path: keyPath(prefix), watch: false });
    this.keys = keys;
    this.random = random;
  }

  next(batch: FrameBatch, xid: number): number {
    this.template.append(batch, xid, this.random.below(this.keys));
    return KIND.get;
  }
}

/** Writes random keys. */
class Sets implements LoadSource {
  readonly created = 0;
  private readonly template: FrameTemplate;
  private readonly keys: number;
  private readonly random: Prng;

  constructor(prefix: string, value: Buffer, keys: number, random: Prng) {
    const request = { path: keyPath(prefix), data: value, version: -1 };
    this.template = new FrameTemplate(OP.setData, SetDataRequest, request);
    this.keys = keys;
    this.random = random;
  }

  next(batch: FrameBatch, xid: number): number {
    this.template.append(batch, xid, this.random.below(this.keys));
    return KIND.set;
  }
}

/** Reads and writes, the one or the other by chance. */
class Mixed implements LoadSource {
  readonly created = 0;
  private readonly gets: RequestSource;
  private readonly sets: RequestSource;
  private readonly readPercent: number;
  private readonly random: Prng;

  constructor(gets: RequestSource, sets: RequestSource, readPercent: number, random: Prng) {
    this.gets = gets;
    this.sets = sets;
    this.readPercent = readPercent;
    this.random = random;
  }

  next(batch: FrameBatch, xid: number): number {
    const read = this.random.below(100) < this.readPercent;
    return read ? this.gets.next(batch, xid) : this.sets.next(batch, xid);
  }
}

/** Makes new nodes, in names of the connection's own. */
class Creates implements LoadSource {
  created = 0;
  private readonly template: FrameTemplate;

  constructor(prefix: string, value: Buffer, connection: number) {
    this.template = createOf(createdPath(prefix, connection), value);
  }

  next(batch: FrameBatch, xid: number): number {
    this.template.append(batch, xid, this.created++);
    return KIND.create;
  }
}

/** What connection number `connection` asks. */
export function loadSource(
  options: {
    readonly operation: LoadOperation;
    readonly prefix: string;
    readonly keys: number;
    readonly readPercent: number;
  },
  value: Buffer,
  connection: number,
): LoadSource {
  const { operation, prefix, keys } = options;
  const random = new Prng(connection + 1);
  switch (operation) {
    case 'get':
      return new Gets(prefix, keys, random);
    case 'set':
      return new Sets(prefix, value, keys, random);
    case 'mixed':
      return new Mixed(
        new Gets(prefix, keys, random),
        new Sets(prefix, value, keys, random),
        options.readPercent,
        random,
      );
    case 'create':
      return new Creates(prefix, value, connection);
  }
}
