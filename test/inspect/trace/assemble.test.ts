/** Traces out of events: which moments, in which order, and what the client waited for. */
import { describe, expect, test } from 'vitest';
import type { Trace } from '../../../src/events/trace.ts';
import { assemble, assembleAll } from '../../../src/inspect/trace/assemble.ts';
import { PACKET } from '../../../src/protocol/quorum.ts';
import {
  followerTells,
  key,
  leaderTells,
  presents,
  SESSION,
  START_MS,
  Teller,
  writeThroughFollower,
  ZXID,
} from './story.ts';

/** `node:stage` of the way that the client waited for. */
const way = (trace: Trace): string =>
  trace.criticalPath
    .map(({ node, stage, peer }) => `${node}:${stage}${stage === 'counted' ? `(${peer})` : ''}`)
    .join(' ');
const shown = (trace: Trace): string => trace.stages.map(({ node, stage }) => `${node}:${stage}`).join(' ');
const sumOf = (trace: Trace): number => trace.criticalPath.reduce((sum, { ms }) => sum + ms, 0);
const at = (trace: Trace, node: string, stage: string): number =>
  trace.stages.find((it) => it.node === node && it.stage === stage)?.endMs ?? Number.NaN;
const mine = { session: SESSION, cxid: 5 };

describe('a write through a follower', () => {
  const trace = assemble(writeThroughFollower().events, key());

  test('shows every stage on all three servers, causes first', () => {
    expect(shown(trace)).toBe(
      'client:sent 1:received 1:forwarded 3:arrived 3:prepared 3:proposed 2:offered 1:offered 3:logged 3:counted ' +
        '2:logged 2:acked 3:counted 3:committed 3:applied 1:logged 1:acked 2:told 1:told 1:applied 2:applied ' +
        '3:counted 1:replied client:answered',
    );
    expect(trace.missing).toEqual([]);
    expect(trace.servers.map(({ node, role }) => `${node} ${role}`)).toEqual([
      '1 follower',
      '2 follower',
      '3 leader',
    ]);
  });

  test('knows whose ACK made the quorum, and what the client waited for', () => {
    expect(trace.quorum?.by).toBe('2');
    expect(trace.quorum?.acks.map(({ node }) => node)).toEqual(['3', '2', '1']);
    expect(way(trace)).toBe(
      '1:received 1:forwarded 3:arrived 3:prepared 3:proposed 2:offered 2:logged 2:acked 3:counted(2) 3:committed ' +
        '1:told 1:applied 1:replied client:answered',
    );
    expect(trace.slowest).toMatchObject({ node: '2', stage: 'logged', fsyncMs: 0.94 });
  });

  test('the steps are moments that were stamped, and add up to the latency', () => {
    expect(trace.totalMs).toBeCloseTo(3.42, 2);
    expect(sumOf(trace)).toBeCloseTo(trace.totalMs ?? 0, 6);
    const stamps = writeThroughFollower().events.map(({ time }) => time - START_MS);
    for (const { startMs, ms, stage, from } of trace.criticalPath) {
      if (from !== 'sent') expect(Math.min(...stamps.map((t) => Math.abs(t - startMs)))).toBeLessThan(0.002);
      if (stage !== 'answered') {
        expect(Math.min(...stamps.map((t) => Math.abs(t - startMs - ms)))).toBeLessThan(0.002);
      }
    }
  });

  test('waits for the disk of the follower itself, where that is the later one', () => {
    const late = assemble(writeThroughFollower({}, 2.9).events, key());
    expect(way(late)).toMatch(/3:proposed 1:offered 1:logged 1:applied 1:replied/);
    expect(late.slowest).toMatchObject({ node: '1', stage: 'logged' });
  });

  test('of other requests it knows nothing', () => {
    const other = assemble(writeThroughFollower().events, key({}, 6));
    expect(shown(other)).toBe('client:sent client:answered');
  });

  test('two requests at once keep apart', () => {
    const t = writeThroughFollower();
    t.tell('1', 5, 'request.received', { session: SESSION, cxid: 6, op: 'getData', path: '/b', bytes: 20 });
    t.tell('1', 5.1, 'request.replied', {
      session: SESSION,
      cxid: 6,
      op: 'getData',
      zxid: ZXID,
      err: 0,
      ms: 0,
    });
    const second = key({ sentMs: START_MS + 4.9, answeredMs: START_MS + 5.3, op: 'getData', path: '/b' }, 6);
    const [first, read] = assembleAll(t.events, [key(), second]);
    expect(shown(first as Trace)).toBe(shown(trace));
    expect(way(read as Trace)).toBe('1:received 1:replied client:answered');
    expect(read?.zxid).toBeUndefined();
  });
});

describe('other requests', () => {
  test('a write to the leader itself', () => {
    const t = new Teller();
    presents(t, { '2': 'zkt', '3': 'zkt' });
    t.tell('3', 0.3, 'request.received', { ...mine, op: 'setData', path: '/a', bytes: 40 });
    const leader = new Teller();
    leaderTells(leader, ['2']);
    t.events.push(...leader.events.filter(({ name }) => name !== 'request.arrived'));
    followerTells(t, '2', [1.0, 2.02, 2.4, 2.45]);
    t.tell('3', 2.3, 'request.replied', { ...mine, op: 'setData', zxid: ZXID, err: 0, ms: 2 });
    const trace = assemble(t.events, key({ answeredMs: START_MS + 2.6 }));
    expect(way(trace)).toBe(
      '3:received 3:prepared 3:proposed 2:offered 2:logged 2:acked 3:counted(2) 3:committed 3:applied 3:replied client:answered',
    );
    expect(trace.missing).toEqual([]);
  });

  test('a write to a standalone server', () => {
    const t = new Teller();
    const node = '127.0.0.1:2181';
    t.tell(node, 0.2, 'request.received', { ...mine, op: 'setData', path: '/a', bytes: 40 });
    t.tell(node, 0.3, 'request.prepared', { ...mine, op: 'setData', zxid: ZXID, err: 0 });
    t.tell(node, 1, 'log.synced', { count: 1, zxid: ZXID, ms: 0.5 });
    t.tell(node, 1.01, 'request.logged', { ...mine, zxid: ZXID, ms: 0.5 });
    t.tell(node, 1.1, 'request.applied', { ...mine, zxid: ZXID });
    t.tell(node, 1.2, 'request.replied', { ...mine, op: 'setData', zxid: ZXID, err: 0, ms: 1 });
    const trace = assemble(t.events, key({ answeredMs: START_MS + 1.5 }));
    expect(way(trace)).toBe(
      `${node}:received ${node}:prepared ${node}:logged ${node}:applied ${node}:replied client:answered`,
    );
    expect(trace.servers).toEqual([{ node, role: 'standalone', kind: 'zkt', correctedMs: 0 }]);
    expect(trace.criticalPath.every(({ untold }) => untold.length === 0)).toBe(true);
    expect(trace.missing).toEqual([]);
  });

  test('a failed write: it is a transaction all the same, and its error is told', () => {
    const t = new Teller();
    t.tell('9', 0.2, 'request.received', { ...mine, op: 'setData', path: '/a', bytes: 40 });
    t.tell('9', 0.3, 'request.prepared', { ...mine, op: 'setData', zxid: ZXID, err: -101 });
    t.tell('9', 1, 'log.synced', { count: 1, zxid: ZXID, ms: 0.5 });
    const trace = assemble(t.events, key({ err: undefined, answeredMs: undefined }));
    expect(trace.err).toBe(-101);
    expect(trace.totalMs).toBeUndefined();
    expect(trace.missing).toContainEqual({ node: '9', stage: 'applied' });
  });

  test('sync: the leader is on the way', () => {
    const t = new Teller();
    presents(t, { '1': 'zkt', '3': 'zkt' });
    t.tell('1', 0.2, 'request.received', { ...mine, op: 'sync', path: '/', bytes: 20 });
    t.tell('1', 0.3, 'request.forwarded', { ...mine, op: 'sync' });
    t.tell('3', 0.5, 'request.arrived', { ...mine, op: 'sync', from: 1n });
    t.tell('1', 1.2, 'request.replied', { ...mine, op: 'sync', zxid: ZXID, err: 0, ms: 1 });
    const trace = assemble(t.events, key({ op: 'sync', path: '/', answeredMs: START_MS + 1.4 }));
    expect(way(trace)).toBe('1:received 1:forwarded 3:arrived 1:replied client:answered');
    expect(trace.zxid).toBeUndefined();
    expect(trace.missing).toEqual([]);
  });

  test('a session begins: its request has no number', () => {
    const t = new Teller();
    const begins = { session: SESSION, cxid: 0 };
    t.tell('1', 0.2, 'request.received', { ...begins, op: 'createSession', path: '', bytes: 4 });
    t.tell('1', 0.3, 'request.forwarded', { ...begins, op: 'createSession' });
    t.tell('3', 0.5, 'request.arrived', { ...begins, op: 'createSession', from: 1n });
    t.tell('3', 0.6, 'request.prepared', { ...begins, op: 'createSession', zxid: ZXID, err: 0 });
    t.tell('1', 1, 'request.applied', { ...begins, zxid: ZXID });
    t.tell('1', 1.1, 'request.replied', { ...begins, op: 'createSession', zxid: ZXID, err: 0, ms: 0.8 });
    const trace = assemble(t.events, key({ op: 'createSession', path: '', answeredMs: START_MS + 1.3 }, 0));
    expect(way(trace)).toBe(
      '1:received 1:forwarded 3:arrived 3:prepared 1:applied 1:replied client:answered',
    );
  });

  test('through an observer, which has no vote and hears of it when it is committed', () => {
    const t = new Teller();
    presents(t, { '2': 'zkt', '3': 'zkt', '4': 'zkt' });
    t.tell('4', 0.2, 'request.received', { ...mine, op: 'setData', path: '/a', bytes: 40 });
    t.tell('4', 0.35, 'request.forwarded', { ...mine, op: 'setData' });
    leaderTells(t, ['2']);
    t.tell('3', 2.24, 'zab.packet-sent', { peer: 4n, type: PACKET.INFORM, zxid: ZXID, bytes: 60 });
    followerTells(t, '2', [1.0, 2.02, 2.4, 2.45]);
    t.tell('4', 2.4, 'zab.packet-received', { peer: 3n, type: PACKET.INFORM, zxid: ZXID, bytes: 60 });
    t.tell('4', 2.41, 'zab.proposal-received', { ...mine, zxid: ZXID, bytes: 60, leader: 3n });
    t.tell('4', 2.8, 'log.synced', { count: 1, zxid: ZXID, ms: 0.3 });
    t.tell('4', 2.9, 'request.applied', { ...mine, zxid: ZXID });
    t.tell('4', 3, 'request.replied', { ...mine, op: 'setData', zxid: ZXID, err: 0, ms: 2.8 });
    const trace = assemble(t.events, key());
    expect(trace.servers.map(({ node, role }) => `${node} ${role}`)).toEqual([
      '2 follower',
      '3 leader',
      '4 observer',
    ]);
    expect(way(trace)).toMatch(/3:committed 4:offered 4:logged 4:applied 4:replied client:answered$/);
    expect(trace.missing).toEqual([]);
  });
});

describe('servers that do not tell', () => {
  test('an Apache follower: its ACK is known by the leader', () => {
    const t = writeThroughFollower();
    const events = t.events.filter(({ node }) => node !== '2');
    events.push(
      ...new Teller().tell('2', -50, 'source.connected', {
        address: '127.0.0.1:2182',
        kind: 'apache',
        version: '',
      }).events,
    );
    const trace = assemble(events, key());
    expect(trace.servers[1]).toMatchObject({
      node: '2',
      kind: 'apache',
      role: 'follower',
      silent: 'tells nothing of requests',
    });
    expect(way(trace)).toMatch(/3:proposed 3:counted\(2\) 3:committed/);
    const step = trace.criticalPath.find(({ stage }) => stage === 'counted');
    expect(step?.untold).toEqual(['offered', 'logged', 'acked']);
    expect(sumOf(trace)).toBeCloseTo(3.42, 2);
    expect(trace.missing).toEqual([]);
  });

  test('an Apache leader: its followers say when its packets came', () => {
    const events = writeThroughFollower().events.filter(({ node }) => node !== '3');
    events.push(
      ...new Teller().tell('3', -50, 'source.connected', {
        address: '127.0.0.1:2183',
        kind: 'apache',
        version: '',
      }).events,
    );
    const trace = assemble(events, key());
    expect(way(trace)).toBe('1:received 1:forwarded 1:offered 1:told 1:applied 1:replied client:answered');
    expect(trace.quorum).toBeUndefined();
    expect(trace.criticalPath.map(({ untold }) => untold).filter(({ length }) => length > 0)).not.toEqual([]);
    expect(sumOf(trace)).toBeCloseTo(3.42, 2);
  });

  test('an Apache server that the client asked: the leader knows the rest', () => {
    const events = writeThroughFollower().events.filter(({ node }) => node !== '1');
    const trace = assemble(events, key());
    expect(way(trace)).toMatch(/^3:arrived 3:prepared .* 3:committed client:answered$/);
    expect(sumOf(trace)).toBeCloseTo(3.42, 2);
  });

  test('nobody: the client alone knows how long it took', () => {
    const trace = assemble([], key());
    expect(way(trace)).toBe('client:answered');
    expect(sumOf(trace)).toBeCloseTo(3.42, 2);
  });

  test('without the client: from received to replied, by the clock of its server', () => {
    const trace = assemble(writeThroughFollower().events, { session: SESSION, cxid: 5 });
    expect(trace.withClient).toBe(false);
    expect(trace.totalMs).toBeCloseTo(2.9, 2);
    expect(trace.op).toBe('setData');
    expect(at(trace, '1', 'received')).toBe(0);
  });

  test('a stage that a server should have told is missing, and named', () => {
    const events = writeThroughFollower().events.filter(
      ({ node, name }) => !(node === '2' && name === 'request.applied'),
    );
    expect(assemble(events, key()).missing).toEqual([{ node: '2', stage: 'applied' }]);
  });
});
