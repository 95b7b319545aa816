import { describe, expect, it } from 'vitest';
import { Bus, namesAtLevel, SILENT } from '../../src/events/bus.ts';
import { EVENTS, type ZktEvent } from '../../src/events/table.ts';
import { eventFromJson, eventToJson } from '../../src/formatters/event-json.ts';

const clock = { monotonicMs: () => 5, wallMs: () => 1_700_000_000_000 };

describe('the bus', () => {
  it('stamps node, sequence and time, and hears only what is wanted', () => {
    const bus = new Bus('n1', clock);
    const heard: ZktEvent[] = [];
    expect(bus.on['log.rolled']).toBe(false);
    const listening = bus.subscribe({ names: ['log.rolled'], take: (e) => void heard.push(e) });
    expect([bus.on['log.rolled'], bus.on['purge.removed']]).toEqual([true, false]);
    bus.emit('log.rolled', { file: 'a' });
    bus.emit('purge.removed', { file: 'b' });
    bus.emit('log.rolled', { file: 'c' });
    listening.close();
    listening.close();
    bus.emit('log.rolled', { file: 'd' });
    expect(heard.map((e) => [e.node, e.seq, e.time, e.fields])).toEqual([
      ['n1', 1, 1_700_000_000_000, { file: 'a' }],
      ['n1', 2, 1_700_000_000_000, { file: 'c' }],
    ]);
    expect(bus.on['log.rolled']).toBe(false);
  });
  it('drops a listener that throws, and goes on', () => {
    const bus = new Bus('n1', clock);
    const heard: string[] = [];
    bus.subscribe({
      names: ['log.rolled'],
      take: () => {
        throw new Error('no');
      },
    });
    bus.subscribe({ names: ['log.rolled'], take: () => void heard.push('b') });
    bus.emit('log.rolled', { file: 'a' });
    bus.emit('log.rolled', { file: 'a' });
    expect([heard, bus.brokenSubscribers]).toEqual([['b', 'b'], 1]);
  });
  it('rests from what is frequent, and only from that', () => {
    const bus = new Bus('n1', clock);
    const heard: string[] = [];
    const one = bus.subscribe({ names: ['log.rolled', 'log.synced'], take: (e) => void heard.push(e.name) });
    const both = (): void => {
      bus.emit('log.rolled', { file: 'a' });
      bus.emit('log.synced', { count: 1, zxid: 1n, ms: 0 });
    };
    one.pause();
    one.pause();
    expect([bus.on['log.synced'], bus.on['log.rolled']]).toEqual([false, true]);
    both();
    one.resume();
    one.resume();
    both();
    expect(heard).toEqual(['log.rolled', 'log.rolled', 'log.synced']);
    one.close();
    one.resume();
    expect(bus.on['log.synced']).toBe(false);
  });
  it('knows what is important', () => {
    expect(namesAtLevel('error')).toContain('server.failed');
    expect(namesAtLevel('error')).not.toContain('server.serving');
    expect(namesAtLevel('trace')).toHaveLength(Object.keys(EVENTS).length);
  });
  it('may be silent', () => {
    SILENT.emit('log.rolled', { file: 'a' });
    expect(SILENT.on['log.rolled']).toBe(false);
  });
});

it('an event is a line of JSON with a version', () => {
  const event: ZktEvent = {
    name: 'session.closed',
    node: '1',
    seq: 2,
    time: 0,
    fields: { session: -1n, ephemerals: 3, zxid: 16n },
  };
  expect(eventToJson(event)).toEqual({
    v: 1,
    time: '1970-01-01T00:00:00.000Z',
    node: '1',
    seq: 2,
    name: 'session.closed',
    session: '0xffffffffffffffff',
    ephemerals: 3,
    zxid: '0x10',
  });
});

it('a line of JSON is an event again, to the microsecond', () => {
  const event: ZktEvent = {
    name: 'zab.acked',
    node: '2',
    seq: 9,
    time: 1_700_000_000_000.25,
    fields: { sid: -1n, zxid: 0x1_0000_0001n },
  };
  const line = eventToJson(event);
  expect(line.time).toBe('2023-11-14T22:13:20.000250Z');
  expect(eventFromJson(JSON.parse(JSON.stringify(line)))).toEqual(event);
  for (const [key, value] of Object.entries({
    name: 'zab.nothing',
    time: 'now',
    sid: '1',
    zxid: 3,
    node: 1,
  })) {
    expect(eventFromJson({ ...line, [key]: value }), key).toBeUndefined();
  }
  // A question for a vote names no leader: Java's least long. All of it arrives.
  for (const sid of [-(2n ** 63n), 2n ** 63n - 1n, 2n ** 53n, 99_279_578_370_880n]) {
    const asked = { ...event, fields: { ...event.fields, sid } } as ZktEvent;
    expect(eventFromJson(JSON.parse(JSON.stringify(eventToJson(asked)))), String(sid)).toEqual(asked);
  }
  for (const none of [null, 3, 'x', [], { ...line, zxid: undefined }])
    expect(eventFromJson(none)).toBeUndefined();
});
