/**
 * Requests that are well formed and as large as the limits allow: none may hold the event loop for long, cost
 * memory beyond its own size many times over, or keep other clients from being served.
 */
import { expect, it } from 'vitest';
import { type Codec, encode } from '../../src/jute/schema.ts';
import { OPEN_ACL } from '../../src/protocol/acl.ts';
import { ConnectRequest } from '../../src/protocol/messages.ts';
import { OP } from '../../src/protocol/opcodes.ts';
import { OPERATION_BY_CODE } from '../../src/protocol/operations.ts';
import { SimDisk } from '../../src/sim/disk.ts';
import { RawLink } from './raw-link.ts';
import { SimServer, SimWorld } from './sim-server.ts';

const acl = [...OPEN_ACL];
/** Just below `jute.maxbuffer`. */
const FRAME = 0xfffff - 64;
/**
 * What a turn of the loop may take here, ms: machines are shared, code is cold. What is quadratic takes far
 * longer.
 */
const STALL_MS = 1500;

const many = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));
const text = (length: number): string => 'x'.repeat(length);
const create = (path: string, data: Buffer | null = null, flags = 0) => ({ path, data, acl, flags });
const wide = (length: number) =>
  many(length, (i) => ({ perms: 31, id: { scheme: 'ip', id: `10.0.${i >> 8}.${i & 255}` } }));

/** Name, operation, record. */
const REQUESTS: readonly (readonly [name: string, op: number, body: unknown])[] = [
  ['a value as large as can be', OP.create, create('/big', Buffer.alloc(FRAME - 200))],
  ['a path as long as can be', OP.create, create(`/${text(FRAME - 200)}`)],
  ['a path of slashes', OP.create, create('/'.repeat(FRAME - 200))],
  ['a path of dots', OP.create, create(`/${'../'.repeat(300_000)}`)],
  ['a path of many components', OP.exists, { path: '/a'.repeat(400_000), watch: true }],
  ['a multi of 10,000 creates', OP.multi, many(10_000, (i) => ({ op: OP.create, req: create(`/m${i}`) }))],
  [
    'a multi of too many checks',
    OP.multi,
    many(40_000, () => ({ op: OP.check, req: { path: '/', version: -1 } })),
  ],
  [
    'a multi of sequential creates',
    OP.multi,
    many(10_000, () => ({ op: OP.create, req: create('/s-', null, 2) })),
  ],
  [
    'a multi that fails at its end',
    OP.multi,
    [
      ...many(9_999, (i) => ({ op: OP.create, req: create(`/f${i}`) })),
      { op: OP.delete, req: { path: '/nobody', version: -1 } },
    ],
  ],
  [
    'a multiRead of many',
    OP.multiRead,
    many(9_999, () => ({ op: OP.getChildren, req: { path: '/', watch: false } })),
  ],
  ['an ACL of many entries', OP.create, { ...create('/acl'), acl: wide(30_000) }],
  ['an ACL of one entry, many times', OP.create, { ...create('/acl2'), acl: many(30_000, () => acl[0]) }],
  [
    'an identity of a digest as long as can be',
    OP.auth,
    { type: 0, scheme: 'digest', auth: Buffer.alloc(FRAME - 100, 58) },
  ],
  [
    'watches on many paths',
    OP.setWatches,
    { relativeZxid: 0n, dataWatches: [], existWatches: many(60_000, (i) => `/w${i}`), childWatches: [] },
  ],
  [
    'many recursive watches',
    OP.setWatches2,
    {
      relativeZxid: 0n,
      dataWatches: [],
      existWatches: [],
      childWatches: [],
      persistentWatches: [],
      persistentRecursiveWatches: many(60_000, (i) => `/r${i}`),
    },
  ],
  ['a prefix that nothing has', OP.getEphemerals, { prefixPath: text(FRAME - 100) }],
];

it('no request at the limits holds the loop', { timeout: 120_000 }, async () => {
  const world = new SimWorld(5);
  const disk = new SimDisk({ defer: (fn) => world.loop.after(0.5, () => world.loop.deliver(fn)) });
  const server = new SimServer(world, {
    disk,
    traced: false,
    definitions: ['tickTime=2000', 'maxClientCnxns=0'],
  });
  await server.start();
  const figures: Record<string, number> = {};
  for (const [name, op, body] of REQUESTS) {
    const link = new RawLink(world);
    link.dial();
    link.send(encode(ConnectRequest, HELLO));
    settle(world);
    link.take();
    const codec = OPERATION_BY_CODE.get(op)?.request as Codec<unknown>;
    const header = Buffer.alloc(8);
    header.writeInt32BE(1, 0);
    header.writeInt32BE(op, 4);
    const payload = Buffer.concat([header, encode(codec, body)]);
    expect(payload.length, name).toBeLessThanOrEqual(0xfffff);
    link.send(payload);
    figures[name] = settle(world);
    expect(link.take().length + (link.closed ? 1 : 0), `${name}: an answer, or the end`).toBeGreaterThan(0);
    expect(server.process.alive).toBe(true);
    const before = performance.now();
    link.hangUp();
    settle(world);
    figures[name] = Math.round(Math.max(figures[name] as number, performance.now() - before));
  }
  console.info('longest turn, ms', figures);
  expect(server.alarms).toEqual([]);
  for (const [name, ms] of Object.entries(figures)) expect(ms, name).toBeLessThan(STALL_MS);
});

const HELLO = {
  protocolVersion: 0,
  lastZxidSeen: 0n,
  timeOut: 4000,
  sessionId: 0n,
  passwd: Buffer.alloc(16),
  readOnly: false,
};

/** Turns until nothing is left to be done; answers the longest one, ms. */
function settle(world: SimWorld): number {
  let longest = 0;
  for (;;) {
    const began = performance.now();
    const more = world.loop.turn(50);
    longest = Math.max(longest, performance.now() - began);
    if (!more) return longest;
  }
}
