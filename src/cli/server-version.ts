/** What `zkt server` says it is, in the form that Apache's tools and clients take apart. */
import { fileURLToPath } from 'node:url';
import { changedAt } from '../platform/process-facts.ts';
import { VERSION } from './version.ts';

/** The release of Apache ZooKeeper whose protocols, files and words this server speaks. */
const SPOKEN = '3.8.0';

/** `3.8.0-zkt-x.y.z, built on yyyy-MM-dd HH:mm UTC`: first what it is compatible with, then what it is. */
export const serverVersion = (): string => {
  known ??= find();
  return known;
};

let known: string | undefined;

function find(): string {
  const built = new Date(changedAt(fileURLToPath(import.meta.url))).toISOString();
  return `${SPOKEN}-zkt-${VERSION}, built on ${built.slice(0, 10)} ${built.slice(11, 16)} UTC`;
}
