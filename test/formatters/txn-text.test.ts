import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CRC_ERROR, logEndLine, logHeaderLine, txnLine } from '../../src/formatters/txn-text.ts';
import { systemDisk } from '../../src/platform/disk.ts';
import { decodeEntry, type TxnEntry } from '../../src/protocol/txn.ts';
import { LogScanner } from '../../src/storage/log-format.ts';

process.env.TZ = 'UTC';

function dump(path: string): string {
  const file = systemDisk.open(path, 'read');
  const scan = new LogScanner(file);
  if (scan.header.kind !== 'ok') throw new Error(scan.header.kind);
  const lines = [logHeaderLine(scan.header.dbid, scan.header.version)];
  let count = 0;
  while (scan.next()) {
    const entry = decodeEntry(scan.bytes.subarray(scan.entryStart, scan.entryEnd)) as TxnEntry;
    count++;
    if (!scan.crcOk) lines.push(CRC_ERROR + txnLine(entry));
    lines.push(txnLine(entry));
  }
  file.close();
  lines.push(logEndLine(count));
  return `${lines.join('\n')}\n`;
}

const damaged = (name: string): [string, string] => [
  `fixtures/log-basic/damaged/${name}.log`,
  `fixtures/log-basic/tool/${name}.log.dump`,
];

describe('the lines of TxnLogToolkit', () => {
  it.each([
    ['fixtures/log-basic/log.1', 'fixtures/log-basic/tool/log.1.dump'],
    ['fixtures/log-basic/log.1.chopped30', 'fixtures/log-basic/tool/chop-30.dump'],
    ['fixtures/log-variants/neither/log.1', 'fixtures/log-variants/neither/log.1.dump'],
    ['fixtures/log-variants/no-digest/log.1', 'fixtures/log-variants/no-digest/log.1.dump'],
    ['fixtures/log-variants/no-close-paths/log.1', 'fixtures/log-variants/no-close-paths/log.1.dump'],
    ...['1', '20', '3a', '3e'].map((z) => [
      `fixtures/datadir-basic/clean/data/version-2/log.${z}`,
      `fixtures/datadir-basic/clean/log.${z}.dump`,
    ]),
    ...['1', '31'].map((z) => [
      `fixtures/datadir-basic/killed/data/version-2/log.${z}`,
      `fixtures/datadir-basic/killed/log.${z}.dump`,
    ]),
    damaged('whole'),
    damaged('unpadded'),
    damaged('flip-body'),
    damaged('flip-checksum'),
    damaged('flip-two'),
    damaged('torn-body'),
    damaged('torn-length'),
    damaged('torn-checksum'),
    damaged('header-only'),
    damaged('header-zeros'),
    damaged('wrong-version'),
  ] as [string, string][])('%s', (log, expected) => {
    expect(dump(log)).toBe(readFileSync(expected, 'utf8'));
  });
});
