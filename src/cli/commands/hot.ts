/** `zkt hot`: what an ensemble is asked for most, and whether sessions come and go in a storm. */
import { type Command, Option } from 'commander';
import type { ZktEvent } from '../../events/table.ts';
import { bytesText, countText, shareText } from '../../formatters/quantity-text.ts';
import { type SessionRates, type Storm, StormBoard, stormText } from '../../inspect/hot/storm-board.ts';
import {
  USE_KINDS,
  UseBoard,
  type UseKind,
  type UseMeasure,
  type UseRow,
} from '../../inspect/hot/use-board.ts';
import { SECONDS_KEPT } from '../../inspect/hot/use-sums.ts';
import { type Board, type BoardFlags, type BoardReport, boardOptions, runBoard } from '../hot/board-tool.ts';
import type { Printer } from '../output/printer.ts';
import type { JsonObject } from '../output/report.ts';
import type { PrintedColumn } from '../output/table-lines.ts';
import { observerOptions } from '../settings/observer-options.ts';
import { toolHelp } from '../settings/tool-help.ts';
import type { ToolContext } from '../tool.ts';

const FILTER = { names: 'hot.sampled,server.sampled' };

const HELP = `
Examples:
  zkt hot                               the paths that are asked for most, over all servers, in 3 seconds
  zkt hot --by client --sort bytes      clients, by the bytes they move
  zkt hot --by op --for 30s             operations, over half a minute
  zkt hot --watch                       again every 3 seconds, until Ctrl-C
  zkt hot --replay incident.zktrec      what was used most while that was recorded
  zkt hot -o json | jq '.hot[0].key, .sessions.storms'

A busy server looks at one of several requests: counts are then estimates. Each server tells of its 20 most
used. BYTES are those of requests, and of answers that need not wait. A storm: more sessions come, come back
or expire in a second than a healthy ensemble would see.

Ends with 0, with 3 when nobody answers. Servers of Apache tell only trees below the root, connections,
and reads and writes as a whole: - is what they do not tell.`;

const SORTS: Readonly<Record<string, UseMeasure>> = { rate: 'count', bytes: 'bytes', writes: 'writes' };
const TITLES: Readonly<Record<UseKind, string>> = {
  path: 'PATH',
  client: 'CLIENT',
  session: 'SESSION',
  op: 'OPERATION',
};

interface HotFlags extends BoardFlags {
  readonly by: UseKind;
  readonly sort: string;
}

/** See `ToolModule`. */
export function build(command: Command, context: ToolContext): void {
  toolHelp(command, HELP, context.brief === true);
  const options = observerOptions(command)
    .description('Print what an ensemble is asked for most.')
    .addOption(new Option('--by <kind>', 'of what').choices([...USE_KINDS]).default('path'))
    .addOption(new Option('--sort <measure>', 'by what').choices(Object.keys(SORTS)).default('rate'));
  boardOptions(options).action(async (flags: HotFlags) => {
    context.exit(await runBoard(new HotBoard(flags), flags, context));
  });
}

/** What is used, and the storms of sessions beside it. */
class HotBoard implements Board<UseRow> {
  readonly name = 'hot';
  readonly filter = FILTER;
  private readonly flags: HotFlags;
  private readonly uses = new UseBoard();
  private readonly storms = new StormBoard();

  constructor(flags: HotFlags) {
    this.flags = flags;
  }

  take(event: ZktEvent): void {
    this.uses.take(event);
    this.storms.take(event);
  }

  report(everyMs: number): BoardReport<UseRow> {
    const { uses, storms, flags } = this;
    // The last of what was listened to: at the beginning some servers were not found yet.
    const asked = Math.max(1, Math.round(everyMs / 1000));
    const seconds = asked < SECONDS_KEPT && flags.replay === undefined ? asked : 'all';
    const blowing = storms.storms(flags.watch === true ? undefined : storms.peak());
    const picture: Picture = { uses, seconds, rates: storms.now(), blowing };
    return {
      rows: uses.rows(flags.by, SORTS[flags.sort] ?? 'count', seconds),
      columns: columnsFor(flags.by),
      rowJson,
      wholeJson: wholeJson(picture),
      below: (out) => summary(out, picture),
    };
  }
}

interface Picture {
  readonly uses: UseBoard;
  readonly seconds: number | 'all';
  readonly rates: SessionRates;
  readonly blowing: readonly Storm[];
}

const columnsFor = (kind: UseKind): PrintedColumn<UseRow>[] => [
  { title: TITLES[kind], text: ({ key }) => key },
  { title: 'REQ/S', right: true, text: ({ use }) => countText(use.count) },
  { title: 'WRITES/S', right: true, text: ({ use }) => countText(use.writes) },
  { title: 'BYTES/S', right: true, text: ({ use }) => bytesText(use.bytes) },
  { title: 'SHARE', right: true, text: ({ share }) => shareText(share) },
  { title: 'SERVERS', text: ({ nodes }) => nodes.map(({ node }) => node).join(',') },
];

const tenth = (value: number): number => Math.round(value * 10) / 10;
/** Null for what no server tells. */
const known = (value: number): number | null => (value < 0 ? null : tenth(value));

const rowJson = ({ kind, key, use, share, nodes }: UseRow): JsonObject => ({
  ...{ kind, key },
  requestsPerS: tenth(use.count),
  writesPerS: known(use.writes),
  bytesPerS: known(use.bytes),
  share: Math.round(share * 10_000) / 10_000,
  servers: nodes.map(({ node, perS }) => ({ node, requestsPerS: tenth(perS) })),
});

const spanOf = (uses: UseBoard, seconds: number | 'all'): number =>
  seconds === 'all' ? uses.spanSeconds : Math.min(seconds, uses.spanSeconds);

function wholeJson({ uses, seconds, rates, blowing }: Picture): JsonObject {
  const { count, writes, bytes } = uses.total(seconds);
  const { created, resumed, expired, sessions } = rates;
  return {
    seconds: spanOf(uses, seconds),
    requestsPerS: tenth(count),
    writesPerS: known(writes),
    bytesPerS: known(bytes),
    sessions: {
      count: known(sessions),
      createdPerS: known(created),
      resumedPerS: known(resumed),
      expiredPerS: known(expired),
      storms: blowing.map(({ kind, perS }) => ({ kind, perS: tenth(perS) })),
    },
  };
}

function summary(out: Printer, { uses, seconds, rates, blowing }: Picture): void {
  if (!uses.told) out.line('No server has told what it is asked for.');
  else {
    const { count, writes, bytes } = uses.total(seconds);
    const moved = bytes < 0 ? '' : `, ${bytesText(bytes)}/s`;
    const span = spanOf(uses, seconds);
    out.line(`${countText(count)} requests/s, ${countText(writes)} of them writes${moved}, over ${span} s.`);
  }
  const { created, resumed, expired, sessions } = rates;
  if (sessions >= 0) {
    const perS = `${countText(created)} new, ${countText(resumed)} back, ${countText(expired)} expired a second`;
    out.line(`${sessions} session${sessions === 1 ? '' : 's'}: ${perS}.`);
  }
  for (const storm of blowing) {
    out.line({ text: `There is ${stormText(storm)}.`, style: 'red' });
  }
}
