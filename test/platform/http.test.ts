import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { systemHttpServing } from '../../src/platform/http.ts';
import type { HttpHandler, HttpListener } from '../../src/ports/http.ts';

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

const serve = (handler: HttpHandler, idleTimeoutMs = 30_000): Promise<HttpListener> =>
  new Promise((resolve, reject) => {
    systemHttpServing.listen({ host: '127.0.0.1', port: 0, idleTimeoutMs }, handler, (result) => {
      if ('error' in result) reject(result.error);
      else {
        open.push(() => result.listener.close(() => {}));
        resolve(result.listener);
      }
    });
  });

/** A raw connection, and what came over it. */
function connect(port: number) {
  const socket = net.connect(port, '127.0.0.1');
  const seen = { text: '', closed: false };
  socket.on('data', (chunk) => {
    seen.text += chunk.toString('latin1');
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    seen.closed = true;
  });
  open.push(() => socket.destroy());
  return { socket, seen };
}

const until = async (what: () => boolean, why: string): Promise<void> => {
  const deadline = Date.now() + 5_000;
  while (!what()) {
    if (Date.now() > deadline) throw new Error(`waited too long: ${why}`);
    await new Promise((r) => setTimeout(r, 2));
  }
};

const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const answer: HttpHandler = ({ path }, reply) => {
  reply.begin(200, { 'content-length': String(path.length) });
  reply.end(path);
};

describe('questions of one connection', () => {
  test('that come in one piece are answered in their order, with turns of the loop between them', async () => {
    let turn = 0;
    const turns: number[] = [];
    const tick = setInterval(() => turn++, 0);
    open.push(() => clearInterval(tick));
    const count = (): void => {
      turn++;
      if (turns.length < 4) setImmediate(count);
    };
    count();
    const { port } = await serve((request, reply) => {
      turns.push(turn);
      answer(request, reply);
    });
    const { socket, seen } = connect(port);
    socket.write(['/a', '/b', '/c', '/d'].map(ask).join(''));
    await until(() => seen.text.endsWith('/d'), 'four answers');
    expect(seen.text.match(/^\/[a-d]/gm)).toEqual(['/a', '/b', '/c', '/d']);
    expect(new Set(turns).size).toBe(4);
    socket.write(ask('/e'));
    await until(() => seen.text.endsWith('/e'), 'one more');
  });
  test('are not taken in by the thousand', async () => {
    let answered = 0;
    const { port } = await serve((request, reply) => {
      answered++;
      answer(request, reply);
    });
    const { socket, seen } = connect(port);
    socket.write(ask('/a').repeat(1_000));
    await until(() => seen.closed, 'the end');
    expect(answered).toBeLessThan(50);
    const after = connect(port);
    after.socket.write(ask('/b'));
    await until(() => after.seen.text.endsWith('/b'), 'the next client');
  });
  test('behind one that streams wait for its end', async () => {
    let streams = 0;
    const { port } = await serve((_request, reply) => {
      streams++;
      reply.begin(200, {});
      reply.write('line\n');
    });
    const { socket, seen } = connect(port);
    socket.write(ask('/events').repeat(3));
    await until(() => seen.text.includes('line'), 'a line');
    await new Promise((r) => setTimeout(r, 30));
    expect(streams).toBe(1);
    socket.destroy();
    await new Promise((r) => setTimeout(r, 30));
    expect(streams).toBe(1);
  });
});

test('an answer that nobody reads is not kept for ever, a stream goes on', async () => {
  const gone: string[] = [];
  const { port } = await serve(({ path }, reply) => {
    reply.onGone(() => gone.push(path));
    reply.begin(200, {});
    if (path === '/stream') reply.write('line\n');
    else reply.end('x'.repeat(20_000_000));
  }, 100);
  const stream = connect(port);
  stream.socket.write(ask('/stream'));
  const hung = connect(port);
  hung.socket.pause();
  hung.socket.write(ask('/large'));
  await until(() => gone.length > 0, 'the end of who does not read');
  expect(gone).toEqual(['/large']);
  expect(stream.seen.text).toContain('line');
});

test('who does not say what it asks is cut off, also one that dribbles; a stream goes on', async () => {
  const { port } = await serve((_request, reply) => {
    reply.begin(200, {});
    reply.write('line\n');
  }, 500);
  const silent = connect(port);
  const dribbling = connect(port);
  const timer = setInterval(() => dribbling.socket.write('x'), 50);
  open.push(() => clearInterval(timer));
  dribbling.socket.write('GET / HTTP/1.1\r\nX: ');
  const stream = connect(port);
  stream.socket.write(ask('/stream'));
  await until(() => silent.seen.closed && dribbling.seen.closed, 'their end');
  expect(stream.seen.closed).toBe(false);
});
