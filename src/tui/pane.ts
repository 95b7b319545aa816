/** What a pane of the dashboard is: a reducer over events, and a function from its state to lines. */
import type { EventName, ZktEvent } from '../events/table.ts';
import type { Line } from './lines.ts';

/** A server as every pane knows it. */
export interface ServerFace {
  /** As events name it. */
  readonly node: string;
  /** Its id in the ensemble; -1 where it is not known. */
  readonly sid: number;
  /** `leader`, `follower`, `observer`, `standalone`, `looking`, `read-only`; empty where it is not known. */
  readonly mode: string;
  /** Where its clients connect; empty where it is not known. */
  readonly address: string;
  /** `zkt` or `apache`; empty where it is not known. */
  readonly kind: string;
  /** It answers. */
  readonly up: boolean;
}

/** What a pane is asked to draw. */
export interface PaneView {
  /** The space there is; `draw` answers at most `height` lines. The shell clips lines to the width. */
  readonly width: number;
  readonly height: number;
  /** The time to draw for, wall clock ms: now, or where a recording is being looked at. */
  readonly nowMs: number;
  /** All servers heard of, by id. */
  readonly servers: readonly ServerFace[];
  /** The key of the chosen item; undefined before the first arrow key. */
  readonly chosen: string | undefined;
  /** The key of the item that is looked into (Enter); undefined at the top. Detail is drawn then. */
  readonly drill: string | undefined;
  /** Lines to leave out at the beginning of a detail that is longer than the screen. */
  readonly scroll: number;
  /** Text of `/`; items that do not contain it (case aside) are left out. Empty for none. */
  readonly filter: string;
  /** An index into `Pane.sorts`. */
  readonly sort: number;
  /** Only ASCII may be drawn: no box lines, arrows, blocks or dots beyond it. */
  readonly ascii: boolean;
}

/** What a pane draws. */
export interface PaneDrawing {
  readonly lines: readonly Line[];
  /** The keys of all items that can be chosen, in their order on the screen, those scrolled away too. */
  readonly keys: readonly string[];
}

/**
 * One pane. `S` is its state, which `take` changes in place; a fresh one is made to replay from the start.
 */
export interface Pane<S> {
  /** `ensemble`, `election`, ... */
  readonly id: string;
  /** For the bar of tabs; short. */
  readonly title: string;
  /** What it reads; it is given no other event. */
  readonly names: readonly EventName[];
  /** Orders of its items, by name; `s` goes through them. At least one. */
  readonly sorts: readonly string[];
  /** What it shows and how to read it, for `?`: a line each. */
  readonly help: readonly string[];
  create(): S;
  /** Takes an event in. Bounded: what a pane keeps has a named limit. */
  take(state: S, event: ZktEvent): void;
  draw(state: S, view: PaneView): PaneDrawing;
}
