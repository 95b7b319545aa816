/**
 * What an input to a role may end in: most failures of the disk end the process, a full disk only the role.
 */
import { reasonOf, ZktError } from '../../base/errors.ts';
import type { DiskError } from '../../ports/disk.ts';

/** What becomes of a failure. */
export interface FailureHost {
  /** The role ends; the server looks for a leader again. */
  over(why: string): void;
  /** The process ends. */
  failed(error: ZktError): void;
}

/** Runs `input`. A bug (anything but an operating error) is thrown on. */
export function guarded(host: FailureHost, dir: string, input: () => void): void {
  try {
    input();
  } catch (thrown) {
    inputFailed(host, dir, thrown);
  }
}

/** What `input` has thrown. For callers that come by so often that a closure each time would cost. */
export function inputFailed(host: FailureHost, dir: string, thrown: unknown): void {
  const { code } = thrown as DiskError;
  if (code === 'ENOSPC' || code === 'EDQUOT') host.over(`there is no space left in ${dir}`);
  else if (thrown instanceof ZktError) host.failed(thrown);
  else if (code === undefined) throw thrown;
  else
    host.failed(
      new ZktError(
        'ZKT_DISK_WRITE',
        { file: dir, what: 'writing', why: reasonOf(thrown) },
        { cause: thrown },
      ),
    );
}
