import { EXIT } from '../../base/errors.ts';
import type { OpResult, WriteOp } from '../../client/api.ts';
import { KeeperError } from '../../client/keeper-error.ts';
import { ERR } from '../../protocol/error-codes.ts';
import type { Command, CommandContext } from '../command.ts';
import { CommandFailure, explain, zkCliMessage } from '../explain.ts';
import { aclFrom } from '../nodes/acl-text.ts';
import { versionOf } from '../nodes/value.ts';
import { statJson } from '../output/node-text.ts';
import { reportOne } from '../output/report.ts';
import { type OptionSpec, ParsedArgs, parseOptions } from '../parse/options.ts';
import { VERSION } from '../parse/standard-options.ts';
import { splitWords } from '../parse/words.ts';
import { createModeOf, createTtlOf } from './create.ts';

/** `txn`: several operations, all or nothing. */
export const command: Command = {
  name: 'txn',
  usage: 'operation [; operation ...]',
  summary: 'Run several operations as one multi: all of them, or none.',
  about: [
    'Operations are `create [-s] [-e] [-c] [-t ttl] path [data] [acl]`, `set [-v version] path data`, ' +
      '`delete [-v version] path` and `check path version`; a word `;` stands between them. As a one-shot, `txn -` reads ' +
      'them from standard input, one a line.',
  ],
  json: '`results` in order (`type`, with `path` and `stat` where there are)',
  options: [],
  arguments: ['command'],
  needed: 1,
  optionsStand: 'first',
  examples: [
    ["txn check /app 3 ';' set /app on ';' delete /app/old", 'all or nothing'],
    ['txn - < operations', 'one a line'],
  ],
  zkCli: false,
  writes: true,
  async run(context, args) {
    const ops = (await linesOf(context, args.rest)).map((words, i) => operation(context, words, i));
    if (ops.length === 0) throw new CommandFailure('txn: there is no operation', EXIT.usage);
    if (context.dryRun) {
      for (const op of ops) context.err.line(`would ${op.type} ${op.path}`);
      return;
    }
    const client = await context.client(ops[0]?.path);
    try {
      report(context, ops, await client.multi(ops));
    } catch (error) {
      throw blamed(error, ops);
    }
  },
};

async function linesOf(context: CommandContext, words: readonly string[]): Promise<string[][]> {
  if (words.length === 1 && words[0] === '-' && context.shell === undefined) {
    const lines = (await context.io.stdin.readAll()).toString('utf8').split(/\r?\n/);
    return lines
      .map((line) => splitWords(line.trim()))
      .filter((line) => line.length > 0 && !line[0]?.startsWith('#'));
  }
  const lines: string[][] = [[]];
  for (const word of words) {
    if (word === ';') lines.push([]);
    else lines.at(-1)?.push(word);
  }
  return lines.filter((line) => line.length > 0);
}

const CREATE: readonly OptionSpec[] = [
  { flag: 's', says: '' },
  { flag: 'e', says: '' },
  { flag: 'c', says: '' },
  { flag: 't', value: 'ttl', says: '' },
];

function operation(
  context: CommandContext,
  [verb = '', ...words]: readonly string[],
  index: number,
): WriteOp {
  const bad = (why: string) => new CommandFailure(`txn: operation ${index + 1}: ${why}`, EXIT.usage);
  const specs = verb === 'create' ? CREATE : [VERSION];
  // Behind the path of `check`, `-1` is a version: any.
  const plain = verb === 'check' && words[0]?.startsWith('-') === false;
  const args = plain ? new ParsedArgs(words, new Map()) : parseOptions(specs, words);
  const [argument, second, third] = args.rest;
  if (argument === undefined) throw bad(`${verb || 'it'} needs a path`);
  const path = context.path(argument);
  const version = versionOf(args.value('v'));
  switch (verb) {
    case 'create': {
      const ttlMs = createTtlOf(args, path);
      const acl = third === undefined ? undefined : aclFrom(context, third);
      const data = second ?? null;
      return {
        type: 'create',
        path,
        data,
        mode: createModeOf(args),
        ...(acl && { acl }),
        ...(ttlMs && { ttlMs }),
      };
    }
    case 'set':
      if (second === undefined) throw bad('set needs a value');
      return { type: 'set', path, data: second, version };
    case 'delete':
      return { type: 'delete', path, version };
    case 'check':
      return { type: 'check', path, version: second === undefined ? version : versionOf(second) };
    default:
      throw bad(`${verb} is none of create, set, delete and check`);
  }
}

function report(
  { out, format }: CommandContext,
  ops: readonly WriteOp[],
  results: readonly OpResult[],
): void {
  reportOne(out, format, {
    json: () => ({
      results: results.map((result) => ({
        ...result,
        ...('stat' in result && result.stat !== undefined && { stat: statJson(result.stat) }),
      })),
    }),
    text: () =>
      out.lines(
        results.map((result, i) => `${result.type} ${'path' in result ? result.path : (ops[i]?.path ?? '')}`),
      ),
  });
}

/** A failed multi names the operation that was refused. */
function blamed(error: unknown, ops: readonly WriteOp[]): unknown {
  if (!(error instanceof KeeperError) || error.results === undefined) return error;
  const at = error.results.findIndex(
    (result) => result.type === 'error' && result.code !== ERR.OK && result.code !== ERR.RUNTIMEINCONSISTENCY,
  );
  const op = ops[at];
  if (op === undefined) return error;
  const why = zkCliMessage(new KeeperError(error.code, op.path));
  return new CommandFailure(
    `nothing was done: operation ${at + 1} (${op.type}): ${why}`,
    explain(error)?.exit ?? EXIT.failed,
  );
}
