/** Lines of spans as text for a terminal. */
import type { Line, Tone } from '../lines.ts';

/** SGR numbers of each tone. */
const COLOURS: Readonly<Record<Tone, string>> = {
  plain: '',
  dim: '2',
  bold: '1',
  good: '32',
  warn: '33',
  bad: '31;1',
  accent: '36',
  head: '1;4',
  chosen: '7',
};
/** Without colour: weight, and what is turned around. */
const BARE: Readonly<Record<Tone, string>> = {
  ...COLOURS,
  good: '',
  warn: '1',
  bad: '1',
  accent: '',
  dim: '',
};

/** A line as text; `colour` false leaves bold, underlined and turned around, which NO_COLOR is not about. */
export function paintLine(line: Line, colour: boolean): string {
  const styles = colour ? COLOURS : BARE;
  let text = '';
  let last = '';
  for (const span of line) {
    const style = styles[span.tone];
    if (style !== last) {
      if (last !== '') text += '\x1b[0m';
      if (style !== '') text += `\x1b[${style}m`;
      last = style;
    }
    text += span.text;
  }
  return last === '' ? text : `${text}\x1b[0m`;
}

/** A line as text without any style. */
export const plainLine = (line: Line): string => line.map(({ text }) => text).join('');
