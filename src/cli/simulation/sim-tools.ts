/** What the simulator needs of the real world: digests, compression, and turns for promises. */
import { systemCompression } from '../../platform/compression.ts';
import { systemSecrets } from '../../platform/secrets.ts';
import { systemTimers } from '../../platform/timers.ts';
import { type SimTools, startWholeNode } from '../../sim/node-kit.ts';

/** A turn of the real event loop after so many steps, so that Ctrl-C is heard. */
const STEPS_A_TURN = 5000;
let steps = 0;

/** See the head of the file. */
export const SIM_TOOLS: SimTools = {
  secrets: systemSecrets,
  compression: systemCompression,
  // After `nextTick` every promise that is ready has gone on; no turn of the event loop is needed for that.
  breathe: () =>
    new Promise((resolve) => {
      if (++steps % STEPS_A_TURN === 0) systemTimers.soon(resolve);
      else process.nextTick(resolve);
    }),
  startNode: startWholeNode,
};
