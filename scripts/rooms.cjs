// The rooms of src and the floors they lie on: the one table behind .dependency-cruiser.cjs and
// test/tidy.test.ts. A room imports from lower floors and from itself; see docs/adr/0001.

/** @type {ReadonlyArray<{ path: string, floor: number, pure?: boolean }>} */
const ROOMS = [
  { path: 'base', floor: 0, pure: true },
  { path: 'jute', floor: 1, pure: true },
  { path: 'ports', floor: 1, pure: true },
  { path: 'protocol', floor: 2, pure: true },
  { path: 'events', floor: 2, pure: true },
  { path: 'storage', floor: 3, pure: true },
  { path: 'server/tree', floor: 3, pure: true },
  { path: 'server/session', floor: 3, pure: true },
  { path: 'server/watch', floor: 3, pure: true },
  { path: 'server/auth', floor: 3, pure: true },
  { path: 'server/quorum', floor: 3, pure: true },
  { path: 'platform', floor: 3 },
  { path: 'server/processor', floor: 4, pure: true },
  { path: 'server/election', floor: 4, pure: true },
  { path: 'server/zab', floor: 4, pure: true },
  { path: 'server/net', floor: 4 },
  { path: 'server/admin', floor: 4 },
  { path: 'server/config', floor: 4 },
  { path: 'client', floor: 4 },
  { path: 'formatters', floor: 4 },
  { path: 'server/node', floor: 5 },
  { path: 'sim', floor: 6 },
  { path: 'inspect', floor: 5 },
  { path: 'tui', floor: 6 },
  { path: 'cli', floor: 7 },
];

/** Whether code of the room `from` may import code of the room `to`, as far as floors go. */
const mayImport = (from, to) => to.floor < from.floor || to.path === from.path;

module.exports = { ROOMS, mayImport };
