import { KEYS, type KeyEffect, type KeyScope, type KeySpec } from './keys.ts';

const SCOPES: Readonly<Record<KeyScope, string>> = {
  core: 'zoo.cfg',
  property: 'zoo.cfg, `-D zookeeper.…`',
  jvm: '`-D` only',
};
const EFFECTS: Readonly<Record<KeyEffect, string>> = {
  used: '',
  later: 'checked and kept; no effect in this release',
  none: 'accepted; means nothing here',
};

/** The text of `docs/configuration.md`, made from the table of keys. */
export function configurationMarkdown(): string {
  const lines = [
    '# Configuration of `zkt server`',
    '',
    'Generated from `src/server/config/keys.ts` by `npm run docs`; do not edit.',
    '',
    "A `zoo.cfg` in Java's properties syntax (UTF-8), given with `--config` or found as `./zoo.cfg` or `./conf/zoo.cfg`.",
    'What stands on the command line is stronger: `-D key=value` is a line of the file, `-D zookeeper.key=value` is',
    "Apache's name of a property, and `--data`, `--port` and `--id` are stronger still. A value that is none of its kind",
    'ends the start with a message that names file, line, key, value and what was expected; an unknown key is a warning.',
    '',
    'Where zkt differs from Apache ZooKeeper 3.8 on purpose: the client port is on 127.0.0.1 unless `clientPortAddress`',
    '(or the client part of a `server.N` line, where a port alone is every address) names another; `maxCnxns` is 10 000',
    'and not unlimited; `clientPort=0` is any free port; a wrong value of a property is an error and not silently the',
    "default. `--id` stands in for `myid`; where there are both they must agree, since a data directory is one member's.",
    'The HTTP admin is on 127.0.0.1, too; on an address that others can reach it needs a token, which whoever asks sends as',
    '`Authorization: Bearer …`. `zkt 4lw admn` tells where it is.',
    '',
    '| key | default | where | what it is |',
    '|---|---|---|---|',
  ];
  for (const [name, spec] of Object.entries(KEYS) as [string, KeySpec<unknown>][]) {
    const { kind, scope, effect, says } = spec;
    const fallback = kind.fallback === '' ? '' : `\`${shown(kind.fallback, kind.expected)}\``;
    const note = EFFECTS[effect] === '' ? '' : ` (${EFFECTS[effect]})`;
    lines.push(`| \`${name}\` | ${fallback} | ${SCOPES[scope]} | ${says}${note} |`);
  }
  lines.push(
    '',
    'Also read: `server.N`, `group.N`, `weight.N` (one voter alone is a standalone server, unless `standaloneEnabled` is off),',
    'and kept without effect: `ssl.*`, `ssl.quorum.*`, `authProvider.*`, `metricsProvider.*`.',
  );
  return `${lines.join('\n')}\n`;
}

const shown = (fallback: unknown, expected: string): string =>
  typeof fallback === 'boolean' && expected === 'yes or no' ? (fallback ? 'yes' : 'no') : String(fallback);
