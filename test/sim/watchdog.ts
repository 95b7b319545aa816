/**
 * Ends the process when one input holds the event loop for too long: a test's time limit cannot, since it
 * needs the loop itself. It watches from a thread of its own and says what was at hand.
 */
import { Worker } from 'node:worker_threads';

const WATCH = `
const { workerData, parentPort } = require('node:worker_threads');
const { beat, limitMs } = workerData;
let last = -1;
let since = Date.now();
setInterval(() => {
  const now = Atomics.load(beat, 0);
  if (now !== last) {
    last = now;
    since = Date.now();
  } else if (now >= 0 && Date.now() - since > limitMs) {
    require('node:fs').writeSync(2, '\\nHANG: no progress for ' + limitMs + ' ms at input ' + now +
      ' of seed ' + Atomics.load(beat, 1) + '\\n');
    process.kill(process.pid, 'SIGKILL');
  }
}, 250);
`;

/** A running watchdog. */
export interface Watchdog {
  /** Says which input is at hand. */
  beat(seed: number, input: number): void;
  stop(): Promise<void>;
}

/** Starts one. */
export function watchdog(limitMs = 20_000): Watchdog {
  const beat = new Int32Array(new SharedArrayBuffer(8));
  Atomics.store(beat, 0, -1);
  const worker = new Worker(WATCH, { eval: true, workerData: { beat, limitMs } });
  worker.unref();
  return {
    beat: (seed, input) => {
      Atomics.store(beat, 1, seed);
      Atomics.store(beat, 0, input);
    },
    stop: async () => {
      await worker.terminate();
    },
  };
}
