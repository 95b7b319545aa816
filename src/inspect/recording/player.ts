/**
 * Plays a recording in its time, faster or slower; what it is told of time comes from outside. Whoever takes
 * the events has seen, at every position, exactly those up to it: going back plays everything again from the
 * beginning, into a fresh model.
 */
import type { EventName, ZktEvent } from '../../events/table.ts';
import type { Recording } from '../../storage/recording/recording.ts';

/** Takes an event in. */
export type Take = (event: ZktEvent) => void;

/** Between two ticks no more is played; a recording that is denser plays slower than asked. */
const TICK_EVENTS_MAX = 100_000;

/** See the head of the file. */
export class Player {
  /** How many ms of the recording pass in one; above 0. */
  speed = 1;
  private readonly recording: Recording;
  private rest: Iterator<ZktEvent>;
  /** The next event, read and not played. */
  private ahead: ZktEvent | undefined;
  private at: number;

  /** Stands at the beginning; nothing is played yet. */
  constructor(recording: Recording) {
    this.recording = recording;
    this.at = recording.startMs;
    this.rest = recording.events();
    this.readAhead();
  }

  get startMs(): number {
    return this.recording.startMs;
  }

  get endMs(): number {
    return this.recording.endMs;
  }

  /** What is wrong with the recording, as far as it was read. */
  get fault(): string | undefined {
    return this.recording.fault;
  }

  /** Where it stands, wall clock ms of the recording. */
  get positionMs(): number {
    return this.at;
  }

  /** Nothing is left to be played. */
  get ended(): boolean {
    return this.ahead === undefined;
  }

  /** So much time has passed (ms, at speed 1): plays what happened meanwhile. */
  tick(elapsedMs: number, take: Take): void {
    const to = Math.min(this.endMs, this.at + elapsedMs * this.speed);
    for (let left = TICK_EVENTS_MAX; left > 0; left--) if (!this.playUntil(to, take)) break;
    // Without the last events, time has not come as far as it should have.
    const next = this.ahead;
    this.at = next !== undefined && next.time <= to ? Math.max(this.at, next.time) : Math.max(this.at, to);
  }

  /** Plays one event, whenever it is due; false at the end. */
  step(take: Take): boolean {
    const event = this.ahead;
    if (event === undefined) return false;
    this.play(event, take);
    return true;
  }

  /** Plays on to the next event of one of these names, that one too; false when there is none any more. */
  next(names: ReadonlySet<EventName>, take: Take): boolean {
    for (let event = this.ahead; event !== undefined; event = this.ahead) {
      this.play(event, take);
      if (names.has(event.name)) return true;
    }
    this.at = this.endMs;
    return false;
  }

  /**
   * Goes to a time of the recording, kept within it: forward by playing what lies between, back by `reset`
   * and playing from the beginning.
   */
  seek(ms: number, take: Take, reset: () => void): void {
    const to = Math.max(this.startMs, Math.min(this.endMs, ms));
    if (to < this.at) {
      reset();
      this.rest = this.recording.events();
      this.readAhead();
    }
    while (this.playUntil(to, take));
    this.at = to;
  }

  /** The time at a share of the recording, 0 to 1. */
  timeAt(share: number): number {
    return this.startMs + (this.endMs - this.startMs) * Math.max(0, Math.min(1, share));
  }

  /** Plays the next event if it is not later. */
  private playUntil(ms: number, take: Take): boolean {
    const event = this.ahead;
    if (event === undefined || event.time > ms) return false;
    this.readAhead();
    take(event);
    return true;
  }

  private play(event: ZktEvent, take: Take): void {
    this.readAhead();
    this.at = Math.max(this.at, event.time);
    take(event);
  }

  private readAhead(): void {
    const next = this.rest.next();
    this.ahead = next.done === true ? undefined : next.value;
  }
}
