import { afterEach, describe, expect, test } from 'vitest';
import { systemNet } from '../../src/platform/net.ts';
import type { Listener, ListenResult, Socket, SocketHandler } from '../../src/ports/net.ts';

/** One end: keeps what it hears. */
class End implements SocketHandler {
  socket: Socket | undefined;
  readonly chunks: Buffer[] = [];
  drains = 0;
  ends = 0;
  closes: (Error | undefined)[] = [];
  opened(socket: Socket): void {
    this.socket = socket;
  }
  data(chunk: Buffer): void {
    this.chunks.push(chunk);
  }
  drained(): void {
    this.drains++;
  }
  ended(): void {
    this.ends++;
  }
  closed(error: Error | undefined): void {
    this.closes.push(error);
  }
  get bytes(): number {
    return this.chunks.reduce((sum, c) => sum + c.length, 0);
  }
}

const open: Listener[] = [];
afterEach(async () => {
  for (const l of open.splice(0)) await new Promise<void>((done) => l.close(done));
});

const until = async (what: () => boolean): Promise<void> => {
  const deadline = Date.now() + 5000;
  while (!what()) {
    if (Date.now() > deadline) throw new Error('waited too long');
    await new Promise((r) => setTimeout(r, 2));
  }
};

const listen = (host = '127.0.0.1'): Promise<{ listener: Listener; ends: End[] }> =>
  new Promise((resolve, reject) => {
    const ends: End[] = [];
    systemNet.listen(
      { host, port: 0 },
      (socket) => {
        const end = new End();
        end.socket = socket;
        ends.push(end);
        return end;
      },
      (result) => {
        if ('error' in result) reject(result.error);
        else {
          open.push(result.listener);
          resolve({ listener: result.listener, ends });
        }
      },
    );
  });

const pair = async (): Promise<{ near: End; far: End }> => {
  const { listener, ends } = await listen();
  const near = new End();
  systemNet.connect({ host: '127.0.0.1', port: listener.port, timeoutMs: 2000 }, near);
  await until(() => near.socket !== undefined && ends.length === 1);
  return { near, far: ends[0] as End };
};

describe('sockets', () => {
  test('bytes go both ways, addresses are plain', async () => {
    const { near, far } = await pair();
    expect(near.socket?.write(Buffer.from('ping'))).toBe(true);
    await until(() => far.bytes === 4);
    far.socket?.write(Buffer.from('pong!'));
    await until(() => near.bytes === 5);
    expect(far.socket?.remoteAddress).toBe('127.0.0.1');
    expect(far.socket?.remotePort).toBe(near.socket?.localPort);
    near.socket?.destroy();
    await until(() => near.closes.length === 1 && far.closes.length + far.ends >= 1);
    far.socket?.destroy();
    await until(() => far.closes.length === 1);
  });

  test('IPv4 clients of an IPv6 listener have IPv4 addresses', async (context) => {
    const { listener, ends } = await listen('::').catch(() => ({ listener: undefined, ends: [] }));
    if (listener === undefined) return context.skip('no IPv6 here');
    const near = new End();
    systemNet.connect({ host: '127.0.0.1', port: listener.port, timeoutMs: 2000 }, near);
    await until(() => ends.length === 1);
    expect(ends[0]?.socket?.remoteAddress).toBe('127.0.0.1');
    near.socket?.destroy();
    ends[0]?.socket?.destroy();
  });

  test('a full kernel is told, and its end too, and no byte is lost', async () => {
    const { near, far } = await pair();
    far.socket?.pause();
    const chunk = Buffer.alloc(1 << 20, 7);
    let taken = 0;
    while (near.socket?.write(chunk) === true) taken++;
    near.socket?.write(chunk);
    expect(near.socket?.pendingBytes).toBeGreaterThan(1 << 20);
    expect(near.drains).toBe(0);
    far.socket?.resume();
    await until(() => near.drains > 0);
    expect(near.socket?.pendingBytes).toBe(0);
    await until(() => far.bytes === (taken + 2) * chunk.length);
    near.socket?.destroy();
    far.socket?.destroy();
  });

  test('small pending output is drained too', async () => {
    const { near, far } = await pair();
    far.socket?.pause();
    while (near.socket?.write(Buffer.alloc(1 << 16)) === true);
    far.socket?.resume();
    await until(() => near.drains > 0 && near.socket?.pendingBytes === 0);
    near.socket?.destroy();
    far.socket?.destroy();
  });

  test('end delivers what is pending; the other half stays open until it ends too', async () => {
    const { near, far } = await pair();
    near.socket?.write(Buffer.from('last words'));
    near.socket?.end();
    await until(() => far.ends === 1);
    expect(far.bytes).toBe(10);
    expect(near.closes).toEqual([]);
    far.socket?.write(Buffer.from('heard'));
    await until(() => near.bytes === 5);
    far.socket?.end();
    await until(() => near.closes.length === 1 && far.closes.length === 1);
  });

  test('writing to a socket that is gone does nothing', async () => {
    const { near, far } = await pair();
    near.socket?.destroy();
    expect(near.socket?.write(Buffer.from('x'))).toBe(true);
    await until(() => near.closes.length === 1);
    far.socket?.destroy();
  });
});

describe('connecting and listening', () => {
  test('a refused connection is told as closed, once', async () => {
    const { listener } = await listen();
    const { port } = listener;
    await new Promise<void>((done) => (open.pop() as Listener).close(done));
    const near = new End();
    systemNet.connect({ host: '127.0.0.1', port, timeoutMs: 2000 }, near);
    await until(() => near.closes.length === 1);
    expect((near.closes[0] as NodeJS.ErrnoException).code).toBe('ECONNREFUSED');
    expect(near.socket).toBeUndefined();
  });

  test('cancel ends in closed', async () => {
    const { listener } = await listen();
    const near = new End();
    systemNet.connect({ host: '127.0.0.1', port: listener.port, timeoutMs: 2000 }, near).cancel();
    await until(() => near.closes.length === 1);
    expect(near.socket).toBeUndefined();
  });

  test('a listener is closed, and its port free, while connections that came in by it go on', async () => {
    const { listener, ends } = await listen();
    const { port } = listener;
    const client = new End();
    systemNet.connect({ host: '127.0.0.1', port, timeoutMs: 2000 }, client);
    await until(() => client.socket !== undefined && ends.length === 1);
    await new Promise<void>((done) => listener.close(done));
    open.splice(0);
    const again = await new Promise<ListenResult>((done) => {
      systemNet.listen({ host: '127.0.0.1', port }, () => undefined, done);
    });
    if ('error' in again) throw again.error;
    open.push(again.listener);
    ends[0]?.socket?.write(Buffer.from('still here'));
    await until(() => client.bytes === 10);
    client.socket?.destroy();
  });

  test('a port in use is an error with its code', async () => {
    const { listener } = await listen();
    const result = await new Promise((done) =>
      systemNet.listen({ host: '127.0.0.1', port: listener.port }, () => undefined, done),
    );
    expect(result).toMatchObject({ error: { code: 'EADDRINUSE' } });
  });
});
