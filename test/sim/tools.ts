/** What the simulator needs of the real world, and standalone servers as its nodes. */
import { systemCompression } from '../../src/platform/compression.ts';
import { systemSecrets } from '../../src/platform/secrets.ts';
import { startStandalone } from '../../src/server/node/start-standalone.ts';
import type { SimTools, StartNode } from '../../src/sim/node-kit.ts';

const standaloneNode: StartNode = async (config, world, failed) => {
  const running = await startStandalone(config, world, {
    answerWord: (_server, word) => `${word}\n`,
    failed,
  });
  return {
    mode: 'leader',
    database: running.server.database,
    stop: (reason) => running.stop(reason),
  };
};

/** Tools whose nodes stand alone. */
export const STANDALONE_TOOLS: SimTools = {
  secrets: systemSecrets,
  compression: systemCompression,
  breathe: () => new Promise((resolve) => process.nextTick(resolve)),
  startNode: standaloneNode,
};
