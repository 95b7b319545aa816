import { describe, expect, it } from 'vitest';
import { EventFilter, type FilterText, filterQuery } from '../../src/events/filter.ts';
import type { EventName, FieldsOf, ZktEvent } from '../../src/events/table.ts';

let seq = 0;
const happened = <N extends EventName>(name: N, fields: FieldsOf<N>, node = '1'): ZktEvent =>
  ({ name, node, seq: ++seq, time: 0, fields }) as ZktEvent;

/** Names of the events that pass. */
function check(text: FilterText, events: readonly ZktEvent[]): string[] {
  const filter = new EventFilter(text);
  return events.filter((e) => filter.names.includes(e.name) && filter.wants(e)).map((e) => e.name);
}

const WHO = { session: 7n, cxid: 3 };
const STORY: readonly ZktEvent[] = [
  happened('request.received', { ...WHO, op: 'setData', path: '/a/b', bytes: 20 }),
  happened('request.received', { session: 8n, cxid: 3, op: 'getData', path: '/ab', bytes: 9 }),
  happened('request.prepared', { ...WHO, op: 'setData', zxid: 16n, err: 0 }),
  happened('zab.acked', { sid: 2n, zxid: 15n }),
  happened('zab.acked', { sid: 2n, zxid: 17n }),
  happened('zab.acked', { sid: 2n, zxid: 18n }),
  happened('zab.acked', { sid: 3n, zxid: 16n }),
  happened('log.synced', { count: 3, zxid: 18n, ms: 1 }),
  happened('zab.committed', { zxid: 15n }),
  happened('zab.committed', { zxid: 16n }),
  happened('request.replied', { ...WHO, op: 'setData', zxid: 16n, err: 0, ms: 2 }),
  happened('request.replied', { session: 8n, cxid: 3, op: 'getData', zxid: 18n, err: 0, ms: 2 }),
];
const WHOLE = [
  'request.received',
  'request.prepared',
  'zab.acked',
  'zab.acked',
  'log.synced',
  'zab.committed',
  'request.replied',
];

describe('a filter', () => {
  it('follows a session through its transactions', () => {
    expect(check({ session: '0x7' }, STORY)).toEqual(WHOLE);
  });
  it('follows a request by its path, and a path is no prefix of a name', () => {
    expect(check({ path: '/a' }, STORY)).toEqual(WHOLE);
    expect(check({ path: '/a/b/c' }, STORY)).toEqual([]);
    expect(check({ path: '/' }, STORY)).toHaveLength(WHOLE.length + 2);
  });
  it('knows operations, zxids and servers', () => {
    expect(check({ op: 'getData' }, STORY)).toEqual(['request.received', 'request.replied']);
    expect(check({ zxid: '0x10', names: 'zab.*' }, STORY)).toEqual(['zab.acked', 'zab.committed']);
    expect(check({ zxid: '0x10-0x11', names: 'zab.acked' }, STORY)).toHaveLength(2);
    expect(check({ node: '2,3' }, STORY)).toEqual([]);
  });
  it('takes names by pattern and level', () => {
    expect(new EventFilter({ names: 'zab.committed, log.s*' }).names).toEqual([
      'zab.committed',
      'log.synced',
      'log.slow-sync',
    ]);
    expect(new EventFilter({ names: 'log.*', level: 'warn' }).names).not.toContain('log.rolled');
  });
  it('says what is no filter', () => {
    for (const [text, why] of [
      [{ names: 'nonsense' }, /no event is called nonsense/],
      [{ level: 'loud' }, /level is one of/],
      [{ session: '7' }, /session is a hex number/],
      [{ zxid: '0x1-0x2-0x3' }, /zxid is/],
      [{ path: 'a' }, /path begins with/],
    ] as const) {
      expect(() => new EventFilter(text)).toThrow(why);
    }
  });
  it('can be sent', () => {
    expect(filterQuery({ names: 'a.*,b', path: '/x y' })).toBe('names=a.*%2Cb&path=%2Fx%20y');
  });
});
