/** A recording that was never in a file. */
import type { ZktEvent } from '../../../src/events/table.ts';
import type { Recording } from '../../../src/storage/recording/recording.ts';

/** The events of an array as a recording, in the order of time; the array is not changed. */
export function memoryRecording(events: readonly ZktEvent[]): Recording {
  const ordered = [...events].sort((a, b) => a.time - b.time);
  const startMs = ordered[0]?.time ?? 0;
  const endMs = ordered.at(-1)?.time ?? 0;
  return {
    startMs,
    endMs,
    count: ordered.length,
    fault: undefined,
    *events(fromMs = Number.NEGATIVE_INFINITY) {
      for (const event of ordered) if (event.time >= fromMs) yield event;
    },
  };
}
