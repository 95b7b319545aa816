/**
 * What a request costs of CPU in the server alone: the whole standalone server in this process, with a
 * network that takes everything at once and a log that is not forced. Throughput depends on disk, kernel and
 * neighbours; this does not, so that it shows what a change of the code did. Profile it with `node --cpu-prof
 * dist-bench/bench/chain.bench.js set`.
 *
 *     npm run bench -- chain [-- get set create]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  LOAD_OPERATIONS,
  type LoadOperation,
  loadSource,
  makeKeys,
  makeNode,
} from '../src/client/load/load-sources.ts';
import { Bus } from '../src/events/bus.ts';
import { encode } from '../src/jute/schema.ts';
import { systemClock } from '../src/platform/clock.ts';
import { systemCompression } from '../src/platform/compression.ts';
import { systemDisk } from '../src/platform/disk.ts';
import { systemRandom } from '../src/platform/random.ts';
import { systemSecrets } from '../src/platform/secrets.ts';
import { systemTimers } from '../src/platform/timers.ts';
import { ConnectRequest } from '../src/protocol/messages.ts';
import { loadConfig } from '../src/server/config/load-config.ts';
import { startStandalone } from '../src/server/node/start-standalone.ts';
import { Feed, type QuietClient, QuietNet } from './lib/quiet-net.ts';

const CLIENTS = 8;
const DEPTH = 64;
const KEYS = 1000;
const PREFIX = '/bench';
const VALUE = Buffer.alloc(100, 'x');
/** Time for the sessions to be there. */
const SESSIONS_MS = 200;
const WARM_UP_ROUNDS = 200;
const ROUNDS = 600;
/** The best of several counts: whatever else the machine does can only make it slower. */
const REPEATS = 3;

const asked = process.argv.slice(2).filter((it) => LOAD_OPERATIONS.includes(it as LoadOperation));
for (const operation of asked.length > 0 ? (asked as LoadOperation[]) : LOAD_OPERATIONS) {
  const micros: number[] = [];
  for (let i = 0; i < REPEATS; i++) micros.push(await measure(operation));
  const all = micros.map((it) => it.toFixed(2)).join(', ');
  console.log(`${operation.padEnd(7)} ${Math.min(...micros).toFixed(2)} µs of CPU an operation   (${all})`);
}
process.exit(0);

/** CPU time of one operation, µs. */
async function measure(operation: LoadOperation): Promise<number> {
  const dir = mkdtempSync(path.join(tmpdir(), 'zkt-bench-chain-'));
  mkdirSync(path.join(dir, 'data'));
  const net = new QuietNet();
  const world = {
    clock: systemClock,
    timers: systemTimers,
    random: systemRandom,
    secrets: systemSecrets,
    net,
    disk: systemDisk,
    compression: systemCompression,
    events: new Bus('bench', systemClock),
  };
  const definitions = [
    'forceSync=no',
    'snapCount=100000000',
    'globalOutstandingLimit=100000',
    'maxClientCnxns=0',
  ];
  const config = loadConfig(systemDisk, { dataDir: path.join(dir, 'data'), definitions });
  const server = await startStandalone(config, world, {
    answerWord: () => undefined,
    failed: (error) => {
      throw error;
    },
  });
  try {
    const clients = Array.from({ length: CLIENTS }, () => net.dial());
    for (const client of clients) greet(client);
    const load = new Feed(clients, DEPTH);
    await new Promise((resolve) => setTimeout(resolve, SESSIONS_MS));
    await load.all(makeNode(PREFIX));
    await load.all(makeKeys(PREFIX, VALUE, KEYS));
    const settings = { operation, prefix: PREFIX, keys: KEYS, readPercent: 90 };
    const sources = clients.map((_, i) => loadSource(settings, VALUE, i));
    await load.rounds(sources, WARM_UP_ROUNDS);
    const before = process.cpuUsage();
    await load.rounds(sources, ROUNDS);
    const { user, system } = process.cpuUsage(before);
    const errors = clients.reduce((sum, client) => sum + client.errors, 0);
    if (errors > 0) throw new Error(`${errors} operations failed`);
    return (user + system) / (ROUNDS * CLIENTS * DEPTH);
  } finally {
    await server.stop('the benchmark is over');
    rmSync(dir, { recursive: true, force: true });
  }
}

function greet(client: QuietClient): void {
  const request = { protocolVersion: 0, lastZxidSeen: 0n, timeOut: 30_000, sessionId: 0n };
  const bytes = encode(ConnectRequest, { ...request, passwd: Buffer.alloc(16), readOnly: false });
  const length = Buffer.alloc(4);
  length.writeInt32BE(bytes.length);
  client.send(Buffer.concat([length, bytes]));
}
