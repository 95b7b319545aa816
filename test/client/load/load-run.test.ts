import { describe, expect, it } from 'vitest';
import type { LoadOptions, LoadPhase, LoadProgress } from '../../../src/client/load/load-run.ts';
import { LoadRun } from '../../../src/client/load/load-run.ts';
import { ERR } from '../../../src/protocol/error-codes.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { type Behaviour, FakeServer, realClock, realTimers } from './fake-server.ts';

const OPTIONS: LoadOptions = {
  servers: [{ host: 'a', port: 1 }],
  operation: 'get',
  connections: 2,
  depth: 3,
  valueBytes: 10,
  warmupMs: 0,
  durationMs: 40,
  keys: 20,
  readPercent: 50,
  prefix: '/p',
  keep: false,
  sessionTimeoutMs: 30_000,
  credentials: [],
};

function start(
  options: Partial<LoadOptions> = {},
  behaviour: Behaviour = {},
  server = new FakeServer(behaviour),
) {
  const seen: LoadProgress[] = [];
  const ports = { net: server, clock: realClock, timers: realTimers };
  const load = new LoadRun({ ...OPTIONS, ...options }, ports, (at) => seen.push(at));
  return { server, load, seen, result: load.run() };
}
const left = (server: FakeServer) => [...server.nodes.keys()].filter((p) => p !== '/').sort();

describe('a load', () => {
  for (const operation of ['get', 'set', 'create', 'mixed'] as const) {
    it(`${operation}: works without an error and leaves nothing`, async () => {
      const { server, result } = start({ operation });
      const { operations, errors, lost, latency, left: kept } = await result;
      expect(operations).toBeGreaterThan(10);
      expect(latency.count).toBe(operations);
      expect({ errors, lost, kept }).toEqual({ errors: {}, lost: 0, kept: 0 });
      expect(left(server)).toEqual([]);
      expect([server.sessions, server.closedSessions]).toEqual([2, 2]);
    });
  }

  it('cuts replies right wherever the chunks end', async () => {
    for (const chunkBytes of [1, 3, 19, 20, 21, 64]) {
      const { result, server } = start({ operation: 'mixed' }, { chunkBytes });
      expect((await result).errors).toEqual({});
      expect(left(server)).toEqual([]);
    }
  });

  it('does not write to memory the socket still holds', async () => {
    const { result, server } = start({ operation: 'create', depth: 7 }, { slowWrites: true });
    expect((await result).errors).toEqual({});
    expect(left(server)).toEqual([]);
  });

  it('tells reads and writes apart when they are mixed', async () => {
    const { byKind, operations } = await start({ operation: 'mixed', durationMs: 100 }).result;
    expect((byKind.get?.count ?? 0) + (byKind.set?.count ?? 0)).toBe(operations);
    expect((byKind.get?.count ?? 0) / operations).toBeGreaterThan(0.3);
    expect((byKind.get?.count ?? 0) / operations).toBeLessThan(0.7);
    expect((await start().result).byKind).toEqual({});
  });

  it('counts the measured time alone', async () => {
    const { server, result } = start({ warmupMs: 60, durationMs: 30 });
    const { operations, elapsedMs, perSecond } = await result;
    expect(server.asked.get(OP.getData)).toBeGreaterThan(operations);
    expect(elapsedMs).toBeGreaterThan(25);
    expect(elapsedMs).toBeLessThan(60);
    expect(perSecond).toBeCloseTo((operations * 1000) / elapsedMs, 6);
  });

  it('says what it does', async () => {
    const { seen, result } = start({ warmupMs: 20 });
    await result;
    const phases = seen.map((at) => at.phase).filter((p, i, all) => p !== all[i - 1]);
    expect(phases).toEqual<LoadPhase[]>(['keys', 'warm-up', 'measure', 'clean-up']);
    for (const { fraction } of seen) expect(fraction >= 0 && fraction <= 1).toBe(true);
  });

  it('proves who it is on every connection', async () => {
    const { server, result } = start({
      credentials: [
        { scheme: 'digest', auth: 'u:p' },
        { scheme: 'ip', auth: '' },
      ],
    });
    await result;
    expect(server.credentials.sort()).toEqual(['digest:u:p', 'digest:u:p', 'ip:', 'ip:']);
  });
});

describe('the nodes', () => {
  it('stay when asked to', async () => {
    const { server, result } = start({ keep: true });
    expect((await result).left).toBe(21);
    expect(left(server)).toHaveLength(21);
    expect(server.nodes.get('/p/k00000007')?.length).toBe(10);
  });

  it('that were there before stay', async () => {
    const server = new FakeServer();
    server.nodes.set('/p', Buffer.alloc(0)).set('/p/k00000003', Buffer.from('mine'));
    const { result } = start({}, {}, server);
    expect((await result).left).toBe(0);
    expect(server.nodes.get('/p/k00000003')?.toString()).toBe('mine');
  });

  it('of a prefix that was there go, the prefix stays', async () => {
    const server = new FakeServer();
    server.nodes.set('/p', Buffer.alloc(0));
    const { result } = start({ operation: 'create' }, {}, server);
    expect((await result).errors).toEqual({});
    expect(left(server)).toEqual(['/p']);
  });

  it('are removed after a stop', async () => {
    const { load, server, result } = start({ durationMs: 60_000 });
    setTimeout(() => load.stop(), 50);
    const { operations, elapsedMs } = await result;
    expect(operations).toBeGreaterThan(0);
    expect(elapsedMs).toBeLessThan(10_000);
    expect(left(server)).toEqual([]);
  });

  it('that cannot be removed are counted', async () => {
    const stuck = (op: number, path: string) =>
      op === OP.delete && path === '/p/k00000002' ? ERR.NOAUTH : undefined;
    const { server, result } = start({}, { fault: stuck });
    expect((await result).left).toBe(2);
    expect(left(server)).toEqual(['/p', '/p/k00000002']);
  });
});

describe('what goes wrong', () => {
  it('errors are counted by code', async () => {
    const { result } = start({}, { fault: (op) => (op === OP.getData ? ERR.NOAUTH : undefined) });
    const { errors, operations } = await result;
    expect(errors).toEqual({ [ERR.NOAUTH]: operations });
  });
  it('a server that is down, or refuses sessions', async () => {
    await expect(start({}, { down: true }).result).rejects.toMatchObject({ code: 'ZKT_CONNECT' });
    await expect(start({}, { refuseSessions: true }).result).rejects.toThrow(/refused a session/);
  });
  it('a parent that is missing, or forbidden', async () => {
    await expect(start({ prefix: '/no/where' }).result).rejects.toThrow('NoNode for /no/where');
    const forbidden = (op: number, path: string) =>
      op === OP.create && path !== '/p' ? ERR.NOAUTH : undefined;
    const { server, result } = start({}, { fault: forbidden });
    await expect(result).rejects.toThrow('NoAuth for /p/k00000000');
    expect(left(server)).toEqual([]);
  });
  it('credentials that are refused', async () => {
    const refuse = (op: number) => (op === OP.auth ? ERR.AUTHFAILED : undefined);
    const { result } = start({ credentials: [{ scheme: 'x', auth: '' }] }, { fault: refuse });
    await expect(result).rejects.toThrow('AuthFailed');
  });
  it('connections that break', async () => {
    const { result } = start({ connections: 1, keys: 1, durationMs: 5_000 }, { dropAfter: 100 });
    const { lost, elapsedMs, left: kept } = await result;
    expect(lost).toBe(1);
    expect(elapsedMs).toBeLessThan(4_000);
    expect(kept).toBe(2);
  });
  it('answers nobody asked for', async () => {
    const { result } = start({ connections: 1, durationMs: 5_000 }, { wrongXid: true });
    expect((await result).lost).toBe(1);
  });
});
