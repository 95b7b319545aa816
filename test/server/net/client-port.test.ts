import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SILENT } from '../../../src/events/bus.ts';
import { decode } from '../../../src/jute/schema.ts';
import { ConnectResponse } from '../../../src/protocol/messages.ts';
import { ClientPort } from '../../../src/server/net/client-port.ts';
import { CLIENT_PORT_DEFAULTS } from '../../../src/server/net/client-service.ts';
import {
  Bench,
  connectFrame,
  EchoService,
  frame,
  HandClock,
  type RawClient,
  requestFrame,
} from './fake-service.ts';

describe('connect', () => {
  test.each([
    ['a new client', false, 37],
    ['an old client', true, 36],
  ])('%s is answered in kind (old %s, %i bytes)', (_name, old, bytes) => {
    const b = new Bench();
    const client = b.client(connectFrame(old));
    expect(client.frames.map((f) => f.length)).toEqual([bytes]);
    expect(decode(ConnectResponse, client.frames[0] as Buffer).timeOut).toBe(4000);
    expect(b.service.connectRequests[0]?.readOnly).toBe(old ? undefined : false);
  });

  test('nothing is handed over before the session stands, and all of it after', () => {
    const b = new Bench();
    b.service.connects = 'later';
    const client = b.client(Buffer.concat([connectFrame(), requestFrame(1), requestFrame(2)]));
    b.send(client, requestFrame(3));
    expect(b.service.requests).toEqual([]);
    expect(client.frames).toEqual([]);
    b.service.answerConnect(b.service.links[0] as never);
    b.settle();
    expect(client.xids).toEqual([1, 2, 3]);
    expect(b.service.connectRequests.length).toBe(1);
  });

  test('a second connect request is a request like any other', () => {
    const b = new Bench();
    b.client(Buffer.concat([connectFrame(), connectFrame()]));
    expect(b.service.connectRequests.length).toBe(1);
    expect(b.service.requests.length).toBe(1);
  });

  test('a server that does not serve closes without a word', () => {
    const b = new Bench();
    b.service.serving = false;
    const client = b.client(connectFrame());
    expect(client.gone).toBe(true);
    expect(client.bytes.length).toBe(0);
    expect(b.service.connectRequests.length).toBe(0);
  });

  test('close right after the answer still delivers it', () => {
    const b = new Bench();
    b.service.connects = 'never';
    const client = b.client(connectFrame());
    const link = b.service.links[0];
    b.service.answerConnect(link as never);
    link?.close('session refused');
    b.settle();
    expect(client.frames.length).toBe(1);
    expect(client.gone).toBe(true);
    expect(b.service.closedLinks).toEqual([link]);
    expect(b.port.links.size).toBe(0);
  });
});

describe('framing', () => {
  test('requests are answered in order however the bytes are cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 30 }),
        fc.integer({ min: 1, max: 700 }),
        (sizes, cut) => {
          const b = new Bench();
          const frames = sizes.map((size, i) => requestFrame(i + 1, size));
          const client = b.client();
          b.send(client, Buffer.concat([connectFrame(), ...frames]), cut);
          expect(client.xids).toEqual(sizes.map((_, i) => i + 1));
          expect(b.service.requests.map((r) => r.bytes)).toEqual(sizes.map((s) => s + 8));
        },
      ),
      { numRuns: 60 },
    );
  });

  test.each([
    ['negative', -1],
    ['too long', 0x100000],
    ['huge', 0x7fffffff],
  ])('a %s length closes that connection only', (_name, length) => {
    const b = new Bench();
    const good = b.client(connectFrame());
    const bad = b.client(connectFrame());
    const prefix = Buffer.alloc(4);
    prefix.writeInt32BE(length, 0);
    b.send(bad, prefix);
    b.send(good, requestFrame(5));
    expect(bad.gone).toBe(true);
    expect(good.xids).toEqual([5]);
    expect(b.named('connection.bad-input').length).toBe(1);
    expect(b.port.stats.dropped).toBe(1);
  });

  test('a request of exactly jute.maxbuffer bytes is taken, one more is not', () => {
    const b = new Bench({ frameBytesMax: 1024 });
    const client = b.client(connectFrame());
    b.send(client, requestFrame(1, 1024 - 8));
    expect(client.xids).toEqual([1]);
    b.send(client, requestFrame(2, 1024 - 7));
    expect(client.gone).toBe(true);
  });

  test('any bytes: no throw, and only that connection is closed', () => {
    const b = new Bench();
    const good = b.client(connectFrame());
    let xid = 0;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 200 }), fc.boolean(), (bytes, connected) => {
        const bad = b.client(connected ? connectFrame() : undefined);
        b.send(bad, Buffer.from(bytes), 7);
        b.send(good, requestFrame(++xid));
        expect(good.xids.at(-1)).toBe(xid);
        bad.socket?.destroy();
        b.settle();
        expect(b.port.links.size).toBe(1);
      }),
      { numRuns: 300 },
    );
  });

  test.each([0, 1, 20, 27])('a connect request of %i bytes is bad input', (bytes) => {
    const b = new Bench();
    const client = b.client(frame(Buffer.alloc(bytes)));
    expect(client.gone).toBe(true);
  });

  test('replies of one chunk leave in one write', () => {
    const b = new Bench();
    const client = b.client(connectFrame());
    const before = client.chunks.length;
    b.send(client, Buffer.concat(Array.from({ length: 50 }, (_, i) => requestFrame(i + 1))));
    expect(client.chunks.length - before).toBe(1);
    expect(client.xids.length).toBe(50);
  });
});

describe('four-letter words', () => {
  const ask = (b: Bench, bytes: Buffer | string, size?: number): RawClient => {
    const client = b.client();
    b.send(client, Buffer.from(bytes), size);
    return client;
  };

  test('are answered, then the connection is closed', () => {
    const client = ask(new Bench(), 'srvr');
    expect(client.text).toBe('answer to srvr\n');
    expect(client.gone).toBe(true);
  });

  test('may come byte by byte, and with a newline', () => {
    expect(ask(new Bench(), 'ruok\n', 1).text).toBe('imok');
  });

  test('stmk waits for its eight bytes', () => {
    const b = new Bench();
    const client = ask(b, 'stmk');
    expect(client.text).toBe('');
    b.send(client, Buffer.from([0, 0, 0, 0, 0, 0, 1, 50]), 3);
    expect(b.service.more).toEqual(Buffer.from([0, 0, 0, 0, 0, 0, 1, 50]));
    expect(client.gone).toBe(true);
  });

  test('a client that has ended its side still gets the answer', () => {
    const b = new Bench();
    const client = b.client();
    client.socket?.write(Buffer.from('mntr'));
    client.socket?.end();
    b.settle();
    expect(client.text).toBe('answer to mntr\n');
    expect(client.gone).toBe(true);
  });

  test.each([
    ['srvr', 'srvr is not executed because it is not in the whitelist.\n'],
    ['ruok', 'imok'],
  ])('%s with a whitelist of ruok', (word, answer) => {
    expect(ask(new Bench({ allowedWords: new Set(['ruok']) }), word).text).toBe(answer);
  });

  test.each([
    ['srvr', 'This ZooKeeper instance is not currently serving requests\n'],
    ['ruok', 'imok'],
    ['envi', 'answer to envi\n'],
  ])('%s while not serving', (word, answer) => {
    const b = new Bench();
    b.service.serving = false;
    expect(ask(b, word).text).toBe(answer);
  });

  test('four letters that are no word are a length, and a bad one', () => {
    expect(ask(new Bench(), 'wxyz').gone).toBe(true);
  });
});

describe('limits', () => {
  test('connections of one address, and again when one has left', () => {
    const b = new Bench({ connectionsPerAddressMax: 2 });
    const clients = [b.client(), b.client(), b.client()];
    expect(clients.map((c) => c.gone)).toEqual([false, false, true]);
    expect(b.client(undefined, '10.0.0.9').gone).toBe(false);
    clients[0]?.socket?.destroy();
    b.settle();
    expect(b.client().gone).toBe(false);
    expect(b.named('connection.refused').map((e) => e.fields)).toEqual([
      { remote: '127.0.0.1', limit: 'maxClientCnxns', value: 2 },
    ]);
    expect(b.port.stats.rejected).toBe(1);
  });

  test('connections altogether; 0 is no limit', () => {
    const b = new Bench({ connectionsMax: 1, connectionsPerAddressMax: 0 });
    expect([b.client().gone, b.client().gone]).toEqual([false, true]);
    const open = new Bench({ connectionsMax: 0, connectionsPerAddressMax: 0 });
    const many = Array.from({ length: 100 }, () => open.client());
    expect(many.some((c) => c.gone)).toBe(false);
  });

  test('10 s to send a connect request', () => {
    const b = new Bench();
    const silent = b.client();
    const half = b.client(connectFrame().subarray(0, 20));
    const good = b.client(connectFrame());
    b.pass(9_000);
    expect([silent.gone, half.gone, good.gone]).toEqual([false, false, false]);
    b.pass(2_100);
    expect([silent.gone, half.gone, good.gone]).toEqual([true, true, false]);
  });

  test('5 s for a frame that has begun, however it drips', () => {
    const b = new Bench();
    const client = b.client(connectFrame());
    b.pass(60_000);
    expect(client.gone).toBe(false);
    const slow = requestFrame(1, 100);
    for (let i = 0; i < 4; i++) {
      b.send(client, slow.subarray(i, i + 1));
      b.pass(1_000);
    }
    expect(client.gone).toBe(false);
    b.send(client, slow.subarray(4, 5));
    b.pass(2_500);
    expect(client.gone).toBe(true);
  });

  test('each frame has its own 5 s', () => {
    const b = new Bench();
    const client = b.client(connectFrame());
    const bytes = Buffer.concat([requestFrame(1), requestFrame(2), requestFrame(3), requestFrame(4)]);
    b.send(client, bytes.subarray(0, 5));
    for (let i = 0; i < 3; i++) {
      b.pass(4_000);
      b.send(client, bytes.subarray(5 + i * 12, 17 + i * 12));
    }
    expect(client.gone).toBe(false);
    expect(client.xids).toEqual([1, 2, 3]);
  });

  test('requests in flight: those with outstanding requests are not read, the others are', () => {
    const b = new Bench({ outstandingRequestsMax: 5 });
    b.service.holds = true;
    const greedy = b.client(connectFrame());
    b.send(greedy, Buffer.concat(Array.from({ length: 20 }, (_, i) => requestFrame(i + 1))));
    expect(b.service.requests.length).toBe(6);
    expect(b.port.overloaded).toBe(true);
    const modest = b.client(connectFrame());
    b.send(modest, requestFrame(100));
    expect(b.service.requests.length).toBe(7);
    b.service.release(3);
    b.settle();
    expect(b.service.requests.length).toBe(6);
    while (b.service.requests.length > 0) {
      b.service.release(1);
      b.settle();
    }
    expect(greedy.xids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    expect(modest.xids).toEqual([100]);
    expect([b.port.outstanding, b.port.outstandingBytes]).toEqual([0, 0]);
    expect(b.port.stats.throttled).toBeGreaterThan(0);
  });

  test('a newcomer is served although others have too much in flight', () => {
    const b = new Bench({ outstandingRequestsMax: 2 });
    b.service.holds = true;
    const greedy = b.client(connectFrame());
    b.send(greedy, Buffer.concat([requestFrame(1), requestFrame(2), requestFrame(3), requestFrame(4)]));
    b.service.connects = 'later';
    const newcomer = b.client(connectFrame());
    b.send(newcomer, requestFrame(50));
    b.service.answerConnect(b.service.links[1] as never);
    b.settle();
    expect(b.service.requests.map((r) => r.xid)).toEqual([1, 2, 3, 50]);
  });

  test('bytes in flight', () => {
    const b = new Bench({ outstandingBytesMax: 1000 });
    b.service.holds = true;
    const client = b.client(connectFrame());
    b.send(client, Buffer.concat(Array.from({ length: 10 }, (_, i) => requestFrame(i + 1, 392))));
    expect(b.service.requests.length).toBe(3);
    while (b.service.requests.length > 0) {
      b.service.release(1);
      b.settle();
    }
    expect(client.xids.length).toBe(10);
  });

  test('what a connection had in flight is given back when it goes', () => {
    const b = new Bench({ outstandingRequestsMax: 2 });
    b.service.holds = true;
    const client = b.client(connectFrame());
    b.send(client, Buffer.concat([requestFrame(1), requestFrame(2), requestFrame(3)]));
    const waiting = b.client(connectFrame());
    b.send(waiting, requestFrame(9));
    b.send(waiting, requestFrame(10));
    client.socket?.destroy();
    b.settle();
    expect(b.port.outstanding).toBe(2);
    b.service.release();
    b.settle();
    expect([b.port.outstanding, b.port.outstandingBytes]).toEqual([0, 0]);
    expect(waiting.xids).toEqual([9, 10]);
  });

  test('that too much is in flight is told once, until there is room again', () => {
    const b = new Bench({ outstandingRequestsMax: 2 });
    b.service.holds = true;
    const clients = Array.from({ length: 5 }, () => b.client(connectFrame()));
    const ask = (xid: number): void => {
      for (const client of clients) b.send(client, requestFrame(xid));
    };
    ask(1);
    const told = () => b.named('request.throttled').map((e) => e.fields);
    expect(told()).toEqual([{ outstanding: 3, limit: 'globalOutstandingLimit' }]);
    b.service.release();
    b.settle();
    ask(2);
    expect(told().length).toBe(2);
  });

  test('a client that does not read is not read from, then served when it reads', () => {
    const b = new Bench();
    b.service.replyBytes = 100_000;
    const client = b.client(connectFrame());
    client.socket?.pause();
    b.send(client, Buffer.concat(Array.from({ length: 100 }, (_, i) => requestFrame(i + 1))));
    expect(b.service.requests.length).toBeLessThan(20);
    expect(b.port.links.size).toBe(1);
    client.socket?.resume();
    b.settle();
    expect(client.xids.length).toBe(100);
  });

  test('more than 8 MiB of unread output drops the connection', () => {
    const b = new Bench();
    const client = b.client(connectFrame());
    client.socket?.pause();
    const link = [...b.port.links][0];
    for (let i = 0; i < 100 && b.port.links.size > 0; i++) {
      link?.beginFrame().writeBuffer(Buffer.alloc(200_000));
      link?.endFrame();
      b.settle();
    }
    expect(b.named('connection.slow-reader').length).toBe(1);
    expect(b.service.closedLinks.length).toBe(1);
    link?.beginFrame().writeInt(1);
    link?.endFrame();
    b.settle();
  });

  test('one answer larger than that may take its time, but not with 8 MiB more behind it', () => {
    const b = new Bench();
    const client = b.client(connectFrame());
    client.socket?.pause();
    const link = [...b.port.links][0];
    const answer = (bytes: number): void => {
      link?.beginFrame().writeBuffer(Buffer.alloc(bytes));
      link?.endFrame();
      b.settle();
    };
    answer(20_000_000);
    answer(100);
    answer(100);
    expect(b.port.links.size).toBe(1);
    for (let i = 0; i < 60; i++) answer(200_000);
    expect(b.named('connection.slow-reader').length).toBe(1);
  });

  test('a client that never reads its last reply is let go', () => {
    const b = new Bench();
    const client = b.client(connectFrame());
    client.socket?.pause();
    const link = [...b.port.links][0];
    link?.close('session expired');
    b.settle();
    expect(b.port.links.size).toBe(1);
    b.pass(7_000);
    expect(b.port.links.size).toBe(0);
  });
});

describe('the port', () => {
  test('a port in use is one clear error', () => {
    const b = new Bench();
    const clock = new HandClock();
    const world = { net: b.net, clock, timers: clock, events: SILENT };
    let code: string | undefined;
    new ClientPort(CLIENT_PORT_DEFAULTS, world, new EchoService()).listen((r) => {
      code = 'error' in r ? r.error.code : 'open';
    });
    b.settle();
    expect(code).toBe('ZKT_PORT_IN_USE');
  });

  test('closing delivers what is written, accepts no more, and ends', () => {
    const b = new Bench();
    b.service.holds = true;
    const client = b.client(Buffer.concat([connectFrame(), requestFrame(1)]));
    let ended = 0;
    b.service.release();
    b.port.close('SIGTERM', () => ended++);
    b.settle();
    expect(client.xids).toEqual([1]);
    expect([client.gone, ended, b.port.links.size]).toEqual([true, 1, 0]);
  });

  test('a client that does not close its side holds up the end for half a second only', () => {
    const b = new Bench();
    const client = b.client(connectFrame());
    client.socket?.pause();
    let ended = 0;
    b.port.close('SIGTERM', () => ended++);
    b.settle();
    expect(ended).toBe(0);
    b.pass(600);
    expect([ended, b.port.links.size, b.service.closedLinks.length]).toEqual([1, 0, 1]);
  });

  test('counts what cons and srvr show', () => {
    const b = new Bench();
    const client = b.client(connectFrame());
    b.send(client, Buffer.concat([requestFrame(1), requestFrame(2)]));
    const link = [...b.port.links][0];
    expect(link?.stats).toMatchObject({
      received: 3,
      sent: 3,
      lastCxid: 2,
      lastOp: 3,
      lastZxid: 0x1_0000_0002n,
    });
    expect(link?.stats.latency).toMatchObject({ min: 2, max: 2, last: 2, count: 2 });
    expect(b.port.stats).toMatchObject({ packetsReceived: 3, packetsSent: 3, lastResponseBytes: 16 });
    expect(client.text.length).toBe(b.port.stats.bytesSent);
  });
});
