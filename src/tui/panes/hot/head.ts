/** The lines above the tables: how much is asked for, and how sessions come and go. */
import { durationText } from '../../../formatters/duration-text.ts';
import { bytesText, countText, fullCount } from '../../../formatters/quantity-text.ts';
import { type StormKind, stormText } from '../../../inspect/hot/storm-board.ts';
import { sparkline } from '../../charts.ts';
import type { Line, Span, Tone } from '../../lines.ts';
import { span } from '../../lines.ts';
import type { PaneView } from '../../pane.ts';
import type { HotState } from './state.ts';

/** Rates are those of the last seconds: one alone would make the rows jump. */
export const RATE_SECONDS = 3;
/** Nothing told for so long is said, ms. */
const SILENT_MS = 5_000;

const TREND = { narrow: 20, wide: 60 } as const;

/** Two lines, and one more when there is a storm. */
export function headLines(state: HotState, view: PaneView): Line[] {
  return [usesLine(state, view), sessionsLine(state, view), ...stormLines(state, view)];
}

function usesLine({ uses }: HotState, view: PaneView): Line {
  const { nowMs, width, ascii, servers } = view;
  if (!uses.told) return [span(' No server has told what it is asked for yet.', 'dim')];
  const silent = nowMs - uses.settledMs;
  if (silent > SILENT_MS)
    return [span(` No news of what is asked for: what follows is from ${durationText(silent)} ago.`, 'warn')];
  const { count, writes, bytes } = uses.total(RATE_SECONDS);
  const columns = width >= 120 ? TREND.wide : TREND.narrow;
  const terse = servers.filter(({ kind, up }) => up && kind === 'apache').length;
  const untold = terse === 0 ? '' : `${terse} of Apache ${terse === 1 ? 'tells' : 'tell'} less  `;
  return [
    span(` ${countText(count)} requests/s`, 'bold'),
    span(`, ${countText(writes)} of them writes${bytes < 0 ? '' : `, ${bytesText(bytes)}/s`}  `),
    span(untold, 'warn'),
    span(sparkline(uses.history(columns), columns, ascii), 'accent'),
  ];
}

function sessionsLine({ storms }: HotState, { ascii, width }: PaneView): Line {
  const { created, resumed, expired, sessions } = storms.now();
  if (sessions < 0 && created < 0) return [span(' Nobody has told of sessions yet.', 'dim')];
  const blowing = new Set(storms.storms().map(({ kind }) => kind));
  const columns = width >= 120 ? 30 : 6;
  const rate = (kind: StormKind, perS: number, word: string): Span[] => {
    const tone: Tone = blowing.has(kind) ? 'bad' : perS > 0 ? 'plain' : 'dim';
    const history = storms.history(kind, columns);
    return [
      span(`  ${countText(perS)} ${word}/s `, tone),
      span(sparkline(history, columns, ascii), tone === 'plain' ? 'accent' : tone),
    ];
  };
  return [
    span(` ${sessions < 0 ? '-' : fullCount(sessions)} session${sessions === 1 ? '' : 's'}`),
    ...rate('created', created, 'new'),
    ...rate('resumed', resumed, 'back'),
    ...rate('expired', expired, 'expired'),
  ];
}

const stormLines = ({ storms }: HotState, { ascii }: PaneView): Line[] =>
  storms.storms().map((storm) => [span(` ${ascii ? '!' : '▲'} There is ${stormText(storm)}.`, 'bad')]);
