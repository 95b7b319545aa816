/**
 * What a dashboard knows: `model = reduce(model, event)`. All panes' states, the servers' faces, what was
 * lost. Live servers, recordings and the simulator feed it the same events; every skin draws from it.
 * Bounded, as its parts are.
 */
import { reasonOf } from '../base/errors.ts';
import type { EventName, ZktEvent } from '../events/table.ts';
import { FACE_NAMES, Faces } from './faces.ts';
import { span } from './lines.ts';
import { LOSS_NAMES, Losses } from './losses.ts';
import type { Pane, PaneDrawing, PaneView, ServerFace } from './pane.ts';
import { EnsembleState } from './panes/ensemble/state.ts';
import { type Problem, problemsOf } from './panes/ensemble/verdict.ts';

type Taker = (event: ZktEvent) => void;

/** See the head of the file. */
export class Model {
  readonly panes: readonly Pane<unknown>[];
  /** The time to draw for, wall clock ms: now, or where a recording is. */
  nowMs = 0;
  /** Events taken in since the start, or since `reset`. */
  taken = 0;
  /** Events that could not be given over to us: see `lose`. */
  lostHere = 0;
  private states: unknown[] = [];
  private faces = new Faces();
  private losses = new Losses();
  private takers = new Map<EventName, Taker[]>();
  /** Panes that failed, by index, and how: a bug in one of them is not the end of the others. */
  private readonly broken = new Map<number, string>();

  constructor(panes: readonly Pane<unknown>[]) {
    this.panes = panes;
    this.reset();
  }

  /** Forgets everything, to replay from the start. */
  reset(): void {
    this.states = this.panes.map((pane) => pane.create());
    this.faces = new Faces();
    this.losses = new Losses();
    this.taken = 0;
    this.takers = this.routes();
    this.broken.clear();
  }

  /** Takes an event in. */
  take(event: ZktEvent): void {
    this.taken++;
    const takers = this.takers.get(event.name);
    if (takers === undefined) return;
    for (const take of takers) take(event);
  }

  /** Events were dropped before they got here. */
  lose(count: number): void {
    this.lostHere += count;
  }

  /** All servers heard of. */
  get servers(): readonly ServerFace[] {
    return this.faces.list;
  }

  /** What servers did not send, by node. */
  get lost(): Losses['byNode'] {
    return this.losses.byNode;
  }

  /** What the ensemble pane knows, for other skins; undefined without that pane. */
  get ensemble(): EnsembleState | undefined {
    return this.states.find((it) => it instanceof EnsembleState);
  }

  /** What is wrong, the worst first. */
  problems(): readonly Problem[] {
    const { ensemble } = this;
    return ensemble === undefined ? [] : problemsOf(ensemble, this.servers, this.nowMs);
  }

  /** Draws a pane. */
  draw(index: number, view: Omit<PaneView, 'nowMs' | 'servers'>): PaneDrawing {
    const pane = this.panes[index];
    if (pane === undefined) return { lines: [], keys: [] };
    const why = this.broken.get(index);
    if (why !== undefined) return brokenDrawing(why);
    try {
      return pane.draw(this.states[index], { ...view, nowMs: this.nowMs, servers: this.servers });
    } catch (error) {
      return brokenDrawing(stackOf(error));
    }
  }

  /** Who takes events of each name. */
  private routes(): Map<EventName, Taker[]> {
    const takers = new Map<EventName, Taker[]>();
    const add = (names: readonly EventName[], take: Taker): void => {
      for (const name of new Set(names)) takers.set(name, [...(takers.get(name) ?? []), take]);
    };
    add(FACE_NAMES, (event) => this.faces.take(event));
    add(LOSS_NAMES, (event) => this.losses.take(event));
    for (const [i, pane] of this.panes.entries()) {
      const state = this.states[i];
      add(pane.names, (event) => {
        if (this.broken.has(i)) return;
        try {
          pane.take(state, event);
        } catch (error) {
          this.broken.set(i, stackOf(error));
        }
      });
    }
    return takers;
  }
}

const stackOf = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : reasonOf(error);

function brokenDrawing(why: string): PaneDrawing {
  const text = ['This pane has failed; the others go on. Please report:', ...why.split('\n')];
  return { lines: text.map((line, i) => [span(line, i === 0 ? 'bad' : 'dim')]), keys: [] };
}
