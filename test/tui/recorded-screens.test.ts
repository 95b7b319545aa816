import { describe, expect, it } from 'vitest';
import type { ZktEvent } from '../../src/events/table.ts';
import { Player } from '../../src/inspect/recording/player.ts';
import { SimDisk } from '../../src/sim/disk.ts';
import { hearRun } from '../../src/sim/run-recorder.ts';
import { planOf } from '../../src/sim/swarm/plan.ts';
import { playPlan } from '../../src/sim/swarm/run.ts';
import { openRecording } from '../../src/storage/recording/open-recording.ts';
import { RecordingWriter } from '../../src/storage/recording/recording-writer.ts';
import { Model } from '../../src/tui/model.ts';
import { PANES } from '../../src/tui/panes/index.ts';
import { TOOLS } from '../sim/tools.ts';

/** All panes as they are drawn at a time, as text. */
function screens(model: Model, nowMs: number): string[] {
  model.nowMs = nowMs;
  const view = {
    width: 160,
    height: 50,
    chosen: undefined,
    drill: undefined,
    scroll: 0,
    filter: '',
    sort: 0,
    ascii: false,
  };
  return model.panes.flatMap(({ id }, index) => [
    `--- ${id}`,
    ...model.draw(index, view).lines.map((line) =>
      line
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    ),
  ]);
}

/** As a recording keeps a number: to the thousandth. */
const kept = (value: unknown): unknown =>
  typeof value === 'number' ? Math.round(value * 1000) / 1000 : value;

/** A run in which servers die and leaders change, as it was told, to the microsecond. */
async function failovers(seed: number): Promise<ZktEvent[]> {
  const events: ZktEvent[] = [];
  const plan = planOf(seed, { workMs: 4000, kinds: ['kill-leader', 'kill-some'], operations: 80 });
  const take = (event: ZktEvent): void => {
    const fields = Object.fromEntries(Object.entries(event.fields).map(([key, value]) => [key, kept(value)]));
    events.push({ ...event, time: kept(event.time), fields } as ZktEvent);
  };
  await playPlan(plan, TOOLS, hearRun(take));
  return events;
}

describe('a recording shows the same screens as what was recorded', () => {
  it.each([3, 4])(
    'seed %d, at many times, forwards and backwards',
    async (seed) => {
      const events = await failovers(seed);
      const disk = new SimDisk();
      const writer = new RecordingWriter(disk, '/run.zktrec');
      for (const event of events) writer.append(event);
      writer.close();
      const recording = openRecording(disk, '/run.zktrec');
      const player = new Player(recording);
      const live = new Model(PANES);
      const seen = new Map<number, string[]>();
      const replayed = new Model(PANES);
      let next = 0;
      for (let share = 0; share <= 1; share += 0.1) {
        const at = Math.round(recording.startMs + share * (recording.endMs - recording.startMs)) + 0.5;
        for (; next < events.length && (events[next] as ZktEvent).time <= at; next++)
          live.take(events[next] as ZktEvent);
        seen.set(at, screens(live, at));
        player.seek(
          at,
          (event) => replayed.take(event),
          () => replayed.reset(),
        );
        expect(screens(replayed, at), `${share}`).toEqual(seen.get(at));
      }
      for (const [at, screen] of [...seen].reverse()) {
        player.seek(
          at,
          (event) => replayed.take(event),
          () => replayed.reset(),
        );
        expect(screens(replayed, at), 'back').toEqual(screen);
      }
      expect([...seen.values()].at(-1)?.length).toBeGreaterThan(60);
    },
    30_000,
  );
});
