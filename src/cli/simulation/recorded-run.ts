/** `zkt sim --record FILE` and `zkt sim --top`: a simulated run as a recording, and in the dashboard. */
import { EXIT, type ExitCode, ZktError } from '../../base/errors.ts';
import { bytesWords } from '../../formatters/quantity-text.ts';
import { Player } from '../../inspect/recording/player.ts';
import { systemDisk } from '../../platform/disk.ts';
import type { Disk } from '../../ports/disk.ts';
import type { Violation } from '../../sim/checkers/history.ts';
import { SimDisk } from '../../sim/disk.ts';
import { hearRun } from '../../sim/run-recorder.ts';
import type { Listen } from '../../sim/watched-cluster.ts';
import { openRecording } from '../../storage/recording/open-recording.ts';
import { canShow, openDashboard } from '../dashboard/open-dashboard.ts';
import type { Io } from '../io.ts';
import { Printer } from '../output/printer.ts';
import { reportOne } from '../output/report.ts';
import { openTarget } from '../recording/record-target.ts';
import type { OutputFormat } from '../settings/global-options.ts';

/** What to do with the run. */
export interface RecordedRunOptions {
  /** What it is called: `seed 7`. */
  readonly name: string;
  /** Plays it. */
  readonly play: (listen: Listen) => Promise<RunOutcome>;
  /** The file to record into; in memory only without one. */
  readonly file: string | undefined;
  /** A file that exists may be replaced. */
  readonly force: boolean;
  /** Show it in the dashboard when it is over. */
  readonly top: boolean;
  readonly format: OutputFormat;
}

/** What came of the run. */
interface RunOutcome {
  readonly violations: readonly Violation[];
  readonly simulatedMs: number;
  readonly fingerprint: string;
}

/** Where a run is that nobody wants as a file. */
const IN_MEMORY = '/run.zktrec';
const VIOLATIONS_TOLD = 5;

/**
 * Plays, records, shows; exit code 1 for a broken promise. Throws `ZKT_FILE`, and `ZKT_USAGE` without a
 * terminal.
 */
export async function playRecorded(options: RecordedRunOptions, io: Io): Promise<ExitCode> {
  const { name, file, force, top, format } = options;
  if (top && !canShow(io)) {
    const why =
      '--top needs a terminal; zkt sim --record FILE keeps the run, zkt top --replay FILE -b prints it';
    throw new ZktError('ZKT_USAGE', { why });
  }
  const disk: Disk = file === undefined ? new SimDisk() : systemDisk;
  const path = file ?? IN_MEMORY;
  const err = new Printer(io.stderr);
  const recorder = openTarget(
    disk,
    { path, existing: force ? 'replace' : undefined },
    {
      failed: (failed, why) => err.line(`zkt sim: cannot write ${failed}: ${why}; trying again`),
    },
  );
  const outcome = await options.play(hearRun((event) => recorder.append(event)));
  recorder.close();
  if (top) await openDashboard(io, { from: { playback: new Player(openRecording(disk, path)) } });
  const { violations, simulatedMs, fingerprint } = outcome;
  const { events, bytes, lost } = recorder;
  const holds = violations.length === 0;
  const out = new Printer(io.stdout);
  reportOne(out, format, {
    json: () => ({
      ...{ name, simulatedSeconds: simulatedMs / 1000, fingerprint, violations },
      ...{ file: file ?? null, events, lost },
    }),
    text: () => {
      const where = file === undefined ? '' : ` in ${file}, ${bytesWords(bytes)}`;
      out.line(
        { text: holds ? 'holds' : 'fails', style: holds ? 'green' : 'red' },
        ` ${name}: ${(simulatedMs / 1000).toFixed(1)} simulated seconds, ${events} events${where}`,
        lost === 0 ? '' : `; ${lost} could not be written`,
      );
    },
  });
  for (const { rule, text } of violations.slice(0, VIOLATIONS_TOLD)) {
    err.line({ text: rule, style: 'bold' }, `: ${text}`);
  }
  return holds ? EXIT.ok : EXIT.failed;
}
