import { describe, expect, it } from 'vitest';
import { sessionTimers } from '../../src/client/session-timers.ts';
import { MachineBench } from './machine-bench.ts';
import { check, up } from './transcript.ts';

describe('time', () => {
  check(
    'a ping after half the read timeout less a second, and silence is noticed after two thirds of the timeout',
    (b) => b.wait(8999).wait(1).reply(-2).wait(9000).wait(10_999).wait(1),
    [
      'send -2 ping',
      'send -2 ping',
      'send -2 ping',
      'hang up',
      'state connecting',
      'dial one:1 within 30000',
    ],
    up(),
  );

  it('requests put the ping off', () => {
    const b = up()();
    b.wait(5000).submit('a').reply(1).wait(8999);
    expect(b.seen()).toEqual(['send 1 getData', 'a: answered 0']);
  });

  for (const [timeout, readMs, pingMs] of [
    [30_000, 20_000, 9000],
    [4000, 2666, 1000],
    [3000, 2000, 1000],
    [600, 400, 200],
    [600_000, 400_000, 10_000],
  ] as const) {
    it(`a session of ${timeout} ms reads ${readMs} and pings after ${pingMs}`, () => {
      expect(sessionTimers(timeout)).toMatchObject({ readMs, pingMs });
    });
  }

  it('the session is given up after four thirds of its timeout without a word, and not before', () => {
    const b = up('one:1', { connectTimeoutMs: 1000 })();
    b.lost();
    for (let left = 39_999; left > 0; left -= 7) b.wait(Math.min(7, left)).lost('refused');
    expect(b.machine.state).toBe('connecting');
    b.wait(10);
    expect(b.machine.state).toBe('expired');
    expect(b.machine.nextDeadline()).toBe(Number.POSITIVE_INFINITY);
  });

  it('unless only a server may say so', () => {
    const b = up('one:1', { localExpiry: false, connectTimeoutMs: 1000 })();
    b.lost().wait(1_000_000);
    expect(b.machine.state).toBe('connecting');
  });

  check(
    'a request without an answer in time costs the connection; one that waits only itself',
    (b) => {
      b.submit('a', 4, 100).submit('b', 4, 200).wait(150).submit('c', 4, 10).wait(20);
    },
    [
      'send 1 getData',
      'send 2 getData',
      'a: failed -122',
      'hang up',
      'b: failed -4',
      'failed: a request had no answer in time (round 1)',
      'state connecting',
      'dial one:1 within 30000',
      'c: failed -122',
    ],
    up(),
  );
});

describe('read-only servers', () => {
  const readOnly = () => new MachineBench('one:1,two:2', { readOnly: true });
  check(
    'are left for a read-write one, looked for at growing intervals; their session is not resumed',
    (b) => {
      b.establish({ readOnly: true }).submit('a').wait(350);
      b.machine.probed({ host: 'one', port: 1 }, b.now);
      b.wait(0).establish({ sessionId: 0x88n }).wait(2000).lost().wait(0);
      b.machine.opened(b.now);
    },
    [
      'dial two:2 within 15000',
      'send connect session 0 zxid 0 timeout 30000 readOnly',
      'state connectedReadOnly',
      'send 1 getData',
      'probe one:1',
      'probe two:2',
      'hang up',
      'a: failed -4',
      'state connecting',
      'dial one:1 within 15000',
      'send connect session 0 zxid 0 timeout 30000 readOnly',
      'state connected',
      'hang up',
      'state connecting',
      'dial one:1 within 15000',
      'send connect session 136 zxid 0 timeout 30000 readOnly',
    ],
    readOnly,
  );

  it('are looked away from at most once a minute', () => {
    const b = readOnly().establish({ readOnly: true });
    let probes = 0;
    for (let s = 0; s < 3600; s++) {
      b.wait(1000).reply(-2);
      probes += b.seen().filter((line) => line.startsWith('probe')).length;
    }
    expect(probes).toBeGreaterThan(60);
    expect(probes).toBeLessThan(75);
  });
});

describe('the end', () => {
  check(
    'close is sent last and waits for the answer',
    (b) => b.submit('a').close().submit('late').reply(1).reply(2).wait(5000),
    [
      'send 1 getData',
      'send 2 closeSession',
      'late: failed -112',
      'a: answered 0',
      'close: answered 0',
      'hang up',
      'state closed',
    ],
    up(),
  );
  check(
    'but not for ever',
    (b) => b.submit('a').close().wait(999).wait(1),
    [
      'send 1 getData',
      'send 2 closeSession',
      'hang up',
      'state closed',
      'a: failed -112',
      'close: failed -112',
    ],
    up(),
  );
  check(
    'without a connection it is at once, even before the first',
    (b) => b.submit('a').auth('x', 'y').close().wait(100_000),
    ['dial one:1 within 30000', 'hang up', 'state closed', 'a: failed -112', 'auth x: -112'],
  );
  check(
    'a connection lost while closing is as good as closed',
    (b) => b.close().lost(),
    ['send 1 closeSession', 'hang up', 'hang up', 'state closed', 'close: failed -112'],
    up(),
  );
  check(
    'a refused credential is the end',
    (b) => b.submit('a').auth('digest', 'u:p').reply(-4, 0n, -115).submit('b').auth('x', 'y'),
    [
      'send 1 getData',
      'send -4 auth digest u:p',
      'hang up',
      'state authFailed',
      'a: failed -115',
      'auth digest: -115',
      'b: failed -115',
      'auth x: -115',
    ],
    up(),
  );
  check(
    'too many requests are not taken',
    (b) => b.submit('a').submit('b').submit('c').reply(1).submit('d'),
    ['send 1 getData', 'send 2 getData', 'c: not taken', 'a: answered 0', 'send 3 getData'],
    up('one:1', { outstandingMax: 2 }),
  );
});
