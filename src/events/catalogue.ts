import { EVENT_NAMES, EVENTS } from './table.ts';

/** The text of `docs/events.md`, made from the table. */
export function catalogueMarkdown(): string {
  const lines = [
    '# Events',
    '',
    'Generated from `src/events/table.ts` by `npm run docs`; do not edit.',
    '',
    'Each line of the event stream is one JSON object: `v` (schema version), `time` (ISO-8601 UTC), `node`, `seq`',
    '(per node, without gaps at the source), `name`, and the fields below. zxids and sessions are `0x…` strings.',
    '',
    'Metrics (`/metrics` of the HTTP admin): an event that is a counter or a summary is counted in',
    '`zkt_events_total{name="…"}`, and the `ms` of a summary are in `zkt_event_ms{name="…"}`; events of `trace` level are in',
    "Apache's metrics, as far as there are any, since counting each would make each.",
    '',
    '| event | level | fields | metric | what it says |',
    '|---|---|---|---|---|',
  ];
  for (const name of EVENT_NAMES) {
    const { level, metric, says, fields } = EVENTS[name];
    const list = Object.entries(fields).map(([field, kind]) => `${field}: ${kind}`);
    lines.push(`| \`${name}\` | ${level} | ${list.join(', ')} | ${metric} | ${says} |`);
  }
  return `${lines.join('\n')}\n`;
}
