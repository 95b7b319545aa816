import type { Membership } from '../quorum/membership.ts';

/** The three servers on this host that `--id` without a configuration stands for. */
export const localEnsemble = (size = 3): Membership => ({
  members: Array.from({ length: size }, (_, i) => ({
    id: i + 1,
    addresses: [{ host: '127.0.0.1', quorumPort: 2888 + i, electionPort: 3888 + i }],
    role: 'participant',
    client: { host: '127.0.0.1', port: 2181 + i },
  })),
  groups: new Map(),
  weights: new Map(),
  version: 0n,
});

/** What such a server is told where nobody says otherwise: the time unit, ms, and the limits in it. */
export const LOCAL_LIMITS = { tickTime: 2000, initLimit: 10, syncLimit: 5 } as const;
