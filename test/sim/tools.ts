/** What the simulator needs of the real world. */
import { systemCompression } from '../../src/platform/compression.ts';
import { systemSecrets } from '../../src/platform/secrets.ts';
import { type SimTools, startWholeNode } from '../../src/sim/node-kit.ts';

/** See the head of the file. */
export const TOOLS: SimTools = {
  secrets: systemSecrets,
  compression: systemCompression,
  breathe: () => new Promise((resolve) => process.nextTick(resolve)),
  startNode: startWholeNode,
};
