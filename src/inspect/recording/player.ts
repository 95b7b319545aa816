/**
 * Plays a recording in its time, faster or slower; what it is told of time comes from outside. Whoever takes
 * the events has seen, at every position, exactly those up to it: going back plays everything again from the
 * beginning, into a fresh model.
 */
import type { EventName, ZktEvent } from '../../events/table.ts';
import type { Recording } from '../../storage/recording/recording.ts';

/** Takes an event in. */
export type Take = (event: ZktEvent) => void;

/**
 * In one call no more is played, so that keys have their turn: a recording that is denser plays slower than
 * asked, and a long way is gone over several ticks.
 */
const EVENTS_MAX = 100_000;

/** See the head of the file. */
export class Player {
  /** How many ms of the recording pass in one; above 0. */
  speed = 1;
  private readonly recording: Recording;
  private rest: Iterator<ZktEvent>;
  /** The next event, read and not played. */
  private ahead: ZktEvent | undefined;
  private at: number;
  /** Where it is on its way to. */
  private goal: number | undefined;

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

  /** On its way to a time: `tick` brings it there, also while nothing else moves. */
  get seeking(): boolean {
    return this.goal !== undefined;
  }

  /** Nothing is left to be played. */
  get ended(): boolean {
    return this.ahead === undefined;
  }

  /** So much time has passed (ms, at speed 1): plays what happened meanwhile, or goes on with a `seek`. */
  tick(elapsedMs: number, take: Take): void {
    const seeking = this.goal !== undefined;
    this.goTo(this.goal ?? Math.min(this.endMs, this.at + elapsedMs * this.speed), take);
    if (seeking && !this.behind(this.goal)) this.goal = undefined;
  }

  /** Plays one event, whenever it is due; false at the end. */
  step(take: Take): boolean {
    this.goal = undefined;
    const event = this.ahead;
    if (event === undefined) return false;
    this.play(event, take);
    return true;
  }

  /** Plays on to the next event of one of these names, that one too; false when there is none any more. */
  next(names: ReadonlySet<EventName>, take: Take): boolean {
    this.goal = undefined;
    for (let event = this.ahead; event !== undefined; event = this.ahead) {
      this.play(event, take);
      if (names.has(event.name)) return true;
    }
    this.at = this.endMs;
    return false;
  }

  /**
   * Goes to a time of the recording, kept within it: forward by playing what lies between, back by `reset`
   * and playing from the beginning. A long way takes more than this call: see `seeking`.
   */
  seek(ms: number, take: Take, reset: () => void): void {
    const to = Math.max(this.startMs, Math.min(this.endMs, ms));
    if (to < this.at) {
      reset();
      this.at = this.startMs;
      this.rest = this.recording.events();
      this.readAhead();
    }
    this.goTo(to, take);
    this.goal = this.behind(to) ? to : undefined;
  }

  /** Plays what is not later, as far as one call goes; stands at that time, or at the event it came to. */
  private goTo(to: number, take: Take): void {
    for (let left = EVENTS_MAX; left > 0; left--) if (!this.playUntil(to, take)) break;
    const { ahead } = this;
    this.at = Math.max(this.at, ahead !== undefined && ahead.time <= to ? ahead.time : to);
  }

  /** Something of before that time is not played yet. */
  private behind(ms: number | undefined): boolean {
    return ms !== undefined && this.ahead !== undefined && this.ahead.time <= ms;
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
