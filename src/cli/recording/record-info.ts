/** `zkt record --info FILE`: what is in a recording. */
import { EXIT, type ExitCode } from '../../base/errors.ts';
import { durationText } from '../../formatters/duration-text.ts';
import { bytesWords } from '../../formatters/quantity-text.ts';
import { type RecordingSummary, summarise } from '../../inspect/recording/recording-summary.ts';
import type { Disk } from '../../ports/disk.ts';
import { type FileRecording, openRecording } from '../../storage/recording/open-recording.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { reportOne } from '../output/report.ts';
import type { OutputFormat } from '../settings/global-options.ts';

/** Names shown to people; JSON has all. */
const NAMES_SHOWN = 20;

/**
 * Reads the whole recording; exit code 7 for one that is damaged. Throws `ZKT_FILE`, `ZKT_NOT_A_RECORDING`.
 */
export function recordInfo(disk: Disk, path: string, io: Io, format: OutputFormat): ExitCode {
  const recording = openRecording(disk, path);
  const summary = summarise(recording);
  const out = new Printer(io.stdout);
  reportOne(out, format, {
    json: () => infoJson(recording, summary),
    text: () => infoText(out, recording, summary),
  });
  return recording.damaged ? EXIT.corrupt : EXIT.ok;
}

const isoText = (ms: number): string => new Date(ms).toISOString();

function infoText(out: Printer, recording: FileRecording, summary: RecordingSummary): void {
  const { files, fault, startMs, endMs } = recording;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  for (const file of files) out.line(`${file.path}  ${file.events} events, ${bytesWords(file.bytes)}`);
  if (summary.events > 0) {
    out.line(`from     ${isoText(startMs)}`);
    out.line(`to       ${isoText(endMs)}  (${durationText(endMs - startMs)})`);
    out.line(`events   ${summary.events}  (${(bytes / summary.events).toFixed(1)} bytes each)`);
  }
  if (summary.dropped > 0) out.line(`missing  ${summary.dropped} events that were not sent or not written`);
  if (summary.restedMs > 0)
    out.line(`budget   trace events left out for ${durationText(summary.restedMs)} altogether`);
  if (fault !== undefined)
    out.line({ text: 'fault', style: recording.damaged ? 'red' : 'yellow' }, `    ${fault}`);
  if (summary.servers.length > 0) out.line('');
  for (const server of summary.servers) {
    const { node, kind, version, address, mode, events } = server;
    const known = [mode, address, kind === '' ? '' : `${kind} ${version}`].filter((it) => it !== '');
    out.line(`server ${[node, ...known].join('  ')}  ${events} events`);
  }
  for (const { fromMs, toMs } of summary.gaps) {
    out.line(`gap of ${durationText(toMs - fromMs)} from ${isoText(fromMs)}`);
  }
  if (summary.gapCount > summary.gaps.length) {
    out.line(`and ${summary.gapCount - summary.gaps.length} shorter gaps`);
  }
  if (summary.byName.size > 0) out.line('');
  const names = [...summary.byName];
  for (const [name, count] of names.slice(0, NAMES_SHOWN)) out.line(`${String(count).padStart(9)}  ${name}`);
  const more = names.slice(NAMES_SHOWN);
  if (more.length > 0) {
    const count = more.reduce((sum, [, events]) => sum + events, 0);
    out.line(`${String(count).padStart(9)}  of ${more.length} other names`);
  }
}

function infoJson(recording: FileRecording, summary: RecordingSummary): Record<string, unknown> {
  const { files, fault, damaged, unknownEvents } = recording;
  const { events, dropped, restedMs, gapCount, losses } = summary;
  const empty = events === 0;
  return {
    files,
    start: empty ? null : isoText(recording.startMs),
    end: empty ? null : isoText(recording.endMs),
    ...{ events, dropped, restedMs, sourcesLost: losses, damaged, fault: fault ?? null },
    unknownEvents: Object.fromEntries(unknownEvents),
    servers: summary.servers.map(({ firstMs, lastMs, ...server }) => ({
      ...server,
      first: isoText(firstMs),
      last: isoText(lastMs),
    })),
    gapCount,
    gaps: summary.gaps.map(({ fromMs, toMs }) => ({ from: isoText(fromMs), to: isoText(toMs) })),
    names: Object.fromEntries(summary.byName),
  };
}
