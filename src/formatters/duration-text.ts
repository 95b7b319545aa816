/** Durations to the digit that matters, for timelines; `-` is not known. */
import { UNKNOWN } from './quantity-text.ts';

const known = (value: number): boolean => Number.isFinite(value) && value >= 0;
/** Three digits that matter, and no more. */
const three = (value: number): string => value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
const two = (value: number): string => String(value).padStart(2, '0');

/**
 * A duration in ms: `0.71 ms`, `34.2 ms`, `3.40 s`, `12 m 03 s`, `3 h 12 m`, `5 d 03 h`. At most 9 columns.
 */
export function durationText(ms: number): string {
  if (!known(ms)) return UNKNOWN;
  if (ms < 999.5) return `${three(ms)} ms`;
  if (ms < 99_950) return `${three(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} m ${two(seconds % 60)} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1_440) return `${Math.floor(minutes / 60)} h ${two(minutes % 60)} m`;
  const hours = Math.floor(minutes / 60);
  return `${Math.min(99_999, Math.floor(hours / 24))} d ${two(hours % 24)} h`;
}

/** A time since something, or before it: `+0.71 ms`, `-2.00 s`. */
export const offsetText = (ms: number): string =>
  Number.isFinite(ms) ? `${ms < 0 ? '-' : '+'}${durationText(Math.abs(ms))}` : UNKNOWN;

/** Seconds to go that tick down: `3.4 s`, `12.0 s`, `2 m 05 s`; `0.0 s` for what should be over. */
export const countdownText = (ms: number): string =>
  ms < 99_950 ? `${Math.max(0, ms / 1000).toFixed(1)} s` : durationText(ms);
