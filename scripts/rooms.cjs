// The rooms of src and the floors they lie on: the one table behind .dependency-cruiser.cjs and
// test/tidy.test.ts. A room imports from lower floors and from itself. `server` is one room that lies on two
// floors.

/** @type {ReadonlyArray<{ path: string, floor: number, room?: string }>} */
const ROOMS = [
  { path: 'base', floor: 0 },
  { path: 'jute', floor: 1 },
  { path: 'protocol', floor: 2 },
  { path: 'events', floor: 2 },
  { path: 'ports', floor: 2 },
  { path: 'storage', floor: 3 },
  { path: 'server/tree', floor: 3, room: 'server' },
  { path: 'server/session', floor: 3, room: 'server' },
  { path: 'server/watch', floor: 3, room: 'server' },
  { path: 'server/auth', floor: 3, room: 'server' },
  { path: 'server/processor', floor: 3, room: 'server' },
  { path: 'server/election', floor: 3, room: 'server' },
  { path: 'server/zab', floor: 3, room: 'server' },
  { path: 'server/node', floor: 4, room: 'server' },
  { path: 'server/net', floor: 4, room: 'server' },
  { path: 'server/admin', floor: 4, room: 'server' },
  { path: 'server/config', floor: 4, room: 'server' },
  { path: 'client', floor: 4 },
  { path: 'formatters', floor: 4 },
  { path: 'platform', floor: 4 },
  { path: 'sim', floor: 5 },
  { path: 'inspect', floor: 5 },
  { path: 'tui', floor: 6 },
  { path: 'cli', floor: 7 },
];

/** The highest floor that is pure: no clock, no chance, no sockets, no files, no `async`, no packages. */
const PURE_FLOOR_MAX = 3;

const roomOf = (it) => it.room ?? it.path;

/** Whether code of the room `from` may import code of the room `to`, as far as floors go. */
const mayImport = (from, to) =>
  to.floor < from.floor || (to.floor === from.floor && roomOf(from) === roomOf(to));

module.exports = { ROOMS, PURE_FLOOR_MAX, mayImport };
