/** The survey against servers that do what they like: it always ends, in time, with what is known. */
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { survey } from '../../../src/inspect/ensemble/survey.ts';
import { systemNet } from '../../../src/platform/net.ts';
import { systemTimers } from '../../../src/platform/timers.ts';

const TIMEOUT_MS = 300;
const open: { server: Server; sockets: Set<Socket> }[] = [];
afterEach(() => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
});

/** A server that does something with each connection, told the word it was asked. */
async function fake(answer: (socket: Socket, word: string) => void): Promise<{ host: string; port: number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (bytes) => answer(socket, bytes.toString('latin1', 0, 4)));
  });
  open.push({ server, sockets });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
}

const look = async (...servers: { host: string; port: number }[]) => {
  const from = performance.now();
  const ports = { net: systemNet, timers: systemTimers };
  const whole = await survey(ports, { servers, timeoutMs: TIMEOUT_MS, auth: [] });
  return { whole, ms: performance.now() - from };
};

const srvr = (mode: string, zxid: string): string =>
  `Zookeeper version: 3.8.0-x, built on y\nZxid: ${zxid}\nMode: ${mode}\nNode count: 5\n`;
const words = (answers: Readonly<Record<string, string>>) => (socket: Socket, word: string) =>
  socket.end(answers[word] ?? '');

test.each<[string, (socket: Socket, word: string) => void, RegExp]>([
  ['one that never answers', () => {}, /no answer within 300 ms/],
  [
    'one that drips',
    (socket) => {
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    },
    /no answer within 300 ms/,
  ],
  [
    'one that floods',
    (socket) => {
      const flood = (error?: Error | null): void => {
        if (!error && !socket.destroyed) socket.write(Buffer.alloc(256 * 1024, 'y'), flood);
      };
      flood();
    },
    /^it said: y{191}$|^it said: y+$|cannot connect|no answer/,
  ],
  ['one that speaks of nothing', (socket) => socket.end('\0\x1b[2J'), /^it said/],
])('%s', async (_name, answer, problem) => {
  const { whole, ms } = await look(await fake(answer));
  const said = whole.servers[0]?.problem ?? '';
  expect(said).toMatch(problem);
  // Whoever says nothing in time is as good as not there.
  expect(whole).toMatchObject({ healthy: false, reached: said.startsWith('it said') });
  expect(ms).toBeLessThan(6 * TIMEOUT_MS);
});

test('members are found in conf, each asked once, whatever it was called', async () => {
  const second = await fake(
    words({ srvr: srvr('leader', '0x100000001'), conf: 'serverId=2\nmembership: \n' }),
  );
  const conf = (port: number): string =>
    `serverId=1\nmembership: \nserver.1=127.0.0.1:1:2;127.0.0.1:${port}\nserver.2=127.0.0.1:3:4;0.0.0.0:${second.port}\nversion=0`;
  const first = await fake((socket, word) => {
    words({ srvr: srvr('follower', '0x100000001'), conf: conf(socket.localPort ?? 0) })(socket, word);
  });
  const { whole } = await look(first, { host: 'localhost', port: first.port });
  expect(whole.servers.map(({ id, mode, lag }) => [id, mode, lag])).toEqual([
    [1, 'follower', 0],
    [2, 'leader', 0],
  ]);
  expect(whole).toMatchObject({
    healthy: true,
    leader: 'server 2',
    epoch: 1,
    voters: { serving: 2, total: 2 },
  });
});

test('lag is what lasts', async () => {
  let asked = 0;
  const leader = await fake(words({ srvr: srvr('leader', '0x100000009') }));
  const slow = await fake(words({ srvr: srvr('follower', '0x100000002') }));
  const quick = await fake((socket) =>
    socket.end(srvr('follower', asked++ < 2 ? '0x100000002' : '0x10000000a')),
  );
  const { whole } = await look(leader, slow, quick);
  expect(whole.servers.map(({ lag }) => lag)).toEqual([0, 7, 0]);
  expect(whole.servers[1]?.problem).toBe('lagging: 7 transactions behind the leader');
});
