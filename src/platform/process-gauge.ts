import fs from 'node:fs';
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import v8 from 'node:v8';
import type { ProcessGauge, ProcessState } from '../ports/process-gauge.ts';

/** How often the loop is asked for, ms; Node counts that as part of the delay. */
const LOOP_EVERY_MS = 10;
/**
 * Counting many descriptors one by one takes time: where the system tells no number, they are not counted.
 */
const FILES_COUNTED_MAX = 4_096;

/** The gauge of this process. */
export class SystemProcessGauge implements ProcessGauge {
  private cpu = process.cpuUsage();
  private takenMs = performance.now();
  private loop: IntervalHistogram | undefined;
  private manyFiles = false;

  take(watchLoop: boolean): ProcessState {
    const now = performance.now();
    const { user, system } = process.cpuUsage(this.cpu);
    const ms = now - this.takenMs;
    const loopP99Ms = this.loop === undefined ? -1 : lateMs(this.loop);
    this.cpu = process.cpuUsage();
    this.takenMs = now;
    this.watch(watchLoop);
    return {
      cpuPercent: ms > 0 ? (user + system) / 10 / ms : -1,
      heapBytes: v8.getHeapStatistics().used_heap_size,
      rssBytes: process.memoryUsage.rss(),
      loopP99Ms,
      openFiles: this.openFiles(),
    };
  }

  close(): void {
    this.watch(false);
  }

  private watch(on: boolean): void {
    if (!on) {
      this.loop?.disable();
      this.loop = undefined;
    } else if (this.loop === undefined) {
      this.loop = monitorEventLoopDelay({ resolution: LOOP_EVERY_MS });
      this.loop.enable();
    } else this.loop.reset();
  }

  /** Linux 6.2 and later tell the number as the size of the folder. */
  private openFiles(): number {
    try {
      const { size } = fs.statSync('/proc/self/fd');
      if (size > 0) return size;
      if (this.manyFiles) return -1;
      const open = fs.readdirSync('/proc/self/fd').length;
      this.manyFiles = open > FILES_COUNTED_MAX;
      return open;
    } catch {
      return -1;
    }
  }
}

/** Rounded to microseconds; 0 while nothing was measured. */
function lateMs(loop: IntervalHistogram): number {
  const ms = loop.percentile(99) / 1e6 - LOOP_EVERY_MS;
  return ms > 0 ? Math.round(ms * 1000) / 1000 : 0;
}
