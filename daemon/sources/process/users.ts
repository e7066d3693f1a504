// Names of uids by the system's own file of users. Directory services are not asked: that may take seconds.
import { procFiles, type ProcFiles } from './proc-files.ts';
import { parsePasswd } from './proc-parse.ts';

export interface Users {
  /** '' for nobody. */
  nameOf(uid: number): string;
}

const PASSWD = '/etc/passwd';
const MAX_BYTES = 1_048_576;

/** Read again when the file changes. */
export function createUsers(files: ProcFiles = procFiles): Users {
  let version: string | undefined;
  let names: ReadonlyMap<number, string> = new Map();
  return {
    nameOf(uid) {
      const now = files.version(PASSWD);
      if (now !== version) names = parsePasswd(files.read(PASSWD, MAX_BYTES) ?? '');
      version = now;
      return names.get(uid) ?? '';
    },
  };
}
