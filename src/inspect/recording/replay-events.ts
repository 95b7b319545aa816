/** The events of a recording that somebody wants: those of a span of time that pass a filter. */
import { EventFilter, type FilterText } from '../../events/filter.ts';
import type { EventName, ZktEvent } from '../../events/table.ts';
import type { Recording } from '../../storage/recording/recording.ts';

/** What is wanted. */
export interface ReplayOptions {
  /** Wall clock ms, both inclusive; undefined for the whole. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  readonly filter?: FilterText | undefined;
}

/** See the head of the file. Throws `ZKT_USAGE` for a text that is no filter. */
export function replayEvents(recording: Recording, options: ReplayOptions = {}): IterableIterator<ZktEvent> {
  const filter = new EventFilter(options.filter ?? {});
  return wanted(recording, options, filter, new Set(filter.names));
}

function* wanted(
  recording: Recording,
  { fromMs, toMs = Number.POSITIVE_INFINITY }: ReplayOptions,
  filter: EventFilter,
  names: ReadonlySet<EventName>,
): IterableIterator<ZktEvent> {
  for (const event of recording.events(fromMs)) {
    if (event.time > toMs) return;
    if (names.has(event.name) && filter.wants(event)) yield event;
  }
}
