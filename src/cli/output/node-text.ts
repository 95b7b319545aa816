/** What a node is shown as: stat, ACL and data, as zkCli's lines and as JSON. */
import { hex0x } from '../../base/brands.ts';
import { javaDate } from '../../formatters/java-dates.ts';
import { type Acl, permsText } from '../../protocol/acl.ts';
import type { Stat } from '../../protocol/stat.ts';

/** zkCli's eleven lines. */
export const statLines = (stat: Stat): string[] => [
  `cZxid = ${hex0x(stat.czxid)}`,
  `ctime = ${javaDate(stat.ctime)}`,
  `mZxid = ${hex0x(stat.mzxid)}`,
  `mtime = ${javaDate(stat.mtime)}`,
  `pZxid = ${hex0x(stat.pzxid)}`,
  `cversion = ${stat.cversion}`,
  `dataVersion = ${stat.version}`,
  `aclVersion = ${stat.aversion}`,
  `ephemeralOwner = ${hex0x(stat.ephemeralOwner)}`,
  `dataLength = ${stat.dataLength}`,
  `numChildren = ${stat.numChildren}`,
];

/** zxids and the owner as `0x…`, times as ISO 8601 in UTC. */
export const statJson = (stat: Stat) => ({
  czxid: hex0x(stat.czxid),
  mzxid: hex0x(stat.mzxid),
  pzxid: hex0x(stat.pzxid),
  ctime: isoTime(stat.ctime),
  mtime: isoTime(stat.mtime),
  version: stat.version,
  cversion: stat.cversion,
  aversion: stat.aversion,
  ephemeralOwner: hex0x(stat.ephemeralOwner),
  dataLength: stat.dataLength,
  numChildren: stat.numChildren,
});

/** ISO 8601 in UTC; null where a server's number is no time. */
export function isoTime(ms: bigint): string | null {
  const date = new Date(Number(ms));
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}

/** zkCli's two lines for each entry. */
export const aclLines = (acl: readonly Acl[]): string[] =>
  acl.flatMap(({ id, perms }) => [`'${id.scheme},'${id.id}`, `: ${permsText(perms)}`]);

/** Entries with their permissions as letters out of `cdrwa`. */
export const aclJson = (acl: readonly Acl[]) =>
  acl.map(({ id, perms }) => ({ scheme: id.scheme, id: id.id, perms: permsText(perms) }));

/** Data as text when it is UTF-8, else as base64; `encoding` says which. Null data is null. */
export function dataJson(data: Buffer | null): { data: string | null; encoding: 'utf8' | 'base64' } {
  if (data === null) return { data: null, encoding: 'utf8' };
  const text = data.toString('utf8');
  // A replacement character may have been there, or stand for bytes that are no UTF-8: only the bytes tell.
  if (!text.includes('\ufffd') || Buffer.from(text, 'utf8').equals(data))
    return { data: text, encoding: 'utf8' };
  return { data: data.toString('base64'), encoding: 'base64' };
}

/** Bytes as zkCli's `get -x` shows them: offset, sixteen columns of hex, and ASCII. */
export function hexDump(data: Buffer): string[] {
  if (data.length === 0) return [];
  const bar = `+--------+${'-'.repeat(49)}+${'-'.repeat(16)}+`;
  const head = '         +-------------------------------------------------+';
  const columns = [...'0123456789abcdef'].map((digit) => `  ${digit}`).join('');
  const lines = [head, `         |${columns} |`, bar];
  for (let at = 0; at < data.length; at += 16) {
    const row = data.subarray(at, at + 16);
    const hex = [...row].map((byte) => ` ${byte.toString(16).padStart(2, '0')}`).join('');
    const ascii = [...row]
      .map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '.'))
      .join('');
    lines.push(`|${at.toString(16).padStart(8, '0')}|${hex.padEnd(48)} |${ascii.padEnd(16)}|`);
  }
  return [...lines, bar];
}
