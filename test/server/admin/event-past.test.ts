import { expect, it } from 'vitest';
import { Bus } from '../../../src/events/bus.ts';
import { EventPast } from '../../../src/server/admin/event-past.ts';

it('what is worth a line is not pushed out by what comes all the time', () => {
  const bus = new Bus('1', { wallMs: () => 0 });
  const past = new EventPast(bus);
  bus.emit('log.rolled', { file: 'a' });
  for (let i = 0; i < 10_500; i++) bus.emit('connection.opened', { connection: i, remote: 'x' });
  bus.emit('log.rolled', { file: 'b' });
  bus.emit('zab.committed', { zxid: 1n });
  expect(past.forgotten).toBe(500);
  const all = past.last(20_000, () => true);
  expect([all.length, all[0]?.fields, all.at(-1)?.fields]).toEqual([10_002, { file: 'a' }, { file: 'b' }]);
  const few = past.last(10, () => true);
  expect(few.map((e) => e.name)).toEqual(['log.rolled', ...Array(8).fill('connection.opened'), 'log.rolled']);
  expect(past.last(2, (e) => e.name === 'connection.opened').map((e) => e.fields)).toEqual([
    { connection: 10_498, remote: 'x' },
    { connection: 10_499, remote: 'x' },
  ]);
  past.close();
  expect(bus.on['log.rolled']).toBe(false);
});
