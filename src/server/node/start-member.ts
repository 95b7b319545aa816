/** Starts a member of an ensemble: ports, data, configuration, and the search for a leader. */
import type { ServerConfig } from '../config/server-config.ts';
import type { Membership } from '../quorum/membership.ts';
import { apachePasswords, hmacPasswords, type SessionPasswords } from '../session/session-password.ts';
import { DynamicConfig } from './dynamic-config.ts';
import { Elector } from './elector.ts';
import { EnsembleView } from './ensemble-view.ts';
import { closePort, openEntrance, schedulePurge } from './housekeeping.ts';
import { QuorumPeer } from './quorum-peer.ts';
import type { RunningServer } from './running-server.ts';
import type { ServerHost } from './server-host.ts';
import { Store } from './store.ts';
import type { ServerWorld } from './world.ts';

/** See the head of the file. Rejects with a `ZktError`; nothing is left open then. */
export async function startMember(
  config: ServerConfig,
  membership: Membership,
  world: ServerWorld,
  host: ServerHost,
): Promise<RunningServer> {
  const { port, gate, at } = await openEntrance(config, world, host);
  let opened: Elector | undefined;
  try {
    const store = new Store(config, world, host);
    const files = new DynamicConfig(world, config, membership);
    const sid = BigInt(config.serverId);
    const ensemble = new EnsembleView(sid, files, (quorums) => elector.configure(quorums));
    const elector = new Elector(world, electorOptions(config, sid, ensemble), {
      configGossiped: (text) => ensemble.gossiped(text),
      failed: (error) => host.failed(error),
      outvoted: (why) => peer.outvoted(why),
    });
    opened = elector;
    await elector.open();
    const passwords = memberPasswords(config, world);
    const peer = new QuorumPeer(
      config,
      { sid, world, store, port, gate, ensemble, passwords, host },
      elector,
    );
    peer.start();
    const purging = schedulePurge(config, store.dirs, world);
    return {
      ...at,
      peer,
      get server() {
        return gate.behind;
      },
      stop: async (reason) => {
        purging?.cancel();
        if (world.events.on['server.stopping']) world.events.emit('server.stopping', { reason });
        await peer.stop(reason);
        await closePort(port, 'the server stops');
        const zxid = store.database.lastZxid;
        if (world.events.on['server.stopped']) world.events.emit('server.stopped', { zxid });
      },
    };
  } catch (thrown) {
    await opened?.close();
    await closePort(port, 'the server cannot start');
    throw thrown;
  }
}

function electorOptions(config: ServerConfig, sid: bigint, ensemble: EnsembleView) {
  const { quorum } = config;
  return {
    sid,
    quorums: ensemble.quorums,
    listenOnAllAddresses: quorum.listenOnAllAddresses,
    bindTries: quorum.electionPortBindTries,
    bindPauseMs: 1_000,
    cnxTimeoutMs: quorum.cnxTimeoutMs,
    handshakeTimeoutMs: quorum.handshakeTimeoutMs,
    minNotificationMs: quorum.minNotificationMs,
    maxNotificationMs: quorum.maxNotificationMs,
    finalizeWaitMs: quorum.finalizeWaitMs,
    multiAddress: quorum.multiAddress,
    keepAlive: quorum.electionKeepAlive,
  };
}

/**
 * A shared secret where there is one; else Apache's formula, so that its servers can be members too (facts
 * 3).
 */
function memberPasswords(config: ServerConfig, { secrets }: ServerWorld): SessionPasswords {
  const { sessionSecret } = config.quorum;
  return sessionSecret === undefined ? apachePasswords(secrets) : hmacPasswords(secrets, sessionSecret);
}
