/** A bounded list that forgets its oldest entry; counts what it forgot, so that no loss is silent. */
export class Ring<T> {
  readonly capacity: number;
  private readonly slots: (T | undefined)[];
  private head = 0;
  private count = 0;
  private lost = 0;

  /** `capacity` >= 1 entries are kept. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.slots = new Array<T | undefined>(capacity);
  }

  /** Entries held now. */
  get length(): number {
    return this.count;
  }

  /** Entries forgotten so far. */
  get dropped(): number {
    return this.lost;
  }

  /** Adds at the end; forgets the oldest when full. */
  push(value: T): void {
    if (this.count === this.capacity) {
      this.slots[this.head] = value;
      this.head = (this.head + 1) % this.capacity;
      this.lost++;
      return;
    }
    this.slots[(this.head + this.count) % this.capacity] = value;
    this.count++;
  }

  /** The entry `i` places after the oldest, or undefined. */
  at(i: number): T | undefined {
    return i < 0 || i >= this.count ? undefined : this.slots[(this.head + i) % this.capacity];
  }

  /** Oldest first. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.count; i++) yield this.at(i) as T;
  }
}

/**
 * A first-in first-out queue whose `shift` is constant time (an array's is linear).
 * Unbounded by itself: its owner states the limit.
 */
export class Fifo<T> {
  private items: (T | undefined)[] = [];
  private head = 0;

  /** Entries waiting. */
  get length(): number {
    return this.items.length - this.head;
  }

  /** Adds at the end. */
  push(value: T): void {
    this.items.push(value);
  }

  /** The next entry without taking it. */
  peek(): T | undefined {
    return this.items[this.head];
  }

  /** Takes the next entry. */
  shift(): T | undefined {
    if (this.head === this.items.length) return undefined;
    const value = this.items[this.head];
    this.items[this.head++] = undefined;
    if (this.head === this.items.length) {
      this.items = [];
      this.head = 0;
    } else if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    return value;
  }

  /** Oldest first, without taking. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = this.head; i < this.items.length; i++) yield this.items[i] as T;
  }
}
