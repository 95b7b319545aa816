/** An event in a line: what every pane that lists events shows of it. */
import { EVENTS, type EventLevel, type ZktEvent } from '../events/table.ts';
import { besides, wordsOf } from '../formatters/event-words.ts';
import type { Tone } from './lines.ts';
import { packetName } from './packets.ts';

/** How events of a level look. */
export const LEVEL_TONE: Readonly<Record<EventLevel, Tone>> = {
  trace: 'dim',
  debug: 'plain',
  info: 'bold',
  warn: 'warn',
  error: 'bad',
};

/**
 * What happened: the sentence of an event that has one of its own, and the fields it leaves out; the bare
 * fields otherwise. As it came: to be escaped where it is shown.
 */
export function eventText(event: ZktEvent): string {
  const sentence = wordsOf(event);
  const own = sentence !== EVENTS[event.name].says;
  const packet = event.name.startsWith('zab.packet');
  const fields = besides(event, own ? sentence : '')
    .map(([name, value]) => (packet && name === 'type' ? packetName(Number(value)) : `${name} ${value}`))
    .join(' ');
  if (fields === '') return sentence;
  return own ? `${sentence} (${fields})` : fields;
}
