import type { SourcedLine } from './read-settings.ts';

/** What the command line says beside `-D`. */
export interface ConfigOptions {
  readonly dataDir?: string | undefined;
  readonly id?: number | undefined;
  readonly port?: number | undefined;
}

/** What was found on disk. */
export interface ConfigFiles {
  /** The zoo.cfg, undefined for none. */
  readonly file: string | undefined;
  /** The file `myid` and its text, undefined where there is none. */
  readonly myid: { readonly file: string; readonly text: string } | undefined;
  /** Lines of the dynamic configuration file, and its version. */
  readonly dynamic: { readonly lines: readonly SourcedLine[]; readonly version: bigint } | undefined;
  /** The bytes of `zkt.sessionSecretFile`. */
  readonly sessionSecret: Uint8Array | undefined;
  /** The text of `zkt.adminTokenFile`. */
  readonly adminToken: string | undefined;
}
