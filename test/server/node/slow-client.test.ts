import { mkdtempSync, rmSync } from 'node:fs';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Codec, encode } from '../../../src/jute/schema.ts';
import { OPEN_ACL } from '../../../src/protocol/acl.ts';
import { ConnectRequest, CreateRequest, PathWatchRequest } from '../../../src/protocol/messages.ts';
import { OP } from '../../../src/protocol/opcodes.ts';
import { type InProcess, startInProcess } from '../../golden/zkt-in-process.ts';

const dir = mkdtempSync(join(tmpdir(), 'zkt-slow-client-'));
let zkt: InProcess;
beforeAll(async () => {
  zkt = await startInProcess(dir, ['zookeeper.forceSync=no']);
});
afterAll(async () => {
  await zkt.stop();
  rmSync(dir, { recursive: true, force: true });
});

const framed = (payload: Buffer): Buffer => {
  const length = Buffer.alloc(4);
  length.writeInt32BE(payload.length);
  return Buffer.concat([length, payload]);
};
const request = <T>(xid: number, op: number, codec: Codec<T>, body: T): Buffer => {
  const header = Buffer.alloc(8);
  header.writeInt32BE(xid, 0);
  header.writeInt32BE(op, 4);
  return framed(Buffer.concat([header, encode(codec, body)]));
};

/** Resolves when that many frames have come, the one of the connect request included; with their xids. */
const frames = (socket: Socket, count: number): Promise<number[]> =>
  new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const xids: number[] = [];
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      while (bytes.length >= 8 && bytes.length >= 4 + bytes.readInt32BE(0)) {
        xids.push(bytes.readInt32BE(4));
        bytes = bytes.subarray(4 + bytes.readInt32BE(0));
      }
      if (xids.length >= count) resolve(xids);
    });
  });

it('reads behind a write wait for a client that is slow to take them, and come in order', async () => {
  const socket = createConnection({ port: zkt.running.port, host: '127.0.0.1' });
  const READS = 60;
  const all = frames(socket, READS + 4);
  const hello = { protocolVersion: 0, lastZxidSeen: 0n, timeOut: 30_000, sessionId: 0n };
  socket.write(framed(encode(ConnectRequest, { ...hello, passwd: Buffer.alloc(16), readOnly: false })));
  const node = (path: string, bytes: number) => ({
    path,
    data: Buffer.alloc(bytes),
    acl: [...OPEN_ACL],
    flags: 0,
  });
  socket.write(request(1, OP.create, CreateRequest, node('/big', 1_000_000)));
  await new Promise((done) => setTimeout(done, 100));
  socket.pause();
  const burst = [request(2, OP.create, CreateRequest, node('/w', 0))];
  for (let i = 0; i < READS; i++) {
    burst.push(request(3 + i, OP.getData, PathWatchRequest, { path: '/big', watch: false }));
  }
  socket.write(Buffer.concat(burst));
  let most = 0;
  for (let i = 0; i < 20; i++) {
    await new Promise((done) => setTimeout(done, 10));
    for (const link of zkt.running.server.port.links) most = Math.max(most, link.unreadBytes);
  }
  expect(most).toBeGreaterThan(0);
  expect(most).toBeLessThan(4_000_000);
  socket.resume();
  socket.write(request(3 + READS, OP.create, CreateRequest, node('/w2', 0)));
  expect(await all).toEqual([0, ...Array.from({ length: READS + 3 }, (_, i) => i + 1)]);
  socket.destroy();
});

it('a wrong password does not cut off who holds the session', async () => {
  const hello = (sessionId: bigint) =>
    framed(
      encode(ConnectRequest, {
        protocolVersion: 0,
        lastZxidSeen: 0n,
        timeOut: 30_000,
        sessionId,
        passwd: Buffer.alloc(16),
        readOnly: false,
      }),
    );
  const holder = createConnection({ port: zkt.running.port, host: '127.0.0.1' });
  let closed = false;
  holder.on('close', () => {
    closed = true;
  });
  const stands = frames(holder, 1);
  holder.write(hello(0n));
  await stands;
  const { sessionId } = [...zkt.running.server.port.links].at(-1) ?? { sessionId: 0n };
  const thief = createConnection({ port: zkt.running.port, host: '127.0.0.1' });
  const refused = frames(thief, 1);
  thief.write(hello(sessionId));
  await refused;
  await new Promise((done) => setTimeout(done, 30));
  expect(closed).toBe(false);
  holder.destroy();
  thief.destroy();
});
