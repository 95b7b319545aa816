import { expect, it } from 'vitest';
import { Cluster } from '../../src/sim/cluster.ts';
import { TOOLS } from './tools.ts';

it('one server of a cluster starts, serves, and comes back after it was killed, and after a loss of power', async () => {
  const said: string[] = [];
  const cluster = new Cluster({ seed: 1, servers: 1 }, TOOLS, {
    say: (who, text) => said.push(`${Math.round(cluster.now)} ${who} ${text}`),
    event: (node, event) => said.push(`${Math.round(cluster.now)} ${node.name} ${event.name}`),
  });
  cluster.startAll();
  const [node] = cluster.nodes;
  const { client } = cluster.dial('c1');
  let done = 0;
  const work = async (): Promise<void> => {
    await client.create('/a', 'x');
    done++;
    await client.set('/a', 'y');
    done++;
  };
  work();
  await cluster
    .run(() => done === 2, 3000)
    .catch((e) => {
      throw e;
    });
  node?.kill();
  await cluster.pass(300);
  node?.start();
  let data: string | undefined;
  const read = (): void => {
    client.get('/a').then(
      (got) => {
        data = got.data?.toString();
      },
      () => cluster.after(50, read),
    );
  };
  read();
  await cluster.run(() => data !== undefined);
  expect(data).toBe('y');
  data = undefined;
  node?.powerCut();
  await cluster.pass(300);
  node?.start();
  read();
  await cluster.run(() => data !== undefined);
  expect(data).toBe('y');
  const began = cluster.now;
  await cluster.pass(3_600_000);
  expect(cluster.now - began).toBeGreaterThanOrEqual(3_600_000);
  cluster.end();
  expect(said.filter((line) => line.includes(' is killed'))).toHaveLength(2);
});

it('servers that start again after an epoch without a write bring each other up to date without a snapshot', async () => {
  const plans: string[] = [];
  const serving = new Set<string>();
  const cluster = new Cluster({ seed: 2, servers: 3 }, TOOLS, {
    say: () => {},
    event: (node, { name, fields }) => {
      if (name === 'zab.sync-chosen') plans.push(String((fields as { plan: string }).plan));
      if (name === 'zab.established' || name === 'zab.synced') serving.add(node.name);
    },
  });
  const { client } = cluster.dial('c1');
  let written = false;
  client.create('/a', 'x').then(() => {
    written = true;
  });
  for (let round = 0; round < 4; round++) {
    serving.clear();
    cluster.startAll();
    await cluster.run(() => serving.size === 3 && written);
    if (round === 0) client.close();
    await cluster.pass(500);
    for (const node of cluster.nodes) node.kill();
    await cluster.pass(100);
  }
  cluster.end();
  expect(plans).toEqual(Array.from({ length: 8 }, () => 'DIFF'));
});

it('every server writes snapshots of its own, followers and observers as well', async () => {
  const wrote = new Map<string, number>();
  const cluster = new Cluster({ seed: 3, servers: 3, observers: 1, config: ['snapCount=6'] }, TOOLS, {
    say: () => {},
    event: (node, event) => {
      if (event.name === 'snapshot.finished') wrote.set(node.name, (wrote.get(node.name) ?? 0) + 1);
    },
  });
  cluster.startAll();
  const { client } = cluster.dial('c1');
  let over = false;
  const work = async (): Promise<void> => {
    await client.create('/a', 'x');
    for (let i = 0; i < 40; i++) await client.set('/a', `${i}`);
    over = true;
  };
  work();
  await cluster.run(() => over, 10_000);
  await cluster.pass(300);
  for (const { name } of cluster.nodes) expect(wrote.get(name) ?? 0, name).toBeGreaterThanOrEqual(3);
  cluster.end();
});
