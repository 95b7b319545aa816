// Records what the golden screens and the pictures of the dashboard show: a real ensemble of three servers
// that loses its leader while clients write, and a client that dies and whose session expires.
//
//     node scripts/record-failover.mjs test/tui/screens/failover.zktrec
//
// Servers, clients and `zkt record` are processes; all of them are ended. The time line, seconds:
//
//     0 servers start   3 recording   4 clients write   8 the holder of a lock is killed   12 the leader is
//     killed, and comes back by itself   about 17 the holder's session expires   24 the end
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect } from '../dist/client/index.js';

const zkt = path.join(import.meta.dirname, '..', 'bin', 'zkt');
const BASE_PORT = 26181;
const SERVERS = [0, 1, 2].map((i) => `127.0.0.1:${BASE_PORT + i}`).join();
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
const children = new Set();
process.once('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

function start(args, options = {}) {
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
  children.add(child);
  child.once('exit', () => children.delete(child));
  return child;
}
const gone = (child) => new Promise((done) => (child.exitCode === null ? child.once('exit', done) : done()));

/** A client that holds a lock and watches, and does nothing else. */
async function hold() {
  const client = connect({ servers: SERVERS, sessionTimeoutMs: 4000, clientName: 'lock-holder' });
  await client.create('/locks/orders', 'lock-holder', { mode: 'ephemeral' });
  await client.create('/workers/w-', 'lock-holder', { mode: 'ephemeralSequential' });
  await client.exists('/config/limits', () => {});
}

const names = ['orders', 'billing', 'search', 'audit'];

/** A client that works: now and then a write, more often a read, whatever happens to the servers. */
async function work(name, signal) {
  const client = connect({ servers: SERVERS, sessionTimeoutMs: 6000, clientName: `${name}-service` });
  const patiently = async (ask) => {
    while (!signal.aborted) {
      try {
        return await ask();
      } catch {
        await pause(20);
      }
    }
  };
  await patiently(() => client.create(`/workers/${name}`, name, { mode: 'ephemeral' }));
  for (let i = 0; !signal.aborted; i++) {
    await patiently(() => client.set(`/app/${name}`, `state ${i} of ${name} ${'.'.repeat((i * 7) % 90)}`));
    for (let n = 0; n < 3; n++) await patiently(() => client.get(`/app/${names[(i + n) % names.length]}`));
    if (i % 10 === 0) await patiently(() => client.get('/config/limits', () => {}));
    if (i % 25 === 0) await patiently(() => client.getChildren('/workers'));
    await pause(30 + ((i * 13) % 40));
  }
  await client.close();
}

if (process.argv[2] === '--hold') await hold();
else {
  const file = process.argv[2];
  if (file === undefined) throw new Error('where to? node scripts/record-failover.mjs FILE');
  rmSync(file, { force: true });
  const dir = mkdtempSync(path.join(tmpdir(), 'zkt-failover-'));
  const up = ['up', '--no-top', '--data', dir, '--base-port', String(BASE_PORT), '--log-level', 'error'];
  const ensemble = start([zkt, ...up]);
  await pause(3000);
  const recorder = start([zkt, 'record', file, '-s', SERVERS, '--budget', '400']);
  await pause(1000);
  const first = connect({ servers: SERVERS });
  for (const node of ['/app', '/locks', '/workers', '/config', '/config/limits'])
    await first.create(node, 'x');
  for (const name of names) await first.create(`/app/${name}`, 'begin');
  await first.close();
  const over = new AbortController();
  const working = names.map((name) => work(name, over.signal));
  const holder = start([import.meta.filename, '--hold']);
  await pause(4000);
  holder.kill('SIGKILL');
  await pause(4000);
  // The last server to have the votes: the highest id of three that start together.
  process.kill(Number(readFileSync(path.join(dir, '3', 'zkt.pid'), 'utf8').split(' ')[0]), 'SIGKILL');
  await pause(12_000);
  over.abort();
  await Promise.all(working);
  recorder.kill('SIGINT');
  await gone(recorder);
  ensemble.kill('SIGTERM');
  await gone(ensemble);
  rmSync(dir, { recursive: true, force: true });
  process.exit(0);
}
