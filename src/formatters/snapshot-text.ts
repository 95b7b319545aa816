/**
 * A snapshot in words: the lines of Apache's SnapshotFormatter, plain, with data (-d) and as ncdu's JSON
 * (-json).
 */
import { hex64 } from '../base/brands.ts';
import type { StatPersisted } from '../protocol/stat.ts';
import { javaDate } from './java-dates.ts';

/** `0x` and at least 14 digits, as the tool pads zxids. */
const padded = (v: bigint): string => `0x${hex64(v).padStart(14, '0')}`;

/** The heading; `nodes` is the number in the file: the tool counts the root twice. */
export const nodesHeading = (nodes: number): string => `ZNode Details (count=${nodes + 1}):`;

/** One node: separator, path, stat, and the length of its data, or the data in base64. */
export function nodeLines(path: string, stat: StatPersisted, data: Buffer | null | number): string {
  const lines = [
    '----',
    path === '' ? '/' : path,
    `  cZxid = ${padded(stat.czxid)}`,
    `  ctime = ${javaDate(stat.ctime)}`,
    `  mZxid = ${padded(stat.mzxid)}`,
    `  mtime = ${javaDate(stat.mtime)}`,
    `  pZxid = ${padded(stat.pzxid)}`,
    `  cversion = ${stat.cversion}`,
    `  dataVersion = ${stat.version}`,
    `  aclVersion = ${stat.aversion}`,
    `  ephemeralOwner = ${padded(stat.ephemeralOwner)}`,
    typeof data === 'number' ? `  dataLength = ${data}` : `  data = ${data?.toString('base64') ?? ''}`,
  ];
  return lines.join('\n');
}

/** What stands between nodes and sessions. */
export const SESSIONS_HEADING = '----\nSession Details (sid, timeout, ephemeralCount):';

/** One session. */
export const sessionLine = (id: bigint, timeoutMs: number, ephemerals: number): string =>
  `${padded(id)}, ${timeoutMs}, ${ephemerals}`;

/** The end: the largest zxid of the file's name and its nodes. */
export const lastZxidLines = (zxid: bigint): string => `----\nLast zxid: 0x${hex64(zxid)}`;

/** How ncdu's format begins; `ms` is the time of writing. */
export const ncduHead = (ms: number): string =>
  `[1,0,{"progname":"SnapshotFormatter.java","progver":"0.01","timestamp":${ms}}`;

/** One node of ncdu's format; nodes with children are arrays that begin with this. */
export const ncduNode = (name: string, bytes: number, inode: number): string =>
  `{"name":${JSON.stringify(name)},"asize":${bytes},"dsize":${bytes},"dev":0,"ino":${inode}}`;
