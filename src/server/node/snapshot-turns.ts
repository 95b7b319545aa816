/**
 * Of a database one snapshot is taken at a time. Whoever wants one, the file writer or a learner that needs a
 * SNAP, takes a turn; the next begins when it is given back.
 */

import { invariant } from '../../base/invariant.ts';
import { Fifo } from '../../base/ring.ts';

/** A turn, asked for or had. */
export interface SnapshotTurn {
  /** Gives it back, or asks no more. Harmless when repeated. */
  end(): void;
}

/** See the head of the file. Who waits is bounded by the learners there are. */
export class SnapshotTurns {
  private holder: Turn | undefined;
  private readonly queue = new Fifo<Turn>();

  /** Nobody has the turn. */
  get free(): boolean {
    return this.holder === undefined;
  }

  /** Asks for the turn; `begin` is called when it is there, perhaps at once, and not after `end`. */
  take(begin: () => void): SnapshotTurn {
    const turn: Turn = {
      begin,
      over: false,
      end: () => {
        if (turn.over) return;
        turn.over = true;
        if (this.holder !== turn) return;
        this.holder = undefined;
        this.next();
      },
    };
    this.queue.push(turn);
    if (this.holder === undefined) this.next();
    return turn;
  }

  private next(): void {
    for (let turn = this.queue.shift(); turn !== undefined; turn = this.queue.shift()) {
      if (turn.over) continue;
      invariant(this.holder === undefined, 'one snapshot at a time');
      this.holder = turn;
      turn.begin();
      if (this.holder !== undefined) return;
    }
  }
}

interface Turn extends SnapshotTurn {
  readonly begin: () => void;
  over: boolean;
}
