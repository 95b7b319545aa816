import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { javaPropertiesOrder } from '../../../src/formatters/java-hash-order.ts';
import { parseProperties } from '../../../src/server/config/java-properties.ts';
import { loadConfig } from '../../../src/server/config/load-config.ts';
import { dynamicName, dynamicText, pendingText, zooCfgText } from '../../../src/server/node/dynamic-files.ts';
import { type Membership, memberOf } from '../../../src/server/quorum/membership.ts';
import { parseMembershipText } from '../../../src/server/quorum/membership-text.ts';
import { textDisk } from '../config/memory-disk.ts';

const FIXTURES = path.join(import.meta.dirname, '..', '..', '..', 'fixtures', 'config');
const cases = readdirSync(FIXTURES).filter((name) => !name.endsWith('.md'));
const DYNAMIC = 'zoo.cfg.dynamic.100000000';

describe.each(cases)("Apache's files of %s", (name) => {
  const read = (file: string): string => readFileSync(path.join(FIXTURES, name, file), 'utf8');
  const before = read('before');
  const config = loadConfig(textDisk({ '/zk/zoo.cfg': before }), { file: '/zk/zoo.cfg', id: 1 });
  const membership = config.quorum.membership as Membership;

  test('the dynamic file is ours, byte for byte', () => {
    expect(dynamicText(membership)).toBe(read(DYNAMIC));
    expect(dynamicName('/zk/zoo.cfg', 0x100000000n)).toBe(`/zk/${DYNAMIC}`);
  });

  test('zoo.cfg is ours, byte for byte', () => {
    const ownClient = memberOf(membership, 1n)?.client !== undefined;
    expect(zooCfgText(before, `/zk/${DYNAMIC}`, ownClient)).toBe(read('after'));
  });

  test('both are read as the same ensemble', () => {
    const files = { '/zk/zoo.cfg': read('after'), [`/zk/${DYNAMIC}`]: read(DYNAMIC) };
    const after = loadConfig(textDisk(files), { file: '/zk/zoo.cfg', id: 1 });
    const { version: _, ...members } = after.quorum.membership as Membership;
    expect(after.quorum.membership?.version).toBe(0x100000000n);
    expect(dynamicText({ ...members, version: 0n })).toBe(dynamicText(membership));
    expect(after.client).toEqual(config.client);
    expect(after.quorum.dynamicConfigFile).toBe(`/zk/${DYNAMIC}`);
  });
});

describe('zoo.cfg', () => {
  test('what Java would have to escape is read back as it was', () => {
    const key = fc.stringMatching(/^[a-z=: #!\\]{1,8}$/).filter((k) => k.trim() === k && !/^[#!]/.test(k));
    const value = fc.string({ maxLength: 12 }).map((v) => v.trim());
    fc.assert(
      fc.property(fc.dictionary(key, value, { maxKeys: 30 }), (pairs) => {
        const escaped = (text: string): string =>
          [...text]
            .map((c) => (/[\s=:#!\\]/.test(c) ? `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}` : c))
            .join('');
        const before = Object.entries(pairs).map(([k, v]) => `${escaped(k)}=${escaped(v)}\n`);
        const text = zooCfgText(before.join(''), '/d/zoo.cfg.dynamic.1', false);
        const lines = parseProperties(text ?? '');
        expect(Array.isArray(lines)).toBe(true);
        const after = Object.fromEntries(
          (lines as { key: string; value: string }[]).map((l) => [l.key, l.value]),
        );
        expect(after).toEqual({ ...pairs, dynamicConfigFile: '/d/zoo.cfg.dynamic.1' });
      }),
    );
  });

  test('a pointer from before is replaced, and what no longer belongs goes', () => {
    const text = zooCfgText('a=1\ndynamicConfigFile=/old\npeerType=observer\nserver.1=x\n', '/new', true);
    expect(text).toBe('a=1\ndynamicConfigFile=/new\n');
    expect(zooCfgText('a=\\u1', '/new', true)).toBeUndefined();
  });

  test('only the two keys that say where clients connect go with the own address', () => {
    const text = zooCfgText('clientPort=1\nclientPortAddress=::1\nclientPortListenBacklog=9\n', '/d', true);
    expect(text).toBe('clientPortListenBacklog=9\ndynamicConfigFile=/d\n');
  });

  test('the order holds every key once', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string({ maxLength: 6 }), { maxLength: 200 }), (keys) => {
        expect(javaPropertiesOrder([...keys, ...keys]).sort()).toEqual([...keys].sort());
      }),
    );
  });
});

test('a pending configuration has its version in a line, and is read back', () => {
  const text = 'server.1=a:1:2:participant;b:3\nserver.10=[::1]:1:2:observer\nversion=500000007';
  const membership = parseMembershipText(text) as Membership;
  expect(pendingText(membership)).toBe(
    'server.10=[::1]:1:2:observer\nserver.1=a:1:2:participant;b:3\nversion=500000007',
  );
  expect(parseMembershipText(pendingText(membership))).toEqual(membership);
});
