import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SILENT } from '../../../src/events/bus.ts';
import { type Codec, encode } from '../../../src/jute/schema.ts';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import { ERR, errName } from '../../../src/protocol/error-codes.ts';
import * as m from '../../../src/protocol/messages.ts';
import { type MultiOp, MultiRequest } from '../../../src/protocol/multi.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { Access } from '../../../src/server/auth/access.ts';
import { FinalRequestProcessor } from '../../../src/server/processor/final-request.ts';
import { PrepRequestProcessor } from '../../../src/server/processor/prep-request.ts';
import { Request } from '../../../src/server/processor/request.ts';
import type { Applied } from '../../../src/server/tree/apply.ts';
import { DataTree } from '../../../src/server/tree/data-tree.ts';
import { testSecrets } from '../secrets.ts';

const SESSION = 0x100n;

/** Prep and final of one server, and what lies between them. */
class Chain {
  readonly tree = DataTree.fresh({
    extended: { enabled: true, emulate353: false },
    digest: true,
    hashSeed: 1,
  });
  readonly told: string[] = [];
  readonly prep: PrepRequestProcessor;
  private readonly final: FinalRequestProcessor;
  private readonly queue: Request[] = [];

  constructor() {
    this.prep = new PrepRequestProcessor({
      tree: this.tree,
      access: new Access(testSecrets),
      events: SILENT,
      sessionFault: () => ERR.OK,
      lastZxid: 0n,
      enforceQuota: true,
      reconfigEnabled: false,
      txnBytesMax: 1 << 20,
      closeSessionPaths: true,
      multiOpsMax: 100,
    });
    const tell = (what: string) => (path: string) => void this.told.push(`${what} ${path}`);
    this.final = new FinalRequestProcessor({
      tree: this.tree,
      effects: {
        created: tell('created'),
        deleted: tell('deleted'),
        changed: tell('changed'),
        childrenChanged: tell('children'),
        sessionCreated() {},
        sessionClosed() {},
      },
      events: SILENT,
    });
  }

  /** Prepares a write; it is applied by `apply`. */
  prepare<T>(op: number, codec: Codec<T>, body: T): Request {
    const bytes = encode(codec, body);
    const request = new Request(undefined, SESSION, 1, op, bytes, 0, bytes.length, 0);
    if (this.prep.prepare(request, 1_700_000_000_000)) this.queue.push(request);
    return request;
  }

  /** Applies the oldest write; its digest must be what was foretold. */
  apply(): Applied | undefined {
    const request = this.queue.shift();
    if (request === undefined) return undefined;
    const applied = this.final.process(request);
    expect([this.tree.digest.hi, this.tree.digest.lo]).toEqual([request.digestHi, request.digestLo]);
    this.prep.changes.settle(request.change);
    return applied;
  }

  applyAll(): void {
    while (this.apply() !== undefined) {}
  }

  /** Prepares and applies; the name of the error, or OK. */
  do<T>(op: number, codec: Codec<T>, body: T): string {
    this.applyAll();
    this.prepare(op, codec, body);
    return errName(this.apply()?.err ?? 0) ?? '?';
  }
}

const create = (path: string, flags = 0, data: Buffer | null = null) => ({
  path,
  data,
  acl: OPEN_ACL,
  flags,
});

describe('a write is refused with the code that comes first', () => {
  const chain = new Chain();
  const check = (name: string, expected: string, run: (c: Chain) => string): void =>
    it(`${name}: ${expected}`, () => expect(run(chain)).toBe(expected));
  const creating =
    (path: string, flags = 0) =>
    (c: Chain) =>
      c.do(OP.create, m.CreateRequest, create(path, flags));

  check('create', 'OK', creating('/a'));
  check('create again', 'NODEEXISTS', creating('/a'));
  check('create below nothing', 'NONODE', creating('/x/y'));
  check('create with an unknown flag', 'BADARGUMENTS', creating('/b', 9));
  check('create with a TTL flag', 'BADARGUMENTS', creating('/b', 5));
  check('create without a slash', 'BADARGUMENTS', creating('b'));
  check('create with a trailing slash', 'BADARGUMENTS', creating('/a/'));
  check('create an ephemeral', 'OK', creating('/e', 1));
  check('create below an ephemeral', 'NOCHILDRENFOREPHEMERALS', creating('/e/x'));
  check('create with no ACL', 'INVALIDACL', (c) =>
    c.do(OP.create, m.CreateRequest, { ...create('/b'), acl: null }),
  );
  check('create with `auth` and nobody authenticated', 'INVALIDACL', (c) =>
    c.do(OP.create, m.CreateRequest, {
      ...create('/b'),
      acl: [{ perms: 31, id: { scheme: 'auth', id: '' } }],
    }),
  );
  check('createTTL with a TTL of 0', 'BADARGUMENTS', (c) =>
    c.do(OP.createTTL, m.CreateTtlRequest, { ...create('/t', 5), ttl: 0n }),
  );
  check('createTTL', 'OK', (c) => c.do(OP.createTTL, m.CreateTtlRequest, { ...create('/t', 5), ttl: 10n }));
  check('delete the root', 'BADARGUMENTS', (c) =>
    c.do(OP.delete, m.DeleteRequest, { path: '/', version: -1 }),
  );
  check('delete what is not there', 'NONODE', (c) =>
    c.do(OP.delete, m.DeleteRequest, { path: '/q', version: -1 }),
  );
  check('delete another version', 'BADVERSION', (c) =>
    c.do(OP.delete, m.DeleteRequest, { path: '/a', version: 7 }),
  );
  check('delete a parent', 'NOTEMPTY', (c) => {
    c.do(OP.create, m.CreateRequest, create('/a/b'));
    return c.do(OP.delete, m.DeleteRequest, { path: '/a', version: -1 });
  });
  check('set another version', 'BADVERSION', (c) =>
    c.do(OP.setData, m.SetDataRequest, { path: '/a', data: null, version: 7 }),
  );
  check('setACL', 'OK', (c) =>
    c.do(OP.setACL, m.SetAclRequest, {
      path: '/a',
      acl: [{ perms: 1, id: { scheme: 'world', id: 'anyone' } }],
      version: 0,
    }),
  );
  check('set without WRITE', 'NOAUTH', (c) =>
    c.do(OP.setData, m.SetDataRequest, { path: '/a', data: null, version: -1 }),
  );
  check('reconfig', 'RECONFIGDISABLED', (c) =>
    c.do(OP.reconfig, m.ReconfigRequest, {
      joiningServers: null,
      leavingServers: null,
      newMembers: null,
      curConfigId: -1n,
    }),
  );
  check('garbage', 'MARSHALLINGERROR', (c) => c.do(OP.create, m.PathRequest, { path: '/a' }));
});

describe('a sequential node', () => {
  it('is numbered by the creates of its parent, deletes or not', () => {
    const chain = new Chain();
    const names = [1, 2, 3].map(() => {
      const made = chain.prepare(OP.create, m.CreateRequest, create('/s-', 2)).txn as { path: string };
      chain.prepare(OP.delete, m.DeleteRequest, { path: made.path, version: -1 });
      return made.path;
    });
    chain.applyAll();
    expect(names).toEqual(['/s-0000000000', '/s-0000000001', '/s-0000000002']);
  });
});

describe('a multi', () => {
  const parts = (chain: Chain, ops: MultiOp[]): string[] => {
    chain.applyAll();
    chain.prepare(OP.multi, MultiRequest, ops);
    return (chain.apply()?.parts ?? []).map((p) => errName(p.err) ?? '?');
  };
  const make = (path: string): MultiOp => ({ op: OP.create, req: create(path) });

  it('sees its own effects', () => {
    const chain = new Chain();
    const check: MultiOp = { op: OP.check, req: { path: '/a', version: 0 } };
    expect(parts(chain, [make('/a'), make('/a/b'), check])).toEqual(['OK', 'OK', 'OK']);
    expect(chain.told).toEqual(['created /a', 'children /', 'created /a/b', 'children /a']);
  });

  it('changes nothing when a part fails, and says which', () => {
    const chain = new Chain();
    const wrong: MultiOp = { op: OP.check, req: { path: '/a', version: 9 } };
    expect(parts(chain, [make('/a'), wrong, make('/b')])).toEqual([
      'OK',
      'BADVERSION',
      'RUNTIMEINCONSISTENCY',
    ]);
    expect(chain.tree.nodeCount).toBe(4);
    expect(chain.told).toEqual([]);
  });

  it('may be empty', () => expect(parts(new Chain(), [])).toEqual([]));
});

type Op = { op: number; path: string; other: string; size: number; fail: boolean };
const anyPath = fc
  .array(fc.constantFrom('a', 'b', '__proto__'), { minLength: 1, maxLength: 3 })
  .map((parts) => `/${parts.join('/')}`);
const anyOp: fc.Arbitrary<Op> = fc.record({
  op: fc.constantFrom(OP.create, OP.delete, OP.setData, OP.setACL, OP.multi, OP.closeSession),
  path: anyPath,
  other: anyPath,
  size: fc.integer({ min: -1, max: 300 }),
  fail: fc.boolean(),
});

const prepareAny = (chain: Chain, { op, path, other, size, fail }: Op): void => {
  const data = size < 0 ? null : Buffer.alloc(size, path);
  const flags = size % 4 === 0 ? 1 : 0;
  switch (op) {
    case OP.create:
      chain.prepare(op, m.CreateRequest, create(path, flags, data));
      break;
    case OP.delete:
      chain.prepare(op, m.DeleteRequest, { path, version: -1 });
      break;
    case OP.setData:
      chain.prepare(op, m.SetDataRequest, { path, data, version: -1 });
      break;
    case OP.setACL:
      chain.prepare(op, m.SetAclRequest, { path, acl: OPEN_ACL, version: -1 });
      break;
    case OP.multi:
      chain.prepare(op, MultiRequest, [
        { op: OP.create, req: create(path, flags, data) },
        { op: OP.setData, req: { path: other, data, version: -1 } },
        { op: OP.delete, req: { path, version: fail ? 99 : -1 } },
      ]);
      break;
    default:
      chain.prepare(op, m.PathRequest, { path });
  }
};

describe('the view of pending changes', () => {
  it('foretells the tree, however far behind the disk is', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(anyOp, fc.nat(3)), { maxLength: 80 }), (steps) => {
        const chain = new Chain();
        for (const [op, applies] of steps) {
          prepareAny(chain, op);
          for (let i = 0; i < applies; i++) chain.apply();
        }
        chain.applyAll();
        expect(chain.prep.changes.size).toBe(0);
        for (let id = 0; id < chain.tree.store.limit; id++) {
          if (!chain.tree.store.alive(id)) continue;
          const path = chain.tree.store.path(id);
          expect(chain.prep.changes.get(path)?.childCount).toBe(chain.tree.store.childCount(id));
        }
      }),
      { numRuns: 300 },
    );
  });
});

it('a session with more ephemerals than fit into a transaction takes all of them along', () => {
  const chain = new Chain();
  const name = 'x'.repeat(1000);
  for (let i = 0; i < 1100; i++) {
    chain.prepare(OP.create, m.CreateRequest, create(`/${name}${i}`, 1));
    chain.applyAll();
  }
  const before = chain.tree.nodeCount;
  const closing = chain.prepare(OP.closeSession, m.PathRequest, { path: '' });
  const { txn } = closing;
  const told = txn?.type === OP.closeSession ? (txn.paths2Delete ?? []) : [];
  expect(told.length).toBeGreaterThan(1000);
  expect(told.reduce((sum, path) => sum + 4 + path.length, 0)).toBeLessThanOrEqual(1 << 20);
  chain.applyAll();
  expect(chain.tree.nodeCount).toBe(before - 1100);
});
