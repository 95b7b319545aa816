import { describe, expect, it } from 'vitest';
import { Bus, namesAtLevel, SILENT } from '../../src/events/bus.ts';
import { EVENTS, type ZktEvent } from '../../src/events/table.ts';
import { eventToJson } from '../../src/formatters/event-json.ts';

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
