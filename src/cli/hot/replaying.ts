import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import type { FilterText } from '../../events/filter.ts';
import type { ZktEvent } from '../../events/table.ts';
import { replayEvents } from '../../inspect/recording/replay-events.ts';
import { systemDisk } from '../../platform/disk.ts';
import { openRecording } from '../../storage/recording/open-recording.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';

/**
 * Hands over the events of a recording that pass a filter. Answers the exit code: that of damage where the
 * recording is damaged, which is told on stderr. Throws ZKT_USAGE where live servers were asked for as well,
 * and what opening the file throws.
 */
export function takeRecording(
  io: Io,
  file: string,
  about: {
    readonly filter: FilterText;
    readonly live: boolean;
    take(event: ZktEvent): void;
  },
): ExitCode {
  if (about.live) {
    throw new ZktError('ZKT_USAGE', { why: '--servers and --watch are for live servers, not for --replay' });
  }
  const recording = openRecording(systemDisk, file);
  for (const event of replayEvents(recording, { filter: about.filter })) {
    about.take(event);
    if (io.stop.aborted) return EXIT.interrupted;
  }
  if (recording.fault === undefined) return EXIT.ok;
  new Printer(io.stderr).line(`zkt: ${recording.fault}`);
  return EXIT.corrupt;
}
