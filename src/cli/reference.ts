/** The text of `docs/shell.md`, made from the declarations of verbs and tools. */
import { loadCommands } from './catalogue.ts';
import type { Command } from './command.ts';
import { GLOBAL_OPTIONS, optionText } from './parse/command-line.ts';
import type { OptionSpec } from './parse/options.ts';
import { TOOLS } from './tools.ts';

const INTRODUCTION = `# Shell and one-shots

Generated from \`src/cli\` by \`npm run docs\`; do not edit.

\`zkt shell\` is a prompt as of Apache's zkCli; every verb is also a command of its own: \`zkt get /x\`.

## In the shell

- Lines, streams, wording and exit codes are zkCli's: 0, 1 for a failed command, 127 for an unknown one. Off
  a terminal there is no prompt, the lines of standard input are run to their end, and the exit code is that
  of the last command.
- zkCli's options are understood in front of a command: \`-server\`, \`-timeout\`, \`-r\`,
  \`-waitforconnection\`; what zkt has no counterpart for (\`-client-configuration\`) is passed over. \`-q\`
  leaves the banner out.
- Words are split as zkCli splits them: blanks separate, \`"…"\` or \`'…'\` hold a word together, nothing is
  escaped.
- At a terminal: Tab completes commands, options and paths; the arrow keys bring back earlier lines, also of
  earlier shells; events of watches are printed above the line being typed; Ctrl-C drops the line or ends
  the command that runs; Ctrl-D leaves. Lines are kept in \`$XDG_STATE_HOME/zkt/history\`, readable by you
  only, and never those with \`addauth\`.
- Paths that do not begin with \`/\` are relative to the directory of \`cd\`: at a terminal always, in a
  script from the first \`cd\` on (before that they are refused, as in zkCli).
- Where a server tells the zxid of the transaction behind an event (3.9), the line of the event ends in
  \` zxid: N\`.
- Beyond 3.8: \`get -b\` and \`-x\`, \`set -b\`, \`removewatches -p\` and \`-r\` of 3.9, and \`rmr\`, which
  3.5 had last.

## As commands of their own

- Quiet: data on stdout, everything else on stderr, no banner.
- \`-o json\` prints one object with \`v\`, the version of this schema (1); with \`-o ndjson\` a list is one
  object a line. zxids and session ids are \`0x…\` strings, times ISO 8601 in UTC. Errors are
  \`{"v":1,"error":{"code","message","exit"}}\` on stderr. A \`stat\` has \`czxid\`, \`mzxid\`, \`pzxid\`,
  \`ctime\`, \`mtime\`, \`version\`, \`cversion\`, \`aversion\`, \`ephemeralOwner\`, \`dataLength\`,
  \`numChildren\`.
- Values: \`set PATH -\` and \`create PATH -\` read standard input, \`--base64\` and \`--hex\` decode the
  value, \`get --raw\` writes the exact bytes.
- Exit codes: 0 ok; 1 failed; 2 usage; 3 cannot connect, or timed out; 4 no node; 5 conflict (version,
  exists, not empty); 6 no auth; 7 corrupt data; 8 unhealthy; 130 interrupted.
- \`deleteall\`, \`rmr\` and \`reconfig\` ask at a terminal and need \`--yes\` off it. In \`zkt shell\` they
  ask at a terminal only: a script is not asked, as in zkCli. \`--dry-run\` says what would be changed.

## Everywhere

- What a server says is printed with control, escape, bidi and zero-width characters shown as \`\\x1b\` or
  \`\\u{202e}\`; only \`get --raw\` is not, and says so at a terminal. In data, line breaks and tabs stay.
- Settings: option, then environment (\`ZKT_SERVERS\`, \`ZKT_AUTH\`, \`ZKT_READ_ONLY\`, \`ZKT_TIMEOUT\`,
  \`ZKT_PROFILE\`), then profile, then default. \`$XDG_CONFIG_HOME/zkt/profiles.json\` holds profiles by name,
  \`default\` is used where none is named:

  \`\`\`json
  { "prod": { "servers": "zk1:2181,zk2:2181", "authFile": "prod.auth", "readOnly": true, "timeoutMs": 5000 } }
  \`\`\`

- A file of credentials has a line for each, \`scheme:auth\` (\`digest:user:password\`), and must be readable
  by you only.
- Colour: \`--color\`, then NO_COLOR, FORCE_COLOR, TERM=dumb, then whether the stream is a terminal.
`;

/** The whole document. */
export async function shellMarkdown(): Promise<string> {
  const commands = await loadCommands();
  const sections = [
    INTRODUCTION,
    '## Options of every command\n',
    optionTable(GLOBAL_OPTIONS),
    '## Tools\n',
    table(
      ['tool', 'what it does'],
      [...TOOLS].map(([name, summary]) => [`\`zkt ${name}\``, summary]),
    ),
    '`zkt TOOL --help` tells their options.\n',
    '## Verbs\n',
    ...commands.map(section),
  ];
  return sections.join('\n');
}

function section(command: Command): string {
  const where = command.only === 'shell' ? ' (only in the shell)' : '';
  const parts = [
    `### ${command.name}\n`,
    `\`${`${command.name} ${command.usage}`.trimEnd()}\`${where}\n`,
    `${command.summary}\n`,
    ...(command.about ?? []).map((paragraph) => `${paragraph}\n`),
  ];
  if (command.options.length > 0) parts.push(optionTable(command.options));
  if (command.json !== undefined && command.only !== 'shell') parts.push(`JSON: ${command.json}.\n`);
  const prefix = command.only === 'shell' ? '' : 'zkt ';
  const width = Math.max(...command.examples.map(([line]) => prefix.length + line.length));
  const lines = command.examples.map(([line, says]) => `${`${prefix}${line}`.padEnd(width)}   # ${says}`);
  parts.push(`\`\`\`\n${lines.join('\n')}\n\`\`\`\n`);
  return parts.join('\n');
}

const optionTable = (specs: readonly OptionSpec[]): string =>
  table(
    ['option', 'what it does'],
    specs.map((spec) => [`\`${optionText(spec)}\``, spec.says]),
  );

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return `${[line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')}\n`;
}
