/**
 * Clients by others: each does the same on Apache's server and on zkt's, and is told the same.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { findApache } from './apache.ts';
import { hasCClient, runCClient } from './c-client.ts';
import { hasCShell, runCShell } from './c-shell.ts';
import { runJsClient } from './js-client.ts';
import { type Kind, killAll, start, type TestServer } from './servers.ts';

/** In CI all clients must be there: see `.ci/run`. */
const STRICT = process.env.ZKT_INTEROP_STRICT !== undefined;

const dirs: string[] = [];

/** A fresh server whose sessions may be short. */
async function fresh(kind: Kind): Promise<TestServer> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'zkt-foreign-'));
  dirs.push(dataDir);
  return await start(kind, { dataDir, config: ['tickTime=300'] });
}

afterEach(killAll);
afterAll(() => {
  for (const dir of dirs) rmSync(dir, { recursive: true, force: true });
});

/** A client, and what the transcript must hold at least: that it came to its end, and what matters most. */
const CLIENTS = [
  {
    name: 'zookeeper, the C client',
    here: hasCClient(),
    run: runCClient,
    told: [
      'create ttl: "/ttl"',
      'events: 4',
      'session of the heir: "SESSION"',
      'after the end failed: "-101 no node"',
    ],
  },
  {
    name: 'cli_mt, the shell of the C client',
    here: hasCShell(),
    run: runCShell,
    told: [
      '\tname = /c/seq-0000000001',
      'Watcher CHANGED_EVENT state = CONNECTED_STATE for path /c',
      '/absent: rc = -101',
    ],
  },
  {
    name: 'node-zookeeper-client',
    here: true,
    run: runJsClient,
    told: [
      'create PERSISTENT_SEQUENTIAL: "/PERSISTENT_SEQUENTIAL0000000001"',
      'events: 4',
      'session in the end: "expired"',
      'create inside: "/inner"',
    ],
  },
];

describe.skipIf(findApache() === undefined)('a client by others', () => {
  for (const { name, here, run, told } of CLIENTS) {
    it.skipIf(!here && !STRICT)(`${name} is told by zkt what Apache tells it`, async () => {
      const [theirs, ours] = [await fresh('Apache'), await fresh('zkt')];
      const [expected, said] = [await run(theirs.address), await run(ours.address)];
      expect(said).toEqual(expected);
      for (const line of told) expect(said).toContain(line);
      expect(ours.complaints()).toEqual([]);
    });
  }
});
