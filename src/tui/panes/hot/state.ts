/** What the pane of hot things keeps. */
import type { EventName, ZktEvent } from '../../../events/table.ts';
import { StormBoard } from '../../../inspect/hot/storm-board.ts';
import { UseBoard } from '../../../inspect/hot/use-board.ts';
import { WatchBoard } from '../../../inspect/hot/watch-board.ts';
import { Askers } from './askers.ts';

/** What is read. */
export const HOT_NAMES: readonly EventName[] = [
  'hot.sampled',
  'watch.sampled',
  'server.sampled',
  'session.attached',
  'session.sampled',
  'request.received',
];

/** See the head of the file. */
export class HotState {
  readonly uses = new UseBoard();
  readonly watches = new WatchBoard();
  readonly storms = new StormBoard();
  readonly askers = new Askers();

  /** Takes an event of `HOT_NAMES`. */
  take(event: ZktEvent): void {
    this.uses.take(event);
    this.watches.take(event);
    this.storms.take(event);
    this.askers.take(event);
  }
}
