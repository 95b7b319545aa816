/** A session that is looked into: everything known, and what happened to it last. */
import { EVENTS } from '../../../events/table.ts';
import { durationText } from '../../../formatters/duration-text.ts';
import { UNKNOWN } from '../../../formatters/quantity-text.ts';
import { timeText } from '../../../formatters/time-text.ts';
import { bar } from '../../charts.ts';
import { eventText, LEVEL_TONE } from '../../event-line.ts';
import { cell, type Line, span } from '../../lines.ts';
import type { PaneView } from '../../pane.ts';
import { leftOf } from './buckets.ts';
import type { SessionRow } from './state.ts';

const numberText = (value: number): string => (value < 0 ? UNKNOWN : String(value));
const orUnknown = (text: string): string => (text === '' ? UNKNOWN : text);

/** The lines of a session; it may be forgotten by now. */
export function sessionDetail(row: SessionRow | undefined, view: PaneView): Line[] {
  if (row === undefined) return [[span(' This session is not known any more. Esc goes back.', 'warn')]];
  const { nowMs, ascii } = view;
  const left = leftOf(row, nowMs);
  const { ended } = row;
  const lines: Line[] = [
    ended === undefined
      ? [
          span(` session ${row.key}  `, 'head'),
          span(bar(left.share, 20, ascii), left.tone),
          span(` ${left.text} left`, left.tone),
        ]
      : [
          span(` session ${row.key}  `, 'head'),
          span(`${ended.how} at ${timeText(ended.atMs, 'ms')}`, ended.how === 'expired' ? 'bad' : 'dim'),
        ],
  ];
  const facts: readonly (readonly [string, string])[] = [
    ['served by', row.server < 0 ? UNKNOWN : `server ${row.server}${row.local ? ', a local session' : ''}`],
    ['client', orUnknown(row.remote)],
    ['calls itself', orUnknown(row.client)],
    ['timeout', durationText(row.timeoutMs)],
    ['ephemerals', numberText(row.ephemerals)],
    ['watches', numberText(row.watches)],
    ['last heard of', `${durationText(nowMs - row.seenMs)} ago`],
    ['last moved', row.movedMs < 0 ? UNKNOWN : `${durationText(nowMs - row.movedMs)} ago`],
  ];
  for (const [what, value] of facts) lines.push([span(' '), cell(what, 15, 'dim'), span(value)]);
  lines.push([], [span(' What happened to it last, newest first', 'head')]);
  const events = [...(row.events ?? [])].reverse();
  if (events.length === 0) lines.push([span(' nothing that was seen', 'dim')]);
  for (const event of events) {
    const tone = LEVEL_TONE[EVENTS[event.name].level];
    lines.push([
      span(` ${timeText(event.time, 'ms')} `, 'dim'),
      cell(event.node, Math.min(21, Math.max(1, span(event.node).width)), 'accent'),
      span(' '),
      cell(event.name, 19, event.name === 'session.expired' ? 'bad' : tone),
      span(` ${eventText(event)}`, tone),
    ]);
  }
  if ((row.events?.dropped ?? 0) > 0) lines.push([span(` and ${row.events?.dropped} before these`, 'dim')]);
  return lines;
}
