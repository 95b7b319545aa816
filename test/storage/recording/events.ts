import fc from 'fast-check';
import {
  EVENT_NAMES,
  EVENTS,
  type EventName,
  type FieldKind,
  type ZktEvent,
} from '../../../src/events/table.ts';
import { SimDisk } from '../../../src/sim/disk.ts';
import { RecordingWriter } from '../../../src/storage/recording/recording-writer.ts';

/** Fractions as they are kept: to the thousandth. */
const kept = (value: number): number =>
  Number.isInteger(value) || !(Math.abs(value) < 2 ** 50 / 1000)
    ? value
    : Math.round(value * 1000) / 1000 || 0;

const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n });
const near = fc.bigInt({ min: 0x100000000n, max: 0x100000fffn });
const number = fc.oneof(
  fc.integer(),
  fc.integer({ min: -1, max: 100 }),
  fc.double({ min: 0, max: 1e4, noNaN: true }),
  fc.constantFrom(-1, 0.1, 2 ** 50, 2 ** 53, 1e300, Number.POSITIVE_INFINITY),
);
const FIELDS: Readonly<Record<FieldKind, fc.Arbitrary<unknown>>> = {
  text: fc.oneof(fc.constantFrom('', '/a', 'setData'), fc.string({ unit: 'binary' })),
  number: number.map(kept),
  flag: fc.boolean(),
  zxid: fc.oneof(near, int64),
  session: fc.oneof(near, int64),
  sid: fc.oneof(fc.bigInt({ min: -1n, max: 9n }), int64),
};

/** Random fields of an event. */
const fieldsOf = (name: EventName): fc.Arbitrary<unknown> =>
  fc.record(
    Object.fromEntries(Object.entries<FieldKind>(EVENTS[name].fields).map(([k, kind]) => [k, FIELDS[kind]])),
  );

const time = fc.integer({ min: 0, max: 4_000_000 }).map((micros) => (1_700_000_000_000_000 + micros) / 1000);

/** A random event of a given name. */
export const eventNamed = (name: EventName): fc.Arbitrary<ZktEvent> =>
  fc
    .tuple(
      fc.constantFrom('1', '2', 'host:2181'),
      fc.oneof(fc.nat(50), fc.maxSafeNat()),
      time,
      fieldsOf(name),
    )
    .map(([node, seq, at, fields]) => ({ name, node, seq, time: at, fields }) as ZktEvent);

/** A random event. */
export const anyEvent: fc.Arbitrary<ZktEvent> = fc.constantFrom(...EVENT_NAMES).chain(eventNamed);

/** A reply of server 1 that many ms after the beginning. */
export const reply = (i: number, atMs: number, node = '1'): ZktEvent => ({
  name: 'request.replied',
  node,
  seq: i,
  time: 1_700_000_000_000 + atMs,
  fields: {
    session: 0x100001234560000n,
    cxid: i,
    op: 'setData',
    zxid: BigInt(0x100000000 + i),
    err: 0,
    ms: 0.712,
  },
});

/** The file that these events make, closed or not. */
export function fileOf(events: readonly ZktEvent[], close = true): Buffer {
  const disk = new SimDisk();
  const writer = new RecordingWriter(disk, '/a.zktrec');
  for (const event of events) writer.append(event);
  if (close) writer.close();
  else writer.flush();
  return bytesOf(disk, '/a.zktrec');
}

/** All bytes of a file. */
export function bytesOf(disk: SimDisk, path: string): Buffer {
  const file = disk.open(path, 'read');
  const bytes = Buffer.alloc(file.size());
  file.readAt(bytes, 0);
  file.close();
  return bytes;
}

/** A disk with one file. */
export function diskWith(bytes: Buffer, path = '/a.zktrec'): SimDisk {
  const disk = new SimDisk();
  disk.plant(path, bytes);
  return disk;
}
