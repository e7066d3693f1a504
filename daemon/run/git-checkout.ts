// Commit, branch and origin of a working directory, read from git's own files (gitrepository-layout(5)). git itself is
// never run: its configuration can name programs to start, and a checkout is a stranger's.
import { dirname, join, resolve } from 'node:path';
import { readBoundedText } from './bounded-file.ts';

export interface GitCheckout {
  /** '' where it cannot be told, as on a branch without a commit. */
  readonly commit: string;
  readonly branch: string;
  /** The URL of the remote "origin" as written: it may hold a token. */
  readonly origin: string;
}

const MAX_PARENTS = 64;
const MAX_SMALL_BYTES = 4096;
const MAX_CONFIG_BYTES = 256 * 1024;
/** A repository with a hundred thousand refs has some 8 MB of them. */
const MAX_PACKED_BYTES = 16 * 1024 * 1024;
const MAX_SYMBOLIC_REFS = 5;

/** The checkout that `directory` is in, or undefined. Never throws. */
export async function readGitCheckout(directory: string): Promise<GitCheckout | undefined> {
  const gitDir = await findGitDir(resolve(directory));
  if (gitDir === undefined) return undefined;
  const head = await readBoundedText(join(gitDir, 'HEAD'), MAX_SMALL_BYTES);
  if (head === undefined) return undefined;
  // A worktree has its HEAD to itself and shares refs and configuration.
  const shared = await readBoundedText(join(gitDir, 'commondir'), MAX_SMALL_BYTES);
  const commonDir = shared === undefined ? gitDir : resolve(gitDir, shared.trim());
  const branch = /^ref: refs\/heads\/(\S+)\s*$/.exec(head)?.[1] ?? '';
  return {
    commit: await resolveCommit(gitDir, commonDir, head.trim()),
    branch,
    origin: originOf((await readBoundedText(join(commonDir, 'config'), MAX_CONFIG_BYTES)) ?? ''),
  };
}

/** `.git` is a folder, or a file that names one: in worktrees and submodules. */
async function findGitDir(start: string): Promise<string | undefined> {
  let folder = start;
  for (let level = 0; level < MAX_PARENTS; level += 1) {
    const path = join(folder, '.git');
    if ((await readBoundedText(join(path, 'HEAD'), MAX_SMALL_BYTES)) !== undefined) return path;
    const pointer = await readBoundedText(path, MAX_SMALL_BYTES);
    const target = pointer === undefined ? undefined : /^gitdir: (.+?)\s*$/.exec(pointer)?.[1];
    if (target !== undefined) return resolve(folder, target);
    const parent = dirname(folder);
    if (parent === folder) return undefined;
    folder = parent;
  }
  return undefined;
}

async function resolveCommit(gitDir: string, commonDir: string, head: string): Promise<string> {
  let text = head;
  for (let step = 0; step < MAX_SYMBOLIC_REFS; step += 1) {
    const name = /^ref: (refs\/\S+)$/.exec(text)?.[1];
    if (name === undefined) return text;
    // A name that climbs out of the folder is none.
    if (name.split('/').includes('..')) return '';
    const found = await readRef(gitDir, commonDir, name);
    if (found === undefined) return '';
    text = found;
  }
  return '';
}

async function readRef(gitDir: string, commonDir: string, name: string): Promise<string | undefined> {
  for (const folder of new Set([gitDir, commonDir])) {
    const loose = await readBoundedText(join(folder, name), MAX_SMALL_BYTES);
    if (loose !== undefined) return loose.trim();
  }
  const packed = await readBoundedText(join(commonDir, 'packed-refs'), MAX_PACKED_BYTES);
  const line = packed?.split('\n').find((text) => text.endsWith(` ${name}`));
  return line?.slice(0, line.indexOf(' '));
}

/** The first `url` of `[remote "origin"]`: enough of git-config(1) for what `git clone` writes. */
function originOf(config: string): string {
  let isOrigin = false;
  for (const line of config.split('\n')) {
    if (/^\s*\[/.test(line)) isOrigin = /^\s*\[remote "origin"\]\s*$/.test(line);
    const url = isOrigin ? /^\s*url\s*=\s*(.*?)\s*$/.exec(line)?.[1] : undefined;
    if (url !== undefined) return url.replace(/^"(.*)"$/, '$1');
  }
  return '';
}
