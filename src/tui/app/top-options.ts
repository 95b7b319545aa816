/** What a dashboard is opened with, and how it ends. */
import type { ZktEvent } from '../../events/table.ts';
import type { EventSource } from '../../inspect/source.ts';
import type { Clock } from '../../ports/clock.ts';
import type { TerminalEnd, Terminals } from '../../ports/terminal.ts';
import type { Timers } from '../../ports/timers.ts';
import type { Pane } from '../pane.ts';
import type { Frame } from './frame.ts';

/** Where frames are drawn; `InkCanvas`. */
export interface Canvas {
  draw(frame: Frame): void;
  /** The terminal does not show any more what was drawn. */
  forget(): void;
  close(): void;
}

/** A recording that is played; `inspect/recording`. */
export interface Playback {
  readonly startMs: number;
  readonly endMs: number;
  readonly positionMs: number;
  readonly fault: string | undefined;
  /** It was sent a long way and is not there yet; `tick` brings it on, however much time passes. */
  readonly seeking: boolean;
  speed: number;
  /** Plays on for so long; answers nothing when it is at its end. */
  tick(elapsedMs: number, take: (event: ZktEvent) => void): void;
  /** Plays one event; false at the end. */
  step(take: (event: ZktEvent) => void): boolean;
  /**
   * Goes to a time, or sets out (`seeking`); `reset` comes first where what was taken does not count any
   * more.
   */
  seek(ms: number, take: (event: ZktEvent) => void, reset: () => void): void;
}

/** A file that events are recorded into. */
export interface TopRecorder {
  readonly path: string;
  readonly events: number;
  readonly lost: number;
  readonly failing: boolean;
  append(event: ZktEvent): void;
  flush(): void;
  close(): void;
}

/** What a dashboard is opened with. */
export interface TopOptions {
  readonly panes: readonly Pane<unknown>[];
  readonly terminal: Terminals;
  readonly canvas: (sink: (text: string) => void) => Canvas;
  readonly clock: Clock;
  readonly timers: Timers;
  /** Live events, or a recording. */
  readonly from:
    | { readonly source: EventSource }
    /** `fromMs`: where to begin, wall clock ms. */
    | { readonly playback: Playback; readonly fromMs?: number };
  /** Begins a recording; throws when it cannot. */
  readonly record: () => TopRecorder;
  /** Begins with `record` at once. */
  readonly recordNow?: boolean;
  /** Aborted: it ends. */
  readonly stop: AbortSignal;
  readonly ascii: boolean;
  readonly colour: boolean;
  /** The index of the first pane. */
  readonly pane?: number;
  readonly filter?: string;
}

/** How a dashboard ended. */
export interface TopEnd {
  /** `quit`: somebody wanted it to. */
  readonly why: 'quit' | TerminalEnd;
  /** Recordings that were made. */
  readonly recorded: readonly { readonly path: string; readonly events: number; readonly lost: number }[];
}
