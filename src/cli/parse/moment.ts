import { ZktError } from '../../base/errors.ts';
import { momentOf } from '../../inspect/recording/moment.ts';
import type { Recording } from '../../storage/recording/recording.ts';

/** A moment of a recording, wall clock ms (see `momentOf`). Throws ZKT_USAGE with the option's name. */
export function momentIn(text: string, { startMs, endMs }: Recording, option: string): number {
  const ms = momentOf(text, startMs, endMs);
  if (ms !== undefined) return ms;
  const why = `${option} is a time such as 12:34:56, 90s from the start, 50% or an ISO time, not ${text}`;
  throw new ZktError('ZKT_USAGE', { why });
}
