/** Several Apache servers that are one ensemble, on free ports of 127.0.0.1. */
import { type ApacheServer, freePort, startApache } from './apache.ts';

/** How to make it. */
export interface ApacheEnsembleOptions {
  readonly voters: number;
  readonly observers?: number;
  /** Whether the lines `server.N=` carry the client ports, as those of a dynamic configuration do. */
  readonly clientPorts?: boolean;
  /** Lines added to every zoo.cfg. */
  readonly config?: readonly string[];
  readonly properties?: Readonly<Record<string, string>>;
}

/** A running ensemble; server N is `servers[N - 1]`. */
export interface ApacheEnsemble {
  readonly servers: readonly ApacheServer[];
  /** Client addresses, separated by commas. */
  readonly addresses: string;
  remove(): Promise<void>;
}

/** Starts the servers and waits until all serve. */
export async function startApacheEnsemble(options: ApacheEnsembleOptions): Promise<ApacheEnsemble> {
  const { voters, observers = 0, clientPorts = false, config = [], properties = {} } = options;
  const ids = Array.from({ length: voters + observers }, (_, i) => i + 1);
  const ports = new Set<number>();
  while (ports.size < ids.length * 3) ports.add(await freePort());
  const free = [...ports];
  const ofId = (id: number) => free.slice((id - 1) * 3, id * 3) as [number, number, number];
  const lines = ids.map((id) => {
    const [client, quorum, election] = ofId(id);
    const role = id > voters ? 'observer' : 'participant';
    return `server.${id}=127.0.0.1:${quorum}:${election}:${role}${clientPorts ? `;127.0.0.1:${client}` : ''}`;
  });
  const servers = await Promise.all(
    ids.map((id) =>
      startApache({
        port: ofId(id)[0],
        myid: id,
        config: [...(id > voters ? ['peerType=observer'] : []), ...lines, ...config],
        properties,
        noWait: true,
      }),
    ),
  );
  const remove = async (): Promise<void> => {
    await Promise.all(servers.map((server) => server.remove()));
  };
  try {
    await Promise.all(servers.map((server) => server.awaitServing()));
  } catch (error) {
    await remove();
    throw error;
  }
  return { servers, addresses: servers.map((s) => s.address).join(','), remove };
}
