/**
 * The house rules that no linter holds, as a table: what is looked at, what is found, and a planted example
 * that shows the rule at work. `test/tidy.test.ts` runs them over the repository.
 */
import { homedir } from 'node:os';
import path from 'node:path';
import { ROOMS } from '../../scripts/rooms.cjs';
import type { Node, SourceFile } from './source-file.ts';

/** One house rule. */
export interface Rule {
  readonly name: string;
  /** The files it looks at. */
  readonly applies: (file: string) => boolean;
  /** What is wrong, each as `line: what, and what to do instead`. */
  readonly find: (source: SourceFile) => string[];
  /** A file that breaks the rule. */
  readonly planted: { readonly file: string; readonly text: string };
}

const LIMITS = { fileLinesMax: 400, functionLinesMax: 70, lineWidthMax: 110 } as const;

/**
 * What cannot be broken over lines: a string, a template or a regular expression in code (Biome leaves those
 * too).
 */
const isUnbreakable = (line: string): boolean => !isComment(line) && /['"`/]/.test(line);

const isCode = (file: string): boolean => /^(src|test|bench|scripts)\/.*\.(ts|tsx|mjs|cjs)$/.test(file);
const isSource = (file: string): boolean => /^src\/.*\.tsx?$/.test(file);
const isPure = (file: string): boolean =>
  isSource(file) && ROOMS.some((room) => room.pure && file.startsWith(`src/${room.path}/`));
const sourceOutside = (...rooms: readonly string[]) => {
  return (file: string): boolean => isSource(file) && !rooms.some((room) => file.startsWith(`src/${room}/`));
};

/** A word or construct that is not used here, and what is used instead. */
interface Ban {
  readonly pattern: RegExp;
  readonly instead: string;
  readonly applies: (file: string) => boolean;
  /** Comments count too (by default only code does). */
  readonly comments?: true;
  readonly planted: string;
}

const BANS: readonly Ban[] = [
  {
    pattern: /\b(TODO|FIXME|XXX|HACK)\b/,
    instead: 'finish it, or write down the limit as a limit',
    applies: (file) => isCode(file) && !file.startsWith('test/tidy/'),
    comments: true,
    planted: '// TODO later',
  },
  {
    pattern: /@ts-(ignore|nocheck)/,
    instead: 'make the types say it',
    applies: (file) => isCode(file) && !file.startsWith('test/tidy/'),
    comments: true,
    planted: '// @ts-ignore',
  },
  {
    pattern: /@ts-expect-error/,
    instead: 'make the types say it (a test of types may use it)',
    applies: isSource,
    comments: true,
    planted: '// @ts-expect-error',
  },
  {
    pattern: /\bas any\b/,
    instead: 'unknown, and a check',
    applies: (file) => isCode(file) && !file.startsWith('test/tidy/'),
    planted: 'const x = y as any;',
  },
  {
    pattern: /\bMath\.random\b/,
    instead: 'the Random port, or Prng with a seed',
    applies: sourceOutside('platform'),
    planted: 'const x = Math.random();',
  },
  {
    pattern: /\bDate\.now\(|\bnew Date\(\)|\bperformance\.now\(/,
    instead: 'the Clock port, or the time of the input',
    applies: sourceOutside('platform'),
    planted: 'const x = Date.now();',
  },
  {
    pattern: /(?<![.\w])console\./,
    instead: 'an event of events/table.ts, or the io of the command',
    applies: sourceOutside('cli'),
    planted: 'console.log(1);',
  },
  {
    pattern: /\bprocess\.exit\(/,
    instead: 'return the exit code, or throw',
    applies: sourceOutside('cli', 'platform'),
    planted: 'process.exit(1);',
  },
  {
    pattern: /\bglobalThis\b/,
    instead: 'a port: what is global is not a value',
    applies: isPure,
    planted: 'const now = globalThis.Date;',
  },
];

const isComment = (line: string): boolean => /^\s*(\/\/|\/?\*)/.test(line);

function bannedWords(source: SourceFile): string[] {
  return BANS.filter((ban) => ban.applies(source.file)).flatMap((ban) =>
    source.lines.flatMap((line, i) => {
      const code = ban.comments || !isComment(line) ? line : '';
      const hit = ban.pattern.exec(code);
      return hit === null ? [] : [`${i + 1}: ${hit[0]}; instead: ${ban.instead}`];
    }),
  );
}

const FUNCTION_TYPES: ReadonlySet<string> = new Set([
  'FunctionDeclaration',
  'FunctionExpression',
  'ArrowFunctionExpression',
  'ClassMethod',
  'PrivateMethod',
  'Constructor',
  'MethodProperty',
  'GetterProperty',
  'SetterProperty',
]);

function longFunctions(source: SourceFile): string[] {
  const found: string[] = [];
  for (const node of source.nodes()) {
    if (!FUNCTION_TYPES.has(node.type)) continue;
    const { first, last } = source.linesOf(node);
    const length = last - first + 1;
    if (length > LIMITS.functionLinesMax) found.push(`${first}: a function of ${length} lines; split it`);
  }
  return found;
}

function asyncCode(source: SourceFile): string[] {
  const found: string[] = [];
  for (const node of source.nodes()) {
    const body = (node.function ?? node) as Node;
    const isAsync = FUNCTION_TYPES.has(node.type) && body.async === true;
    if (!isAsync && node.type !== 'AwaitExpression') continue;
    found.push(
      `${source.linesOf(node).first}: async; a machine answers through effects, completions are inputs`,
    );
  }
  return found;
}

const TIMERS: ReadonlySet<unknown> = new Set(['setTimeout', 'setInterval', 'setImmediate']);

function globalTimers(source: SourceFile): string[] {
  const found: string[] = [];
  for (const node of source.nodes()) {
    const callee = node.type === 'CallExpression' ? (node.callee as Node) : undefined;
    if (callee?.type !== 'Identifier' || !TIMERS.has(callee.value)) continue;
    found.push(`${source.linesOf(node).first}: ${callee.value}; instead: the Timers port`);
  }
  return found;
}

/** Name and declaration of what a statement exports; re-exports have none of their own. */
function exported(statement: Node): { name: string; declaration: Node } | undefined {
  if (statement.type !== 'ExportDeclaration') return undefined;
  const declaration = statement.declaration as Node;
  const name = (declaration.identifier ?? declaration.id) as { value?: string } | undefined;
  if (declaration.type === 'VariableDeclaration') {
    const [first] = declaration.declarations as { id: { value?: string } }[];
    return { name: first?.id.value ?? '', declaration };
  }
  return { name: name?.value ?? '', declaration };
}

const isFunctionConst = (declaration: Node): boolean =>
  (declaration.declarations as { init?: Node }[]).some((it) => FUNCTION_TYPES.has(it.init?.type ?? ''));

/** `type X = Infer<typeof X>`: the record above says what it is. */
function isTypeOfRecord(declaration: Node): boolean {
  const type = declaration.typeAnnotation as { typeName?: { value?: string } } | undefined;
  return declaration.type === 'TsTypeAliasDeclaration' && type?.typeName?.value === 'Infer';
}

function undocumented(source: SourceFile): string[] {
  const documented = new Set<string>();
  const found: string[] = [];
  for (const statement of source.statements()) {
    const it = exported(statement);
    if (it === undefined) continue;
    const comment = /\/\*\*((?!\*\/)[\s\S])*\*\/$/.test(source.textBefore(statement));
    if (comment) documented.add(it.name);
    // The type of a record bears the record's name and stands below it; later overloads stand below the
    // first.
    if (documented.has(it.name)) continue;
    if (isTypeOfRecord(it.declaration)) continue;
    if (it.declaration.type === 'VariableDeclaration' && !isFunctionConst(it.declaration)) continue;
    found.push(`${source.linesOf(statement).first}: ${it.name} has no docstring; say what, units, errors`);
  }
  return found;
}

function machinePaths(source: SourceFile): string[] {
  const root = path.join(import.meta.dirname, '..', '..');
  const own = [root, ...(homedir().length > 1 ? [`${homedir()}/`] : [])];
  const anybodys = /(?<![\w.}/])\/(home|Users|root|work|workspace)\/[\w.-]+/;
  return source.lines.flatMap((line, i) => {
    const hit = own.find((it) => line.includes(it)) ?? anybodys.exec(line)?.[0];
    return hit === undefined ? [] : [`${i + 1}: ${hit}; instead: a path relative to the repository`];
  });
}

const plant = (text: string, file = 'src/client/planted.ts') => ({ file, text: `${text}\n` });

/** All rules that look at one file at a time. */
export const RULES: readonly Rule[] = [
  {
    name: `a source file has at most ${LIMITS.fileLinesMax} lines`,
    applies: isSource,
    find: ({ lines }) =>
      lines.length > LIMITS.fileLinesMax ? [`${lines.length} lines; give a concept its own file`] : [],
    planted: plant('//\n'.repeat(LIMITS.fileLinesMax)),
  },
  {
    name: `a function has at most ${LIMITS.functionLinesMax} lines`,
    applies: isSource,
    find: longFunctions,
    planted: plant(`// ü\nexport class A {\n  m() {\n${'    f();\n'.repeat(LIMITS.functionLinesMax)}  }\n}`),
  },
  {
    name: `a line has at most ${LIMITS.lineWidthMax} characters`,
    applies: isCode,
    find: ({ lines }) =>
      lines.flatMap((line, i) =>
        line.length > LIMITS.lineWidthMax && !isUnbreakable(line)
          ? [`${i + 1}: ${line.length} characters (npm run format wraps comments)`]
          : [],
      ),
    planted: plant(`// ${'a word '.repeat(20)}`),
  },
  {
    name: 'file and folder names are kebab-case',
    applies: (file) => /^(src|test|bench|scripts|bin)\//.test(file),
    find: ({ file }) =>
      file.split('/').every((it) => /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9-]+)*$/.test(it)) ? [] : ['rename it'],
    planted: plant('', 'src/client/connectString.ts'),
  },
  {
    name: 'a file name says what is inside',
    applies: (file) => /^(src|test|bench|scripts)\//.test(file),
    find: ({ file }) => {
      const vague = /(^|[/-])(utils?|helpers?|managers?|misc|common|stuff)([-./]|$)/.exec(file);
      return vague === null ? [] : [`${vague[2]}; instead: the concept`];
    },
    planted: plant('', 'src/client/string-utils.ts'),
  },
  ...BANS.map((ban) => ({
    name: `not used here: ${ban.pattern.source}`,
    applies: ban.applies,
    find: (source: SourceFile) => bannedWords(source).filter((it) => it.endsWith(ban.instead)),
    planted: plant(ban.planted, ban.applies('src/client/planted.ts') ? undefined : 'src/base/planted.ts'),
  })),
  {
    name: 'pure rooms have no async',
    applies: isPure,
    find: asyncCode,
    planted: plant('export class A {\n  async m(): Promise<void> {}\n}', 'src/server/zab/planted.ts'),
  },
  {
    name: 'only platform has timers',
    applies: sourceOutside('platform'),
    find: globalTimers,
    planted: plant('setTimeout(f, 1);'),
  },
  {
    name: 'what base, jute, protocol and client export has a docstring',
    applies: (file) => /^src\/(base|jute|protocol|client)\//.test(file),
    find: undocumented,
    planted: plant('/** Documented. */\nexport const a = 1;\n\nexport function b(): void {}'),
  },
  {
    name: 'no file names a path of the machine it was written on',
    applies: (file) => !/\.(gz|png|jpg|bin)$/.test(file),
    find: machinePaths,
    planted: plant(`// see ${'/home'}/someone/notes.md`),
  },
];
