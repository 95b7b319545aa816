import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { connect } from '../../src/client/index.ts';
import { freePort, startServer } from './server-process.ts';

const SESSION_MS = 3000;
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

it('a server that was paused longer than its sessions live hears its clients before it ends them', {
  timeout: 60_000,
}, async () => {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'zkt-pause-'));
  const definitions = ['tickTime=250', 'maxClientCnxns=0'];
  const server = await startServer({ dataDir, port: await freePort(), definitions });
  try {
    const options = { servers: `127.0.0.1:${server.port}`, sessionTimeoutMs: SESSION_MS, localExpiry: false };
    const clients = Array.from({ length: 12 }, () => connect(options));
    await Promise.all(clients.map((client) => client.connected()));
    const sessions = clients.map((client) => client.sessionId);
    await Promise.all(clients.map((client, i) => client.create(`/e${i}`, null, { mode: 'ephemeral' })));
    process.kill(server.pid, 'SIGSTOP');
    await sleep(SESSION_MS * 1.5);
    process.kill(server.pid, 'SIGCONT');
    await Promise.all(clients.map((client) => client.connected(10_000)));
    expect(clients.map((client) => client.sessionId)).toEqual(sessions);
    for (const [i, client] of clients.entries()) expect(await client.exists(`/e${i}`)).toBeDefined();
    await Promise.all(clients.map((client) => client.close()));
  } finally {
    await server.kill();
    rmSync(dataDir, { recursive: true, force: true });
  }
});
