/**
 * The flight recorder: what a server told of itself lately, in a bounded ring of files, to be read after it
 * died. Always on, so it takes little: everything that is not of `trace` level, the samples, and of what
 * happens with every request a share, in bursts (`EventBudget`).
 *
 * It writes about once a second and waits for no disk; a killed process loses the last second, a machine that
 * loses power what the system had not written yet. It never holds up or ends the server: where it cannot
 * write, it says so once and tries again.
 */
import type { Bus, Subscription } from '../../events/bus.ts';
import { EVENT_NAMES, type EventName, type FieldsOf, type ZktEvent } from '../../events/table.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Timer, Timers } from '../../ports/timers.ts';
import { RecordingRing } from '../../storage/recording/recording-ring.ts';
import { EventBudget, isBudgeted } from './event-budget.ts';

/** `trace` events a second. */
const TRACES_PER_S = 200;
const FLUSH_MS = 1000;
const FILES = 4;
/** Each start begins a file: one that does not stay up leaves that many, and what came before it. */
const SMALL_FILES_MAX = 50;
/** Events kept before the directory is this process's own. */
const EARLY_MAX = 1000;
/** After these there may be no time for more. */
const LAST_WORDS: ReadonlySet<EventName> = new Set<EventName>(['server.failed', 'server.stopped']);
/** The files are `flight.1.zktrec`, `flight.2.zktrec`, …: no server takes them for logs or snapshots. */
const STEM = 'flight.zktrec';

/** What a flight recorder needs of the world. */
export interface FlightWorld {
  readonly bus: Bus;
  readonly disk: Disk;
  /** As the bus has it: with fractions. */
  readonly clock: Pick<Clock, 'wallMs'>;
  readonly timers: Timers;
}

/** How it records. */
export interface FlightOptions {
  /** How the server's events name it. */
  readonly node: string;
  /** The directory of the transaction logs. */
  readonly dir: string;
  /** All files together, about. */
  readonly bytesMax: number;
  /** Whether the directory is there and this process's own: nothing is written before. */
  readonly ready: () => boolean;
}

/** See the head of the file. */
export class FlightRecorder {
  private readonly world: FlightWorld;
  private readonly options: FlightOptions;
  private readonly told: Subscription;
  private readonly traced: Subscription;
  private readonly budget: EventBudget;
  private readonly timer: Timer;
  private early: ZktEvent[] = [];
  private earlyLost = 0;
  private ring: RecordingRing | undefined;

  /** Begins to listen. */
  constructor(world: FlightWorld, options: FlightOptions) {
    const { bus, timers } = world;
    this.world = world;
    this.options = options;
    const told = EVENT_NAMES.filter((name) => !isBudgeted(name));
    const traced = EVENT_NAMES.filter(isBudgeted);
    this.budget = new EventBudget(world, TRACES_PER_S, (ms) =>
      this.tell('feed.dropped', { why: 'budget', count: 0, ms }),
    );
    this.told = bus.subscribe({ names: told, take: (event) => this.take(event) });
    this.traced = bus.subscribe({
      names: traced,
      take: (event) => {
        this.budget.spend(this.traced);
        this.take(event);
      },
    });
    this.timer = timers.every(FLUSH_MS, () => this.flush());
  }

  /** Writes the rest, and ends. */
  close(): void {
    this.timer.cancel();
    this.budget.close();
    this.told.close();
    this.traced.close();
    this.open()?.close();
  }

  private take(event: ZktEvent): void {
    const ring = this.open();
    if (ring !== undefined) ring.append(event);
    else if (this.early.length < EARLY_MAX) this.early.push(event);
    else this.earlyLost++;
    if (LAST_WORDS.has(event.name)) this.flush();
  }

  private flush(): void {
    this.open()?.flush();
  }

  /** What the recording says of itself. */
  private tell<N extends EventName>(name: N, fields: FieldsOf<N>): void {
    const time = this.world.clock.wallMs();
    this.open()?.append({ name, node: this.options.node, seq: 0, time, fields } as ZktEvent);
  }

  /** The ring, once there may be one. */
  private open(): RecordingRing | undefined {
    if (this.ring !== undefined || !this.options.ready()) return this.ring;
    const { disk, bus } = this.world;
    const { dir, bytesMax } = this.options;
    const limits = {
      bytesMax: Math.floor(bytesMax / FILES),
      files: FILES,
      smallFilesMax: SMALL_FILES_MAX,
    };
    const ring = new RecordingRing(disk, disk.join(dir, STEM), limits, {
      failed: (file, message) => {
        if (bus.on['recorder.failed']) bus.emit('recorder.failed', { file, message });
      },
      rolled: (file, bytes) => {
        if (bus.on['recorder.rolled']) bus.emit('recorder.rolled', { file, bytes });
      },
    });
    this.ring = ring;
    const { early } = this;
    this.early = [];
    for (const event of early) ring.append(event);
    if (this.earlyLost > 0) this.tell('feed.dropped', { why: 'slow', count: this.earlyLost, ms: 0 });
    // The file is there from the start on, with the first words of a server that may not live for a second.
    ring.flush();
    return ring;
  }
}
