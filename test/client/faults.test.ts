import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.ts';
import { isKeeperError } from '../../src/client/keeper-error.ts';
import { FakeServer } from './fake-server.ts';
import { World } from './world.ts';

const PATHS = ['/a', '/b', '/c'] as const;
const path = fc.constantFrom(...PATHS);

/**
 * What may happen in a run: the caller acts, another client acts, the network or the server fails, time
 * passes.
 */
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant('set' as const), path }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('watch' as const), path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('create' as const, 'delete' as const), path }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('other' as const), path }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('drop' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constantFrom('refuse' as const, 'mute' as const, 'heal' as const) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.integer({ min: 0, max: 3000 }) }),
  },
  // Only part of what is under way: faults strike in the middle of things.
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('net' as const), steps: fc.integer({ min: 1, max: 4 }) }),
  },
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** One run: a client, a server, and what the caller was told. */
class Run {
  readonly world = new World(7);
  readonly server = new FakeServer(this.world);
  readonly client = this.world.client({ sessionTimeoutMs: 6000, localExpiry: false });
  /** Outcome of each set, by its number. */
  readonly sets: ('unknown' | 'done' | 'refused' | 'in doubt')[] = [];
  /** Times each successfully set watch was told. */
  readonly watches: number[] = [];
  private waiting = 0;

  constructor() {
    for (const p of PATHS) this.server.change('create', p, null);
    this.server.applied.length = 0;
  }

  private follow<T>(promise: Promise<T>, done: (value: T) => void, failed: (error: unknown) => void): void {
    this.waiting++;
    promise.then(done, failed).finally(() => this.waiting--);
  }

  get unsettled(): number {
    return this.waiting;
  }

  act(s: Step): void | Promise<void> {
    switch (s.do) {
      case 'set': {
        const n = this.sets.push('unknown') - 1;
        const told = (outcome: 'done' | 'refused' | 'in doubt') => {
          expect(this.sets[n]).toBe('unknown');
          this.sets[n] = outcome;
        };
        return this.follow(
          this.client.set(s.path, `n${n}`),
          () => told('done'),
          (e) => told(isKeeperError(e, 'CONNECTIONLOSS') ? 'in doubt' : 'refused'),
        );
      }
      case 'watch': {
        let told = 0;
        let n = -1;
        const watching = this.client.exists(s.path, () => {
          told++;
          if (n >= 0) this.watches[n] = told;
        });
        return this.follow(
          watching,
          () => (n = this.watches.push(told) - 1),
          () => expect(told).toBe(0),
        );
      }
      case 'create':
      case 'delete':
        return this.follow<unknown>(
          this.client[s.do](s.path),
          () => {},
          () => {},
        );
      case 'other':
        return this.server.change(this.server.nodes.has(s.path) ? 'set' : 'create', s.path, null);
      case 'drop':
        return this.server.dropAll();
      case 'refuse':
        this.server.refusing = true;
        return this.server.dropAll();
      case 'mute':
        this.server.mute = true;
        return undefined;
      case 'heal':
        this.server.refusing = false;
        // What a server did not answer it never will: a connection that swallowed requests cannot come back
        // to life.
        if (this.server.mute) this.server.dropAll();
        this.server.mute = false;
        return undefined;
      case 'pass':
        return this.world.pass(s.ms);
      case 'net':
        for (let i = 0; i < s.steps; i++) this.world.step();
        return undefined;
    }
  }

  async heal(): Promise<void> {
    this.act({ do: 'heal' });
    await this.world.pass(30_000);
  }
}

describe('under faults', () => {
  it('every operation has one outcome, writes are in order, none done is lost or doubled, no watch is lost', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const run = new Run();
        for (const s of steps) await run.act(s);
        await run.heal();
        expect(run.client.state).toBe('connected');
        expect(run.unsettled).toBe(0);

        const applied = run.server.applied
          .flatMap((line) => /^set \S+ n(\d+)$/.exec(line)?.[1] ?? [])
          .map(Number);
        expect(applied).toEqual([...new Set(applied)].sort((a, b) => a - b));
        for (const [n, outcome] of run.sets.entries()) {
          if (outcome === 'done') expect(applied).toContain(n);
          if (outcome === 'refused') expect(applied).not.toContain(n);
        }

        for (const p of PATHS) run.server.change(run.server.nodes.has(p) ? 'set' : 'create', p, null);
        await run.world.settle();
        expect(run.watches).toEqual(run.watches.map(() => 1));
      }),
      { numRuns: 300 },
    );
  });

  it('whoever reads again at each gap of a persistent watch ends with what is there', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const run = new Run();
        const view = new Map<string, bigint | undefined>();
        const refresh = (p: string) =>
          run.client.exists(p).then(
            (stat) => void view.set(p, stat?.mzxid),
            () => {},
          );
        run.client.addWatch('/', 'persistentRecursive').then((watch) => {
          for (const p of PATHS) void refresh(p);
          watch.on((e) => {
            for (const p of e.gap === undefined ? [e.path as string] : PATHS) void refresh(p);
          });
        });
        await run.world.settle();
        for (const s of steps) await run.act(s);
        await run.heal();
        for (const p of PATHS) expect(view.get(p)).toBe(run.server.nodes.get(p)?.mzxid);
      }),
      { numRuns: 200 },
    );
  });
});

describe('garbage from the server', () => {
  /** Ways to spoil a frame (four bytes of length first). */
  const spoilers: Record<string, (bytes: Buffer, random: Prng) => Buffer> = {
    flip(bytes, random) {
      const at = random.below(bytes.length);
      bytes[at] = (bytes[at] as number) ^ (1 << random.below(8));
      return bytes;
    },
    cut: (bytes, random) => bytes.subarray(0, random.below(bytes.length)),
    noise(bytes, random) {
      for (let i = 0; i < bytes.length; i++) bytes[i] = random.below(256);
      return bytes;
    },
    negative(bytes) {
      bytes.writeInt32BE(-5, 0);
      return bytes;
    },
    huge(bytes) {
      bytes.writeInt32BE(0x7fffffff, 0);
      return bytes;
    },
    twice: (bytes) => Buffer.concat([bytes, bytes]),
    empty: () => Buffer.alloc(4),
  };
  for (const [name, spoil] of Object.entries(spoilers)) {
    it(`${name}: no crash, every operation settles, and a sane server is found again`, async () => {
      for (let seed = 1; seed <= 60; seed++) {
        const world = new World(seed);
        const server = new FakeServer(world);
        server.change('create', '/a', Buffer.from('x'));
        const client = world.client({
          sessionTimeoutMs: 6000,
          requestTimeoutMs: 5000,
          auth: [{ scheme: 'digest', auth: 'u:p' }],
        });
        if (seed % 2 === 0) await world.settle();
        const random = new Prng(seed);
        server.spoil = (bytes) => (random.chance(0.5) ? spoil(Buffer.from(bytes), random) : bytes);
        const settled = Promise.allSettled([
          client.get('/a', () => {}),
          client.exists('/b', () => {}),
          client.getChildren('/', () => {}),
          client.addWatch('/', 'persistentRecursive'),
          client.set('/a', 'y'),
          client.create('/c'),
        ]);
        await world.pass(8000);
        server.spoil = undefined;
        await world.pass(40_000);
        await settled;
        // A spoiled answer may have said, in good order, that the session or a credential is refused.
        if (client.state === 'expired' || client.state === 'authFailed') continue;
        expect(client.state, `seed ${seed}`).toBe('connected');
        // A spoiled answer may also have made the connection wait for a frame without end; the request times
        // out.
        let read: unknown;
        for (let i = 0; i < 3 && read === undefined; i++) {
          void client.get('/a').then(
            (value) => (read = value),
            () => {},
          );
          await world.pass(6000);
        }
        expect(read, `seed ${seed}`).toBeDefined();
      }
    });
  }
});
