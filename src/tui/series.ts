/** The last values of a number that is measured about once a second. */

/** Values kept: five minutes. */
const SERIES_VALUES_MAX = 300;

/** Bounded; the oldest value goes when a new one comes. A value below 0 is one that is not known. */
export class Series {
  private readonly times = new Float64Array(SERIES_VALUES_MAX);
  private readonly values = new Float64Array(SERIES_VALUES_MAX);
  private head = 0;
  private count = 0;

  /** Values kept now. */
  get length(): number {
    return this.count;
  }

  /** The newest value; -1 for none. */
  get last(): number {
    return this.count === 0 ? -1 : (this.values[(this.head + this.count - 1) % SERIES_VALUES_MAX] ?? -1);
  }

  /** Adds a value. */
  add(time: number, value: number): void {
    const at = (this.head + this.count) % SERIES_VALUES_MAX;
    this.times[at] = time;
    this.values[at] = Number.isFinite(value) ? value : -1;
    if (this.count < SERIES_VALUES_MAX) this.count++;
    else this.head = (this.head + 1) % SERIES_VALUES_MAX;
  }

  /**
   * The values by equal parts of the time from `fromMs` to `toMs`: the largest of each part, -1 where there
   * is none. What a chart with `parts` columns shows.
   */
  parts(fromMs: number, toMs: number, parts: number): number[] {
    const found = new Array<number>(Math.max(0, parts)).fill(-1);
    const width = (toMs - fromMs) / parts;
    if (!(width > 0)) return found;
    for (let i = 0; i < this.count; i++) {
      const at = (this.head + i) % SERIES_VALUES_MAX;
      const part = Math.ceil(((this.times[at] as number) - fromMs) / width) - 1;
      if (part >= 0 && part < parts) found[part] = Math.max(found[part] as number, this.values[at] as number);
    }
    return found;
  }
}
