/**
 * What panes keep of events: texts are foreign and may be a megabyte long, and a pane that keeps thousands of
 * events is to stay small.
 */
import type { ZktEvent } from '../events/table.ts';

/** Characters kept of a text. */
const TEXT_MAX = 512;

/** The beginning of a text, as a string of its own: a slice would hold on to the whole. */
export const keptText = (text: string): string =>
  text.length <= TEXT_MAX ? text : `${Buffer.from(text.slice(0, TEXT_MAX)).toString()}…`;

/** An event whose texts are short enough to be kept. */
export function kept(event: ZktEvent): ZktEvent {
  const fields = event.fields as Readonly<Record<string, unknown>>;
  for (const key in fields) {
    const value = fields[key];
    if (typeof value === 'string' && value.length > TEXT_MAX) return shortened(event);
  }
  return event;
}

function shortened(event: ZktEvent): ZktEvent {
  const fields = Object.entries(event.fields).map(([key, value]) => [
    key,
    typeof value === 'string' ? keptText(value) : value,
  ]);
  return { ...event, fields: Object.fromEntries(fields) } as ZktEvent;
}
