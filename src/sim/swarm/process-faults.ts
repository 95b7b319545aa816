/** Faults of processes and of their clocks: dying, standing still, being slow, and living in another time. */
import type { Prng } from '../../base/prng.ts';
import type { Cluster } from '../cluster.ts';
import type { SimNode } from '../sim-node.ts';
import type { BegunFault, FaultKind } from './fault.ts';

const process = (name: string, about: string, begin: FaultKind['begin']): FaultKind => ({
  name,
  group: 'process',
  about,
  begin,
});

const clock = (name: string, about: string, begin: FaultKind['begin']): FaultKind => ({
  ...process(name, about, begin),
  group: 'clock',
});

const running = (cluster: Cluster): SimNode[] => cluster.nodes.filter((n) => n.up && !n.paused);

/** Puts nodes down, and up again when it is healed. */
function putDown(cluster: Cluster, nodes: readonly SimNode[], how: (node: SimNode) => void): () => void {
  for (const node of nodes) {
    cluster.heldDown.add(node);
    how(node);
  }
  return () => {
    for (const node of nodes) {
      cluster.heldDown.delete(node);
      node.start();
    }
  };
}

const oneOf = (cluster: Cluster, random: Prng): SimNode | undefined => {
  const up = running(cluster);
  return up.length === 0 ? undefined : random.pick(up);
};

function killed(cluster: Cluster, nodes: readonly SimNode[], text: string): BegunFault {
  return { text, heal: putDown(cluster, nodes, (node) => node.kill()) };
}

function paused(node: SimNode, text: string): BegunFault {
  node.pause();
  return { text, heal: () => node.resume() };
}

function crashLoop(cluster: Cluster, random: Prng): BegunFault | undefined {
  const node = oneOf(cluster, random);
  if (node === undefined) return undefined;
  let over = false;
  cluster.heldDown.add(node);
  const round = (): void => {
    if (over) return;
    if (node.up) node.kill();
    else node.start();
    cluster.after(10 + random.next() * (node.up ? 700 : 200), round);
  };
  round();
  return {
    text: `${node.name} crashes again and again`,
    heal: () => {
      over = true;
      cluster.heldDown.delete(node);
      node.start();
    },
  };
}

function rollingRestart(cluster: Cluster, random: Prng): BegunFault {
  const wait = 300 + random.next() * 2500;
  const down = 50 + random.next() * 500;
  cluster.nodes.forEach((node, i) => {
    cluster.after(i * (wait + down), () => {
      if (!node.up || node.paused) return;
      cluster.heldDown.add(node);
      node.stop();
      cluster.after(down, () => {
        // It may not have stopped in good order by then.
        node.kill();
        cluster.heldDown.delete(node);
        node.start();
      });
    });
  });
  return { text: 'one server after the other is restarted' };
}

/** Dies in the middle of a call of the disk; whoever starts it again finds it so. */
function diesInCall(cluster: Cluster, random: Prng, kind: 'kill' | 'power'): BegunFault | undefined {
  const node = oneOf(cluster, random);
  if (node === undefined) return undefined;
  const calls = 1 + random.below(random.pick([3, 20, 80]));
  node.crashAfter(calls, kind);
  return {
    text: `${node.name} is to ${kind === 'kill' ? 'die' : 'lose power'} in call ${calls} of its disk`,
    heal: () => {
      node.crashAfter(0, kind);
      if (!cluster.heldDown.has(node)) node.start();
    },
  };
}

/** See the head of the file. */
export const PROCESS_FAULTS: readonly FaultKind[] = [
  process('kill', 'A server is killed.', (cluster, random) => {
    const node = oneOf(cluster, random);
    return node && killed(cluster, [node], `${node.name} is killed`);
  }),
  process('kill-leader', 'The leader is killed.', (cluster) => {
    const { leader } = cluster;
    return leader && killed(cluster, [leader], `the leader ${leader.name} is killed`);
  }),
  process('kill-some', 'Some servers are killed at once.', (cluster, random) => {
    const some = running(cluster).filter(() => random.chance(0.6));
    return some.length === 0
      ? undefined
      : killed(cluster, some, `${some.map((n) => n.name).join(', ')} are killed`);
  }),
  process('kill-all', 'All servers are killed at once.', (cluster) =>
    killed(cluster, running(cluster), 'all servers are killed'),
  ),
  process('stop', 'A server is told to stop.', (cluster, random) => {
    const node = oneOf(cluster, random);
    if (node === undefined) return undefined;
    const start = putDown(cluster, [node], (n) => n.stop());
    return {
      text: `${node.name} is told to stop`,
      heal: () => {
        node.kill();
        start();
      },
    };
  }),
  process('pause', 'A server stands still.', (cluster, random) => {
    const node = oneOf(cluster, random);
    return node && paused(node, `${node.name} stands still`);
  }),
  process('pause-leader', 'The leader stands still.', (cluster) => {
    const { leader } = cluster;
    return leader && !leader.paused ? paused(leader, `the leader ${leader.name} stands still`) : undefined;
  }),
  process('slow-cpu', 'A server is slow.', (cluster, random) => {
    const node = random.pick(cluster.nodes);
    const ms = random.pick([2, 15, 80]);
    node.setSlow(ms);
    return { text: `${node.name} takes up to ${ms} ms for each turn`, heal: () => node.setSlow(0) };
  }),
  process('crash-loop', 'A server dies again and again.', crashLoop),
  process('rolling-restart', 'One server after the other is restarted.', rollingRestart),
  process('die-in-call', 'A server dies in the middle of a call of its disk.', (cluster, random) =>
    diesInCall(cluster, random, 'kill'),
  ),
  {
    ...process(
      'power-in-call',
      'A server loses power in the middle of a call of its disk.',
      (cluster, random) => diesInCall(cluster, random, 'power'),
    ),
    group: 'power',
  },
  {
    ...process('power', 'A server loses power.', (cluster, random) => {
      const node = oneOf(cluster, random);
      if (node === undefined) return undefined;
      return { text: `${node.name} loses power`, heal: putDown(cluster, [node], (n) => n.powerCut()) };
    }),
    group: 'power',
  },
  {
    ...process('power-all', 'All servers lose power at once.', (cluster) => {
      const { nodes } = cluster;
      return { text: 'all servers lose power', heal: putDown(cluster, nodes, (n) => n.powerCut()) };
    }),
    group: 'power',
  },
  clock('wall-jump', "A server's wall clock jumps.", (cluster, random) => {
    const node = random.pick(cluster.nodes);
    const ms = Math.round((random.next() - 0.5) * random.pick([2000, 100_000, 2e9]));
    node.clock.wallOffsetMs += ms;
    return { text: `the wall clock of ${node.name} jumps by ${ms} ms` };
  }),
  clock('drift', "A server's clocks run fast or slow.", (cluster, random) => {
    const node = random.pick(cluster.nodes);
    const rate = random.pick([0.9, 0.97, 1.03, 1.1]);
    node.clock.setRate(rate, cluster.now);
    return {
      text: `the clocks of ${node.name} run at ${rate}`,
      heal: () => node.clock.setRate(1, cluster.now),
    };
  }),
];
