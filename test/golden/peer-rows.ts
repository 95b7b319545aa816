/** Recorded conversations of Apache's servers among themselves: `fixtures/quorum` and `fixtures/election`. */
import { readFileSync } from 'node:fs';
import path from 'node:path';

const FIXTURES = path.join(import.meta.dirname, '..', '..', 'fixtures');

/** Names of the recordings; each has a quorum and an election half. */
export const PEER_RECORDINGS = ['broadcast', 'snapshot', 'reconfig'] as const;
/** One of them. */
export type PeerRecording = (typeof PEER_RECORDINGS)[number];

/** A packet, in the order of the wire; see PROVENANCE.md there. */
export interface PeerRow {
  /** The connection; its first row is its dialler's. */
  readonly conn: number;
  /** Milliseconds since the first row. */
  readonly at: number;
  /** Server ids. */
  readonly from: number;
  readonly to: number;
  readonly bytes: Buffer;
  readonly note: string;
  /** The body of a SNAP, up to and with its signature. */
  readonly raw: boolean;
  /** The connection was closed, by `from`. */
  readonly end: boolean;
}

/** All rows of a recording. */
export function peerRows(kind: 'quorum' | 'election', name: PeerRecording): PeerRow[] {
  const text = readFileSync(path.join(FIXTURES, kind, `${name}.ndjson`), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const { hex, raw = false, end = false, ...rest } = JSON.parse(line);
      return { ...rest, raw, end, bytes: Buffer.from(hex, 'hex') } as PeerRow;
    });
}

/** Rows by connection, and which side dialled. */
export function peerConnections(rows: readonly PeerRow[]): { dialler: number; rows: PeerRow[] }[] {
  const found = new Map<number, { dialler: number; rows: PeerRow[] }>();
  for (const row of rows) {
    const known = found.get(row.conn);
    if (known === undefined) found.set(row.conn, { dialler: row.from, rows: [row] });
    else known.rows.push(row);
  }
  return [...found.values()];
}
