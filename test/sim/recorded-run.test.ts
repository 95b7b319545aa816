import { describe, expect, it } from 'vitest';
import type { EventName, ZktEvent } from '../../src/events/table.ts';
import { SimDisk } from '../../src/sim/disk.ts';
import { hearRun } from '../../src/sim/run-recorder.ts';
import { planOf } from '../../src/sim/swarm/plan.ts';
import { playPlan } from '../../src/sim/swarm/run.ts';
import { openRecording } from '../../src/storage/recording/open-recording.ts';
import { RecordingWriter } from '../../src/storage/recording/recording-writer.ts';
import { TOOLS } from './tools.ts';

describe('a run that is recorded', () => {
  it.each([
    [1, { workMs: 4000, operations: 60 }],
    [2, { workMs: 4000, operations: 60 }],
    [5, { workMs: 4000, operations: 60, observers: 1 }],
    // Long rests: samples are taken when nothing else happens.
    [7, { workMs: 1500, operations: 20, clients: 1 }],
  ])('is the same as one that is not: seed %d', async (seed, wishes) => {
    const plan = planOf(seed, wishes);
    const silent = await playPlan(plan, TOOLS);
    const disk = new SimDisk();
    const writer = new RecordingWriter(disk, '/run.zktrec');
    const heard: ZktEvent[] = [];
    const listen = hearRun((event) => {
      heard.push(event);
      writer.append(event);
    });
    const told = await playPlan(plan, TOOLS, listen);
    writer.close();
    expect(told).toEqual(silent);

    const recording = openRecording(disk, '/run.zktrec');
    const events = [...recording.events()];
    expect(recording.fault).toBeUndefined();
    expect(events).toHaveLength(heard.length);
    const count = (name: EventName): number => events.filter((it) => it.name === name).length;
    const seconds = told.simulatedMs / 1000;
    expect(count('server.sampled')).toBeGreaterThan(seconds * 0.5);
    for (const name of [
      'request.replied',
      'source.connected',
      'simulation.said',
      'session.sampled',
    ] as const) {
      expect(count(name), name).toBeGreaterThan(0);
    }
    // Simulated time, with fractions, of one clock.
    expect(events.some((it) => it.time % 1 !== 0)).toBe(true);
    expect(recording.endMs - recording.startMs).toBeLessThanOrEqual(told.simulatedMs + 1);
  });
});
