// Versions that the backend refused, by the tag of their content: Terraform keeps such a one in errored.tfstate, and
// what is pushed later is known again by it. In memory, and in the database as soon as that can be written; holds tags.
import type { Settings } from '../store/settings.ts';

export interface RefusedVersion {
  readonly uri: string;
  /** Local tag of the content's meaning; serial and order of marks do not count. */
  readonly contentTag: string;
  readonly serial: string;
  /** RFC 3339. */
  readonly time: string;
  /** The lock it came under, or ''. */
  readonly lock: string;
}

export interface RefusedVersions {
  /** Outside of any transaction. */
  keep(version: RefusedVersion): void;
  /** Takes out what was refused with this content under another lock. The same lock: its sender tried again. */
  take(uri: string, contentTag: string, lock: string): RefusedVersion | undefined;
  /** The transaction of `take` is durable. */
  settle(): void;
  /** It was rolled back: what was taken is there again. */
  restore(): void;
}

const MAX_PER_STATE = 4;
const MAX_ALL = 256;

export function createRefusedVersions(settings: Settings): RefusedVersions {
  let versions = read(settings);
  let taken: readonly RefusedVersion[] = [];
  let isStored = true;

  const write = (): void => {
    isStored = false;
    settings.set('refused', JSON.stringify(versions));
    isStored = true;
  };

  /** A full disk may be why a version was refused: until it can be written, memory has it. */
  const writeIfPossible = (): void => {
    try {
      write();
    } catch (error) {
      if (!isSqlite(error)) throw error;
    }
  };

  return {
    keep(version) {
      const isSame = ({ uri, contentTag }: RefusedVersion): boolean =>
        uri === version.uri && contentTag === version.contentTag;
      const others = versions.filter((each) => !isSame(each));
      const ofState = others.filter(({ uri }) => uri === version.uri).slice(1 - MAX_PER_STATE);
      const ofOthers = others.filter(({ uri }) => uri !== version.uri);
      versions = [...ofOthers, ...ofState, version].slice(-MAX_ALL);
      writeIfPossible();
    },
    take(uri, contentTag, lock) {
      const found = versions.find((each) => each.uri === uri && each.contentTag === contentTag);
      if (found === undefined) return undefined;
      versions = versions.filter((each) => each !== found);
      taken = [...taken, found];
      write();
      return found.lock !== '' && found.lock === lock ? undefined : found;
    },
    settle() {
      taken = [];
      if (!isStored) writeIfPossible();
    },
    restore() {
      versions = [...versions, ...taken];
      isStored = isStored && taken.length === 0;
      taken = [];
    },
  };
}

function read(settings: Settings): readonly RefusedVersion[] {
  const text = settings.get('refused');
  return text === undefined ? [] : (JSON.parse(text) as readonly RefusedVersion[]);
}

function isSqlite(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_');
}
