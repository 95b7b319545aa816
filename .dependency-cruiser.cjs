// The floors of the house (docs/ARCHITECTURE.md), made from the table in scripts/rooms.cjs. Run by `npm run
// floors`.
const { ROOMS, mayImport } = require('./scripts/rooms.cjs');

const inside = (rooms) => `^src/(${rooms.map((it) => it.path).join('|')})/`;
const pure = inside(ROOMS.filter((it) => it.pure));

/**
 * For each room: what it may not import, since it lies on a higher floor or is another room of the same one.
 */
const floors = ROOMS.filter((from) => ROOMS.some((to) => !mayImport(from, to))).map((from) => ({
  name: `floor-${from.floor}-${from.path.replace('/', '-')}`,
  severity: 'error',
  comment: `src/${from.path} lies on F${from.floor}: it imports from lower floors and from its own room only`,
  from: { path: inside([from]) },
  to: { path: inside(ROOMS.filter((to) => !mayImport(from, to))) },
}));

module.exports = {
  forbidden: [
    ...floors,
    {
      name: 'no-cycle',
      severity: 'error',
      comment: 'no file imports itself by a detour, types included',
      from: {},
      to: { circular: true },
    },
    {
      name: 'pure-floors-import-no-node',
      severity: 'error',
      comment: 'pure rooms touch the world through ports only',
      from: { path: pure },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'pure-floors-import-no-package',
      severity: 'error',
      comment: 'pure rooms have no dependency',
      from: { path: pure },
      to: { path: 'node_modules/' },
    },
    {
      name: 'only-platform-touches-the-world',
      severity: 'error',
      comment: 'sockets, files and timers are implemented once, in src/platform; all others take a port',
      from: { path: '^src/', pathNot: '^src/platform/' },
      to: { path: '^(node:)?(net|tls|fs|timers|https?|http2)(/promises)?$', dependencyTypes: ['core'] },
    },
    {
      name: 'only-cli-composes',
      severity: 'error',
      comment: 'platform and sim are chosen by the composition roots: cli, the library entry, tests',
      from: { path: '^src/', pathNot: '^src/((cli|platform|sim)/|client/index\\.ts$)' },
      to: { path: '^src/(platform|sim)/' },
    },
    {
      name: 'platform-and-sim-apart',
      severity: 'error',
      comment: 'the simulator owns the world it simulates',
      from: { path: '^src/sim/' },
      to: { path: '^src/platform/' },
    },
    {
      name: 'client-and-server-apart',
      severity: 'error',
      comment: 'both speak protocol; neither knows the other',
      from: { path: '^src/(client|server)/' },
      to: { path: '^src/(client|server)/', pathNot: '^src/$1/' },
    },
    {
      name: 'no-development-package',
      severity: 'error',
      comment: 'what src imports is installed with the product',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'no-unresolved-import',
      severity: 'error',
      comment: 'every import leads somewhere',
      from: { path: '^src/' },
      to: { couldNotResolve: true },
    },
  ],
  options: {
    // TypeScript 7 has no API for dependency-cruiser to parse with: without swc it would read no file, and
    // succeed.
    parser: 'swc',
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.mjs'], exportsFields: ['exports'] },
  },
};
