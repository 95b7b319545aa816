/** How many heard each time a watch fired, by the type of the event. Pure. */
import { Summary } from '../../base/summary.ts';
import { EVENT, type EventType } from '../../protocol/watch-types.ts';

/** See the head of the file. */
export class FiredWatches {
  readonly created = new Summary();
  readonly deleted = new Summary();
  readonly changed = new Summary();
  readonly children = new Summary();

  /** So many connections hear of it. */
  add(type: EventType, heard: number): void {
    switch (type) {
      case EVENT.nodeCreated:
        this.created.add(heard);
        break;
      case EVENT.nodeDeleted:
        this.deleted.add(heard);
        break;
      case EVENT.nodeDataChanged:
        this.changed.add(heard);
        break;
      case EVENT.nodeChildrenChanged:
        this.children.add(heard);
        break;
      default:
        break;
    }
  }
}
