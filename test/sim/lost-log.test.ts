/** A log file that is gone where one epoch ends and the next begins: zxids do not show it, digests do. */
import { expect, it } from 'vitest';
import { Cluster } from '../../src/sim/cluster.ts';
import { filesAtRest, layAtRest } from '../../src/sim/disk-at-rest.ts';
import type { SimNode } from '../../src/sim/sim-node.ts';
import { TOOLS } from './tools.ts';

const DATA = '/data/version-2';
const WRITES = 30;

/** What came of starting a server again without one of its log files. */
async function startWithout(choose: (logs: readonly string[]) => string | undefined): Promise<SimNode> {
  const config = ['txnLogSizeLimitInKb=1', 'snapCount=1000'];
  const cluster = new Cluster({ seed: 1, servers: 3, config, supervised: false }, TOOLS);
  const serving = (): boolean => cluster.nodes.every((n) => n.mode === 'leader' || n.mode === 'follower');
  cluster.startAll();
  await cluster.run(serving);
  const { client } = cluster.dial('c');
  let made = 0;
  const write = (): void => {
    client.create(`/n${made}`, Buffer.alloc(100)).then(
      () => {
        if (++made % WRITES !== 0) write();
      },
      () => cluster.after(50, write),
    );
  };
  for (let epoch = 1; epoch <= 2; epoch++) {
    write();
    await cluster.run(() => made === WRITES * epoch);
    for (const node of cluster.nodes) node.kill();
    if (epoch === 1) cluster.startAll();
    if (epoch === 1) await cluster.run(serving);
  }
  const [node] = cluster.nodes as [SimNode];
  const files = filesAtRest(node.disk, DATA);
  const lost = choose([...files.keys()].filter((name) => name.startsWith('log.')).sort());
  if (lost !== undefined) files.delete(lost);
  layAtRest(node.disk, DATA, files);
  cluster.startAll();
  await cluster.run(() => node.failure !== undefined || serving());
  cluster.end();
  return node;
}

it('the last log of an epoch', async () => {
  const node = await startWithout((logs) => logs.findLast((name) => name.startsWith('log.1000000')));
  expect(node.failure).toMatchObject({ code: 'ZKT_LOG_CORRUPT' });
  expect(String(node.failure)).toContain('transactions are missing between');
});

it('one within an epoch', async () => {
  const node = await startWithout((logs) => logs.filter((name) => name.startsWith('log.1000000'))[1]);
  expect(node.failure).toMatchObject({ code: 'ZKT_LOG_GAP' });
});

it('none', async () => {
  expect((await startWithout(() => undefined)).failure).toBeUndefined();
});
