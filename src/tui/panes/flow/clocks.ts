/** The clocks of the servers brought together for a picture: nothing arrives before it was sent. */
import { type CausePair, estimateClocks } from '../../../inspect/trace/clocks.ts';
import type { Packet } from './pairs.ts';
import type { Step } from './state.ts';

/** When something happened, on the common clock. */
export interface Clocks {
  /** What to add to the stamps of a server, ms. */
  readonly corrections: ReadonlyMap<string, number>;
  /** When a step happened; a packet is where it was sent, or where it arrived if only that was seen. */
  at(step: Step): number;
  /** How long a packet was on its way, ms; below 0 when one end was not seen. */
  tookMs(packet: Packet): number;
}

/** Clocks that fit the packets among the steps; the first server named is right by definition. */
export function clocksOf(steps: readonly Step[], reference: string): Clocks {
  const pairs: CausePair[] = [];
  for (const step of steps) {
    if (step.kind !== 'packet' || step.sentMs < 0 || step.receivedMs < 0 || step.from === '') continue;
    const { from, to, sentMs, receivedMs } = step;
    pairs.push({ causeNode: from, causeMs: sentMs, effectNode: to, effectMs: receivedMs });
  }
  const corrections = estimateClocks(pairs, reference);
  const corrected = (node: string, ms: number): number => ms + (corrections.get(node) ?? 0);
  return {
    corrections,
    at: (step) => {
      if (step.kind === 'moment') return corrected(step.node, step.atMs);
      return step.sentMs >= 0 ? corrected(step.from, step.sentMs) : corrected(step.to, step.receivedMs);
    },
    tookMs: ({ from, to, sentMs, receivedMs }) =>
      sentMs < 0 || receivedMs < 0 ? -1 : Math.max(0, corrected(to, receivedMs) - corrected(from, sentMs)),
  };
}
