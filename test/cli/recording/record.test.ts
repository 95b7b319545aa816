import { describe, expect, it } from 'vitest';
import { ZktError } from '../../../src/base/errors.ts';
import { sizeBytes } from '../../../src/cli/parse/size.ts';
import { recordInfo } from '../../../src/cli/recording/record-info.ts';
import { record } from '../../../src/cli/recording/record-run.ts';
import type { RecordTarget } from '../../../src/cli/recording/record-target.ts';
import type { ZktEvent } from '../../../src/events/table.ts';
import type { Timer, Timers } from '../../../src/ports/timers.ts';
import { SimDisk } from '../../../src/sim/disk.ts';
import { openRecording } from '../../../src/storage/recording/open-recording.ts';
import { diskWith, fileOf, reply } from '../../storage/recording/events.ts';
import { MemoryIo } from '../memory-io.ts';

/** Timers that fire when told. */
class Hand implements Timers {
  private waiting: { ms: number; fn: () => void; every: boolean }[] = [];
  after(ms: number, fn: () => void): Timer {
    return this.add({ ms, fn, every: false });
  }
  every(ms: number, fn: () => void): Timer {
    return this.add({ ms, fn, every: true });
  }
  soon(fn: () => void): void {
    queueMicrotask(fn);
  }
  /** Everything of that length fires. */
  fire(ms: number): void {
    for (const it of this.waiting.filter((one) => one.ms === ms)) it.fn();
  }
  private add(one: { ms: number; fn: () => void; every: boolean }): Timer {
    this.waiting.push(one);
    return {
      cancel: () => {
        this.waiting = this.waiting.filter((it) => it !== one);
      },
    };
  }
}

const connected = (node: string): ZktEvent => ({
  name: 'source.connected',
  node,
  seq: 1,
  time: 1_700_000_000_000,
  fields: { address: `127.0.0.1:${node}`, kind: 'zkt', version: '0.1.0' },
});
const lost = (node: string): ZktEvent => ({
  name: 'source.lost',
  node,
  seq: 1,
  time: 1_700_000_000_000,
  fields: { address: `127.0.0.1:${node}`, why: 'connection refused' },
});

/** One `zkt record` in memory. */
function begin(
  target: Partial<RecordTarget> = {},
  options: { disk?: SimDisk; tty?: boolean; forMs?: number } = {},
) {
  const { disk = new SimDisk(), tty = false, forMs } = options;
  const io = new MemoryIo({ tty });
  const timers = new Hand();
  let take: (event: ZktEvent) => void = () => {};
  let running = false;
  const source = {
    start: (taker: typeof take) => {
      running = true;
      take = taker;
    },
    stop: () => {
      running = false;
    },
  };
  const clock = { monotonicMs: () => 0, wallMs: () => 0 };
  const done = record(
    { target: { path: '/a.zktrec', ...target }, servers: ['s1:2181', 's2:2181'], forMs },
    io,
    {
      ...{ disk, timers, clock, source },
    },
  );
  return { disk, io, timers, done, tell: (event: ZktEvent) => take(event), running: () => running };
}

const eventsIn = (disk: SimDisk, path = '/a.zktrec'): ZktEvent[] => [...openRecording(disk, path).events()];

describe('zkt record', () => {
  it('records until it is stopped, and says what it has', async () => {
    const run = begin();
    run.tell(connected('1'));
    for (let i = 1; i <= 1234; i++) run.tell(reply(i, i));
    run.io.interrupt();
    expect(await run.done).toBe(0);
    expect(run.running()).toBe(false);
    expect(run.io.stdout.text).toBe('');
    expect(run.io.stderr.text).toMatch(
      /^recorded 1,235 events of 1 server, \d+(\.\d)? KiB in \/a\.zktrec\n$/,
    );
    expect(eventsIn(run.disk)).toHaveLength(1235);
    expect(openRecording(run.disk, '/a.zktrec').fault).toBeUndefined();
  });

  it('writes once a second, and for so long', async () => {
    const run = begin({}, { forMs: 60_000 });
    run.tell(connected('1'));
    run.timers.fire(1000);
    expect(eventsIn(run.disk)).toHaveLength(1);
    run.timers.fire(60_000);
    expect(await run.done).toBe(0);
  });

  it('on a terminal, it says how far it is', async () => {
    const run = begin({}, { tty: true });
    run.tell(connected('1'));
    const dropped = { why: 'slow', count: 5000, ms: 0 };
    run.tell({ name: 'feed.dropped', node: '1', seq: 0, time: 1_700_000_000_000, fields: dropped });
    run.timers.fire(1000);
    expect(run.io.stderr.text).toContain('2 events of 1 server');
    expect(run.io.stderr.text).toContain('5,000 not sent to us');
    run.io.interrupt();
    await run.done;
  });

  it('nobody answers: exit code 3, and no file', async () => {
    const run = begin();
    run.tell(lost('1'));
    run.tell(lost('2'));
    await expect(run.done).rejects.toMatchObject({ code: 'ZKT_CONNECT', exit: 3 });
    expect(run.disk.files()).toEqual([]);
  });

  it('the time is over before it is clear that nobody answers: the same', async () => {
    const run = begin({}, { forMs: 2_000 });
    run.timers.fire(2_000);
    await expect(run.done).rejects.toMatchObject({ code: 'ZKT_CONNECT', exit: 3 });
    expect(run.disk.files()).toEqual([]);
  });

  it('a server lost later is part of the picture', async () => {
    const run = begin();
    run.tell(connected('1'));
    run.tell(lost('1'));
    run.tell(lost('2'));
    run.io.interrupt();
    expect(await run.done).toBe(0);
    expect(eventsIn(run.disk)).toHaveLength(3);
  });

  it('a file that exists is not touched, unless it is told so', async () => {
    const disk = diskWith(fileOf([reply(1, 0), reply(2, 1)]));
    await expect(begin({}, { disk }).done).rejects.toThrow(
      /it exists; --append goes on with it, --force replaces it/,
    );
    const more = begin({ existing: 'append' }, { disk });
    more.tell(connected('1'));
    more.io.interrupt();
    await more.done;
    expect(eventsIn(disk)).toHaveLength(3);
    const other = begin({ existing: 'replace' }, { disk });
    other.tell(connected('1'));
    other.io.interrupt();
    await other.done;
    expect(eventsIn(disk)).toHaveLength(1);
  });

  it('something else is not gone on with', async () => {
    const disk = diskWith(Buffer.from('a text of somebody'));
    await expect(begin({ existing: 'append' }, { disk }).done).rejects.toThrow(/is not a recording of zkt/);
    expect(disk.files()).toEqual(['/a.zktrec']);
  });

  it('a ring: files that are numbered, and one that exists is not touched', async () => {
    const disk = new SimDisk();
    const run = begin({ ageMsMax: 1000, files: 2 }, { disk });
    run.tell(connected('1'));
    for (let i = 1; i <= 400; i++) run.tell(reply(i, i * 10));
    run.io.interrupt();
    await run.done;
    expect(disk.files()).toEqual(['/a.4.zktrec', '/a.5.zktrec']);
    await expect(begin({ ageMsMax: 1000 }, { disk }).done).rejects.toThrow(/\/a.4.zktrec: it exists/);
  });

  it('a full disk is said once, and what is lost', async () => {
    let full = true;
    const disk = new SimDisk({
      fault: (call) => (full && call === 'write' ? { code: 'ENOSPC' } : undefined),
    });
    const run = begin({}, { disk });
    run.tell(connected('1'));
    for (let i = 1; i <= 300_000; i++) run.tell(reply(i, i / 100));
    run.timers.fire(1000);
    full = false;
    run.io.interrupt();
    await run.done;
    const said = run.io.stderr.text.split('\n');
    expect(said[0]).toMatch(/^zkt record: cannot write \/a.zktrec: ENOSPC.*; trying again$/);
    expect(said[1]).toMatch(/^recorded 300,001 events .* lost, as they could not be written in/);
    expect(said).toHaveLength(3);
  });
});

describe('zkt record --info', () => {
  const events = [connected('1'), ...Array.from({ length: 30 }, (_, i) => reply(i + 2, i * 10))];
  const info = (bytes: Buffer, format: 'table' | 'json') => {
    const io = new MemoryIo();
    const code = recordInfo(diskWith(bytes), '/a.zktrec', io, format);
    return { code, text: io.stdout.text };
  };

  it('tells people', () => {
    const { code, text } = info(fileOf(events), 'table');
    expect(code).toBe(0);
    expect(text.split('\n').slice(1, 3)).toEqual([
      'from     2023-11-14T22:13:20.000Z',
      'to       2023-11-14T22:13:20.290Z  (290 ms)',
    ]);
    expect(text).toContain('server 1  127.0.0.1:1  zkt 0.1.0  31 events');
    expect(text).toContain('       30  request.replied');
    expect(text).not.toContain('fault');
  });

  it('tells programs', () => {
    const { code, text } = info(fileOf(events), 'json');
    expect(code).toBe(0);
    expect(JSON.parse(text)).toMatchObject({
      v: 1,
      start: '2023-11-14T22:13:20.000Z',
      events: 31,
      damaged: false,
      fault: null,
      servers: [{ node: '1', address: '127.0.0.1:1', events: 31 }],
      names: { 'request.replied': 30, 'source.connected': 1 },
    });
  });

  it('a file that is still written is whole; a damaged one is not', () => {
    expect(info(fileOf(events, false), 'json').code).toBe(0);
    const whole = fileOf(events);
    const damaged = Buffer.from(whole);
    damaged.fill(0, whole.length - 350, whole.length - 300);
    const { code, text } = info(damaged, 'json');
    expect(code).toBe(7);
    expect(JSON.parse(text)).toMatchObject({ damaged: true });
  });

  it('names of servers are shown escaped', () => {
    const evil = { ...reply(1, 0), node: '\x1b[2J\u202e' } as ZktEvent;
    expect(info(fileOf([evil]), 'table').text).not.toContain('\x1b');
  });
});

describe('sizes', () => {
  it.each([
    ['64m', 64 * 1024 ** 2],
    ['512K', 512 * 1024],
    ['2gb', 2 * 1024 ** 3],
    ['65536', 65_536],
  ])('%s', (text, bytes) => expect(sizeBytes(text, '--max-size')).toBe(bytes));

  it.each(['', 'm', '-1', '0', '1.5m', '10t', '9999999999999'])('%j is none', (text) => {
    expect(() => sizeBytes(text, '--max-size')).toThrow(ZktError);
  });
});
