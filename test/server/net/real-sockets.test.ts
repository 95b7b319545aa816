import { createConnection, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { SILENT } from '../../../src/events/bus.ts';
import { systemClock } from '../../../src/platform/clock.ts';
import { systemNet } from '../../../src/platform/net.ts';
import { systemTimers } from '../../../src/platform/timers.ts';
import { ClientPort } from '../../../src/server/net/client-port.ts';
import { CLIENT_PORT_DEFAULTS, type ClientPortOptions } from '../../../src/server/net/client-service.ts';
import { connectFrame, EchoService, requestFrame } from './fake-service.ts';

const open: { port: ClientPort; sockets: Socket[] }[] = [];
afterEach(async () => {
  for (const { port, sockets } of open.splice(0)) {
    for (const s of sockets) s.destroy();
    await new Promise<void>((done) => port.close('the test is over', done));
  }
});

/** A client port on real sockets. */
async function serve(options: Partial<ClientPortOptions> = {}) {
  const service = new EchoService();
  const world = { net: systemNet, clock: systemClock, timers: systemTimers, events: SILENT };
  const all = { ...CLIENT_PORT_DEFAULTS, port: 0, allowedWords: new Set(['*']), ...options };
  const port = new ClientPort(all, world, service);
  const at = await new Promise<number>((resolve, reject) =>
    port.listen((r) => ('error' in r ? reject(r.error) : resolve(r.port))),
  );
  const sockets: Socket[] = [];
  open.push({ port, sockets });
  const client = async (...frames: Buffer[]) => {
    const socket = createConnection({ port: at, host: '127.0.0.1', allowHalfOpen: true });
    sockets.push(socket);
    const heard = { bytes: 0, ended: false, closed: false, text: '' };
    socket.on('data', (chunk) => {
      heard.bytes += chunk.length;
      if (heard.bytes < 10_000) heard.text += chunk.toString('latin1');
    });
    socket.on('end', () => {
      heard.ended = true;
    });
    socket.on('close', () => {
      heard.closed = true;
    });
    socket.on('error', () => {});
    await new Promise((done) => socket.on('connect', done));
    for (const frame of frames) socket.write(frame);
    return { socket, heard };
  };
  return { service, port, client };
}

const until = async (what: () => boolean): Promise<void> => {
  const deadline = Date.now() + 5000;
  while (!what()) {
    if (Date.now() > deadline) throw new Error('waited too long');
    await new Promise((r) => setTimeout(r, 2));
  }
};

describe('the client port on real sockets', () => {
  test('ten thousand requests in one burst, all answered', async () => {
    const { client } = await serve();
    const { heard } = await client(
      Buffer.concat([connectFrame(), ...Array.from({ length: 10_000 }, (_, i) => requestFrame(i + 1))]),
    );
    await until(() => heard.bytes === 41 + 10_000 * 20);
  });

  test('a frame that drips is cut off, a silent connection too, a quiet session is not', async () => {
    const { client } = await serve({ frameTimeoutMs: 60, connectRequestTimeoutMs: 60 });
    const quiet = await client(connectFrame());
    const silent = await client();
    const slow = await client(connectFrame(), requestFrame(1).subarray(0, 7));
    const drip = setInterval(() => slow.socket.write(Buffer.from([0])), 25);
    await until(() => slow.heard.ended || slow.heard.closed);
    clearInterval(drip);
    await until(() => silent.heard.ended || silent.heard.closed);
    expect(quiet.heard.ended).toBe(false);
  });

  test('a client that ends its side is let go, with what it was owed', async () => {
    const { client, port } = await serve();
    const { socket, heard } = await client(connectFrame(), requestFrame(1));
    socket.end();
    await until(() => heard.ended);
    expect(heard.bytes).toBe(41 + 20);
    await until(() => port.links.size === 0);
  });

  test('a client that does not read is not read from, and gets everything once it reads', async () => {
    const { client, service } = await serve();
    service.replyBytes = 500_000;
    const { socket, heard } = await client();
    socket.pause();
    socket.write(
      Buffer.concat([connectFrame(), ...Array.from({ length: 60 }, (_, i) => requestFrame(i + 1))]),
    );
    await until(() => service.requests.length > 2);
    await new Promise((r) => setTimeout(r, 50));
    expect(service.requests.length).toBeLessThan(40);
    socket.resume();
    await until(() => heard.bytes === 41 + 60 * 500_020);
  });

  test('more unread output than allowed drops the connection, and its memory', async () => {
    const { client, port, service } = await serve({ unreadBytesMax: 100_000 });
    const { socket } = await client(connectFrame());
    await until(() => service.links.length === 1);
    socket.pause();
    const link = service.links[0];
    while (port.links.size > 0) {
      link?.beginFrame().writeBuffer(Buffer.alloc(100_000));
      link?.endFrame();
      await new Promise((r) => setImmediate(r));
    }
    expect(port.stats.dropped).toBe(1);
  });

  test('a reset in mid-frame ends that connection only', async () => {
    const { client, port } = await serve();
    const good = await client(connectFrame());
    const bad = await client(connectFrame(), requestFrame(1, 100).subarray(0, 30));
    await until(() => port.links.size === 2);
    bad.socket.resetAndDestroy();
    await until(() => port.links.size === 1);
    good.socket.write(requestFrame(9));
    await until(() => good.heard.bytes === 41 + 20);
  });
});
