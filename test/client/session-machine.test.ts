import { describe, expect, it } from 'vitest';
import { CLIENT_LIMITS } from '../../src/client/limits.ts';
import { EVENT } from '../../src/protocol/watch-types.ts';
import { MachineBench } from './machine-bench.ts';
import { check, DIALLED, UP, up } from './transcript.ts';

describe('connecting', () => {
  check('the opening is a connect request, and the session begins with its answer', (b) => b.establish(), UP);

  check(
    'what waits is sent after credentials and watches, in that order',
    (b) => {
      b.submit('a').auth('digest', 'u:p').submit('b');
      b.watches.add('data', '/w', () => {});
      b.establish();
    },
    [
      ...UP,
      'send -4 auth digest u:p',
      'send -8 setWatches since 0: data /w',
      'send 1 getData',
      'send 2 getData',
    ],
  );

  check(
    'servers share the time; a failed round is followed by a pause that doubles',
    (b) =>
      b
        .wait(5000)
        .lost('refused')
        .wait(0)
        .lost('refused')
        .wait(49)
        .wait(1)
        .lost('no')
        .wait(0)
        .lost('no')
        .wait(100),
    [
      'dial two:2 within 15000',
      'hang up',
      'failed: refused (round 0)',
      'dial one:1 within 15000',
      'hang up',
      'failed: refused (round 1)',
      'dial two:2 within 15000',
      'hang up',
      'failed: no (round 1)',
      'dial one:1 within 15000',
      'hang up',
      'failed: no (round 2)',
      'dial two:2 within 15000',
    ],
    () => new MachineBench('one:1,two:2'),
  );

  check(
    'a server that accepts and says nothing is left at the connect timeout',
    (b) => {
      b.machine.opened(b.now);
      b.wait(400).wait(200);
    },
    [
      'dial one:1 within 500',
      'send connect session 0 zxid 0 timeout 30000',
      'hang up',
      'failed: no answer in time (round 1)',
      'dial one:1 within 500',
    ],
    () => new MachineBench('one:1', { connectTimeoutMs: 500 }),
  );

  check(
    'a refused session is the end: timeout 0 means expired',
    (b) => b.submit('a').establish({ timeOut: 0, sessionId: 0n }).submit('b').wait(100_000),
    [
      'dial one:1 within 30000',
      'send connect session 9 zxid 0 timeout 30000',
      'hang up',
      'state expired',
      'a: failed -112',
      'b: failed -112',
    ],
    () => new MachineBench('one:1', { session: { id: 9n, passwd: Buffer.alloc(16, 1) } }),
  );

  check(
    'an answer that is none, such as the bare error header of a read-only server, is a failed attempt',
    (b) => {
      b.machine.opened(b.now);
      b.reply(0, 5n, -119);
    },
    [
      ...DIALLED,
      'hang up',
      'failed: the server sent what is no answer: need 4 bytes, 0 are left (byte 19) (round 1)',
    ],
  );

  check('an old server leaves out the read-only flag', (b) => b.establish({ readOnly: undefined }), UP);
});

describe('answers', () => {
  check(
    "come in order; the error is the request's alone",
    (b) => b.submit('a').submit('b').reply(1, 7n, -101).reply(2, 8n),
    ['send 1 getData', 'send 2 getData', 'a: answered -101', 'b: answered 0'],
    up(),
  );

  check(
    'out of order they end the connection, and all that was sent is in doubt',
    (b) => b.submit('a').submit('b').reply(2),
    [
      'send 1 getData',
      'send 2 getData',
      'hang up',
      'a: failed -4',
      'b: failed -4',
      'failed: the server sent what is no answer: an answer to request 2, the next to answer is request 1 (round 1)',
      'state connecting',
    ],
    up(),
  );

  for (const [what, xid] of [
    ['request', 1],
    ['credential', -4],
    ['setWatches', -8],
  ] as const) {
    it(`to a ${what} that was not sent ends the connection`, () => {
      const b = up()();
      b.reply(xid);
      expect(b.seen()).toContain('state connecting');
    });
  }

  check(
    'that are too short end the connection, and that request has no known outcome',
    (b) =>
      b
        .submit('int')
        .submit('b')
        .reply(1, 1n, 0, Buffer.from([0])),
    [
      'send 1 getData',
      'send 2 getData',
      'int: failed -5',
      'hang up',
      'b: failed -4',
      'failed: the server sent what is no answer: need 4 bytes, 1 are left (byte 19) (round 1)',
      'state connecting',
    ],
    up(),
  );

  it('every truncation of a header ends the connection', () => {
    for (let length = 0; length < 16; length++) {
      const b = up()();
      b.submit('a').bytes(Buffer.from([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]).subarray(0, length));
      expect(b.machine.state, `${length} bytes`).toBe('connecting');
    }
  });

  it('lastZxid is the largest of all replies, and pings and events do not count', () => {
    const b = up()();
    const cases: [reply: bigint, largest: bigint][] = [
      [5n, 5n],
      [4n, 5n],
      [-1n, 5n],
      [0x1_0000_0000n, 0x1_0000_0000n],
      [0xffff_ffffn, 0x1_0000_0000n],
      [0x7fff_ffff_ffff_ffffn, 0x7fff_ffff_ffff_ffffn],
    ];
    for (const [i, [zxid, largest]] of cases.entries()) {
      b.submit('a').reply(i + 1, zxid);
      expect(b.machine.lastZxid).toBe(largest);
    }
    b.reply(-2, 0x7fff_ffff_ffff_fff0n).event(EVENT.nodeCreated, '/a', 99n);
    expect(b.machine.lastZxid).toBe(0x7fff_ffff_ffff_ffffn);
  });

  check(
    'a request that cannot be encoded is refused and disturbs nothing',
    (b) => b.submit('bad').submit('a'),
    ['bad: refused TypeError: cannot be encoded', 'send 2 getData'],
    up(),
  );
});

describe('losing the connection', () => {
  check(
    'what was sent is in doubt, what was not is sent to the next server; the session is resumed',
    (b) => {
      b.submit('a').reply(1, 42n).submit('b');
      b.full = true;
      b.submit('c').wait(2000).lost().wait(0);
      b.full = false;
      b.establish();
    },
    [
      'send 1 getData',
      'a: answered 0',
      'send 2 getData',
      'hang up',
      'b: failed -4',
      'state connecting',
      'dial one:1 within 30000',
      'send connect session 119 zxid 42 timeout 30000',
      'state connected',
      'send 3 getData',
    ],
    up(),
  );

  check(
    'output that waits is sent when there is room again',
    (b) => {
      b.full = true;
      b.submit('a').submit('b');
      b.full = false;
      b.submit('c');
      b.machine.drained(b.now);
    },
    ['send 1 getData', 'send 2 getData', 'send 3 getData'],
    up(),
  );

  check(
    'watches are set again since the last zxid seen, by the old request while it can say all',
    (b) => {
      for (const kind of ['data', 'exist', 'child'] as const) b.watches.add(kind, `/${kind}`, () => {});
      b.submit('a').reply(1, 42n).wait(2000).lost().wait(0).establish().reply(-8);
      b.watches.add('persistentRecursive', '/p', () => {});
      b.wait(2000).lost().wait(0).establish().event(EVENT.nodeDeleted, '/data').reply(-8);
    },
    [
      'send 1 getData',
      'a: answered 0',
      'hang up',
      'state connecting',
      'dial one:1 within 30000',
      'send connect session 119 zxid 42 timeout 30000',
      'state connected',
      'send -8 setWatches since 42: data /data, exist /exist, child /child',
      'watches set',
      'hang up',
      'state connecting',
      'dial one:1 within 30000',
      'send connect session 119 zxid 42 timeout 30000',
      'state connected',
      'send -8 setWatches2 since 42: data /data, exist /exist, child /child, persistentRecursive /p',
      'event NodeDeleted /data -1',
      'watches set',
    ],
    up(),
  );

  check(
    'a server that refuses to set watches is left',
    (b) => {
      b.watches.add('data', '/w', () => {});
      b.lost().wait(100).establish().reply(-8, 0n, -127);
    },
    [
      'hang up',
      'failed: reset (round 1)',
      'state connecting',
      'dial one:1 within 30000',
      'send connect session 119 zxid 0 timeout 30000',
      'state connected',
      'send -8 setWatches since 0: data /w',
      'hang up',
      'failed: the server sent what is no answer: watches were refused with code -127 (round 2)',
      'state connecting',
    ],
    up(),
  );

  it('many watches are split, and none is lost', () => {
    const b = up()();
    const paths = Array.from({ length: 3000 }, (_, i) => `/${'x'.repeat(100)}${i}`);
    for (const path of paths) b.watches.add('data', path, () => {});
    b.wait(2000).lost().wait(0).establish();
    const sent = b.seen().filter((line) => line.includes('setWatches'));
    expect(sent.length).toBe(3);
    for (const line of sent) expect(line.length).toBeLessThan(CLIENT_LIMITS.setWatchesBytesMax + 4000);
    expect(sent.flatMap((line) => line.split('data ')[1]?.split(' ') ?? [])).toEqual(paths);
    b.reply(-8).reply(-8);
    expect(b.seen()).toEqual([]);
    b.reply(-8);
    expect(b.seen()).toEqual(['watches set']);
  });

  check(
    'credentials are presented anew, the same one once; its caller hears of the first answer',
    (b) =>
      b
        .auth('digest', 'u:p')
        .lost()
        .wait(100)
        .establish()
        .reply(-4)
        .auth('digest', 'u:p')
        .reply(-4)
        .wait(2000)
        .lost()
        .wait(0)
        .establish(),
    [
      'send -4 auth digest u:p',
      'hang up',
      'failed: reset (round 1)',
      'state connecting',
      'dial one:1 within 30000',
      'send connect session 119 zxid 0 timeout 30000',
      'state connected',
      'send -4 auth digest u:p',
      'auth digest: 0',
      'send -4 auth digest u:p',
      'auth digest: 0',
      'hang up',
      'state connecting',
      'dial one:1 within 30000',
      'send connect session 119 zxid 0 timeout 30000',
      'state connected',
      'send -4 auth digest u:p',
    ],
    up(),
  );
});
