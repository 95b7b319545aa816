/**
 * Hears a simulated run as a dashboard hears an ensemble: every event of every server, samples once a
 * simulated second, servers that come and go, and what the simulator does to them. All times are those of the
 * simulation, which begins in November 2023.
 */
import { EVENT_NAMES, type ZktEvent } from '../events/table.ts';
import { CLUSTER_PORTS } from './cluster.ts';
import { WALL_START_MS } from './host-clock.ts';
import type { SimNode } from './sim-node.ts';
import type { Listen } from './watched-cluster.ts';

/** What is said of no server in particular has this node. */
const SIMULATOR = 'simulator';

/** Gives a run's events to `take`, in the order of their time. */
export const hearRun = (take: (event: ZktEvent) => void): Listen => {
  const up = new Set<number>();
  return (now) => {
    const time = (): number => WALL_START_MS + now();
    const addressOf = (node: SimNode): string => `${node.address}:${CLUSTER_PORTS.client}`;
    return {
      names: EVENT_NAMES,
      event: (node, event) => {
        if (!up.has(node.id)) {
          up.add(node.id);
          const fields = { address: addressOf(node), kind: 'zkt', version: 'simulated' };
          take({ name: 'source.connected', node: String(node.id), seq: 0, time: time(), fields });
        }
        take(event);
      },
      dying: (node) => {
        if (!up.delete(node.id)) return;
        const fields = { address: addressOf(node), why: 'its process is gone' };
        take({ name: 'source.lost', node: String(node.id), seq: 0, time: time(), fields });
      },
      say: (who, text) => {
        const node = /^s(\d+)$/.exec(who)?.[1] ?? SIMULATOR;
        take({ name: 'simulation.said', node, seq: 0, time: time(), fields: { who, text } });
      },
    };
  };
};
