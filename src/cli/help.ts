/** Help, made from the declarations. */
import { VERBS } from './catalogue.ts';
import type { Command } from './command.ts';
import type { Printer } from './output/printer.ts';
import { GLOBAL_OPTIONS, optionText } from './parse/command-line.ts';
import type { OptionSpec } from './parse/options.ts';
import { TOOLS } from './tools.ts';

const SHORT = 'zkt [options] command [arguments]';

const EXAMPLES: readonly (readonly [string, string])[] = [
  ['zkt server', 'a server on 127.0.0.1:2181 with its data in ./zkt-data'],
  ['zkt shell', 'a prompt; Tab completes commands and paths'],
  ['zkt get /app/config', 'the data of a node'],
  ['zkt --servers zk1:2181,zk2:2181 ls -R /', 'all paths there are'],
  ['echo on | zkt set /app/flag -', 'a value from standard input'],
];

/** Help for one verb: the usage line and options, or all there is to know. */
export function printHelp(out: Printer, command: Command, full: boolean): void {
  if (full && command.examples.length > 0) {
    heading(out, 'Examples');
    table(
      out,
      command.examples.map(([line, says]) => [command.only === 'shell' ? line : `zkt ${line}`, says]),
    );
    out.line();
  }
  heading(out, 'Usage');
  out.line(`  ${command.name} ${command.usage}`.trimEnd());
  out.line();
  out.line(command.summary);
  if (full) for (const paragraph of command.about ?? []) wrapped(out, paragraph);
  if (command.options.length > 0) {
    out.line();
    heading(out, 'Options');
    options(out, command.options);
  }
  if (!full) return;
  if (command.json !== undefined) {
    out.line();
    wrapped(out, `With -o json: ${command.json.replaceAll('`', '')}.`);
  }
  if (command.only === 'shell') return;
  out.line();
  heading(out, 'Options of every command');
  options(out, GLOBAL_OPTIONS);
}

/**
 * Help for the program. `commands` are the declarations, for their summaries; without them only names are
 * listed.
 */
export function printProgramHelp(out: Printer, commands: readonly Command[] | undefined): void {
  if (commands !== undefined) {
    heading(out, 'Examples');
    table(out, EXAMPLES);
    out.line();
  }
  heading(out, 'Usage');
  out.line(`  ${SHORT}`);
  out.line();
  heading(out, 'Commands');
  table(out, [...TOOLS]);
  out.line();
  heading(out, 'Nodes');
  if (commands === undefined) wrapped(out, VERBS.join(', '), '  ');
  else {
    printVerbs(
      out,
      commands.filter(({ only }) => only !== 'shell'),
    );
  }
  out.line();
  heading(out, 'Options');
  options(out, GLOBAL_OPTIONS);
  out.line();
  out.line('`zkt command --help` tells more about one.');
}

/** A line for each verb: its name and what it does. */
export function printVerbs(out: Printer, commands: readonly Command[]): void {
  table(
    out,
    commands.map(({ name, summary }) => [name, summary]),
  );
}

function heading(out: Printer, text: string): void {
  out.line({ text, style: 'bold' });
}

function options(out: Printer, specs: readonly OptionSpec[]): void {
  table(
    out,
    specs.map((spec) => [optionText(spec), spec.says]),
  );
}

const LEFT_MAX = 34;

function table(out: Printer, rows: readonly (readonly [string, string])[]): void {
  const widest = Math.min(LEFT_MAX, Math.max(0, ...rows.map(([left]) => left.length)));
  for (const [left, right] of rows) {
    const fits = left.length <= widest;
    const indent = ' '.repeat(widest + 4);
    if (!fits) out.line({ text: `  ${left}`, style: 'cyan' });
    const room = Math.max(30, out.stream.columns - widest - 4);
    wrap(right, room).forEach((line, i) => {
      if (i === 0 && fits) out.line({ text: `  ${left.padEnd(widest)}  `, style: 'cyan' }, line);
      else out.line(indent + line);
    });
  }
}

function wrapped(out: Printer, text: string, indent = ''): void {
  for (const line of wrap(text, out.stream.columns - indent.length)) out.line(indent + line);
}

/** Cuts text at blanks into lines of at most `width`. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
