/**
 * Metrics that come from events: what happens seldom enough to be told as an event is counted there, once,
 * and nowhere else. What happens with every request is counted by the client port itself.
 */
import { Summary } from '../../base/summary.ts';
import type { Bus, Subscription } from '../../events/bus.ts';
import type { EventName, ZktEvent } from '../../events/table.ts';

const NAMES: readonly EventName[] = [
  'session.expired',
  'tree.digest-mismatch',
  'log.synced',
  'log.slow-sync',
  'log.recovered',
  'snapshot.loaded',
  'snapshot.finished',
  'peer.state',
  'election.decided',
  'zab.sync-chosen',
  'zab.sync-sent',
  'zab.established',
  'zab.synced',
  'learner.gone',
  'disk.full',
  'disk.recovered',
];

/** Counters and summaries of one server, from its event bus. */
export class ServerMetrics {
  /** Time of each fsync of the log, ms. */
  readonly fsyncMs = new Summary();
  /** Transactions that shared an fsync. */
  readonly batchSize = new Summary();
  /** Time to write a snapshot, ms. */
  readonly snapshotMs = new Summary();
  /** Time to load a snapshot at start, ms, and transactions replayed after it. */
  readonly snapshotLoadMs = new Summary();
  readonly txnsReplayed = new Summary();
  /** Time from looking for a leader to having one, ms. */
  readonly electionMs = new Summary();
  /** Time from looking for a leader to serving, ms: of every role, and of those that became the leader. */
  readonly unavailableMs = new Summary();
  readonly leaderUnavailableMs = new Summary();
  /** Time a learner took to get to the history of its leader, ms. */
  readonly followerSyncMs = new Summary();
  readonly observerSyncMs = new Summary();
  /** Of a leader: learners being brought up to date at a time, whenever their number changed. */
  readonly snapshotsInFlight = new Summary();
  readonly diffsInFlight = new Summary();
  /**
   * Transactions that reached this server's disk while it led, and while it followed: told once an fsync, not
   * each. An observer hears of them only once they are committed.
   */
  proposals = 0;
  proposalsReceived = 0;
  commitsReceived = 0;
  /** Of a leader: how often it brought a learner up to date, with what it lacked or with everything. */
  diffsSent = 0;
  snapshotsSent = 0;
  private state = '';
  private lookingSince: number | undefined;
  /** Learners being brought up to date, by what they are sent. */
  private readonly syncing = new Map<bigint, 'SNAP' | 'DIFF'>();
  slowSyncs = 0;
  sessionsExpired = 0;
  digestMismatches = 0;
  /** Writes are refused since there is no space left. */
  diskFull = false;

  /** Times this server began to look for a leader. */
  get lookings(): number {
    return this.electionMs.count + (this.state === 'LOOKING' ? 1 : 0);
  }

  /** Listens from here on. */
  subscribe(bus: Bus): Subscription {
    return bus.subscribe({ names: NAMES, take: (event) => this.take(event) });
  }

  private take(event: ZktEvent): void {
    switch (event.name) {
      case 'session.expired':
        this.sessionsExpired++;
        break;
      case 'tree.digest-mismatch':
        this.digestMismatches++;
        break;
      case 'log.synced':
        this.fsyncMs.add(event.fields.ms);
        this.batchSize.add(event.fields.count);
        if (this.state === 'LEADING') this.proposals += event.fields.count;
        else if (this.state === 'FOLLOWING') this.proposalsReceived += event.fields.count;
        if (this.state === 'FOLLOWING' || this.state === 'OBSERVING')
          this.commitsReceived += event.fields.count;
        break;
      case 'log.slow-sync':
        this.slowSyncs++;
        break;
      case 'log.recovered':
        this.txnsReplayed.add(event.fields.count);
        break;
      case 'snapshot.loaded':
        this.snapshotLoadMs.add(event.fields.ms);
        break;
      case 'snapshot.finished':
        this.snapshotMs.add(event.fields.ms);
        break;
      case 'peer.state':
        this.state = event.fields.state;
        this.syncing.clear();
        if (this.state === 'LOOKING') this.lookingSince = event.time;
        break;
      case 'zab.established':
        this.serves(event.time);
        break;
      case 'zab.synced':
        (this.state === 'OBSERVING' ? this.observerSyncMs : this.followerSyncMs).add(event.fields.ms);
        this.serves(event.time);
        break;
      case 'election.decided':
        this.electionMs.add(event.fields.ms);
        break;
      case 'zab.sync-chosen':
        this.syncBegins(event.fields.sid, event.fields.plan === 'SNAP' ? 'SNAP' : 'DIFF');
        break;
      case 'zab.sync-sent':
      case 'learner.gone':
        this.syncEnds(event.fields.sid);
        break;
      case 'disk.full':
        this.diskFull = true;
        break;
      case 'disk.recovered':
        this.diskFull = false;
        break;
      default:
        break;
    }
  }
  private serves(time: number): void {
    const since = this.lookingSince;
    this.lookingSince = undefined;
    if (since === undefined) return;
    this.unavailableMs.add(time - since);
    if (this.state === 'LEADING') this.leaderUnavailableMs.add(time - since);
  }

  private syncBegins(sid: bigint, way: 'SNAP' | 'DIFF'): void {
    if (way === 'SNAP') this.snapshotsSent++;
    else this.diffsSent++;
    this.syncing.set(sid, way);
    this.noteInFlight(way);
  }

  private syncEnds(sid: bigint): void {
    const way = this.syncing.get(sid);
    if (way === undefined) return;
    this.syncing.delete(sid);
    this.noteInFlight(way);
  }

  private noteInFlight(way: 'SNAP' | 'DIFF'): void {
    let count = 0;
    for (const it of this.syncing.values()) if (it === way) count++;
    (way === 'SNAP' ? this.snapshotsInFlight : this.diffsInFlight).add(count);
  }
}
