// The roots a user named, resolved once each to a real directory. A root that is not there yet is asked for again.
// Knows nothing of what lies in them.
import { realpath, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { lstatIfThere } from './contained-file.ts';
import { formatDisplayText, type SourceRoot } from './reference.ts';
import type { SourceProblem } from './source.ts';

export interface RootOption {
  readonly label: string;
  readonly path: string;
  /** Asked of the file system when absent. */
  readonly kind?: 'directory' | 'file';
}

export class Roots {
  readonly #options: readonly RootOption[];
  readonly #resolved = new Map<string, SourceRoot>();
  #problems: readonly SourceProblem[] = [];

  /** Throws ConfigError `root-label-repeated`: references would be ambiguous. */
  constructor(options: readonly RootOption[]) {
    this.#options = options;
    const labels = new Set(options.map(({ label }) => label));
    if (labels.size === options.length && !labels.has('')) return;
    throw new ConfigError(
      'root-label-repeated',
      'expected a label of its own for every root, got an empty or repeated one',
      {
        hint: 'give every root in the configuration a different label',
      },
    );
  }

  /** Resolved so far, in the user's order. */
  get resolved(): readonly SourceRoot[] {
    return this.#options.flatMap(({ label }) => this.#resolved.get(label) ?? []);
  }

  get problems(): readonly SourceProblem[] {
    return this.#problems;
  }

  get areComplete(): boolean {
    return this.#resolved.size === this.#options.length;
  }

  find(label: string): SourceRoot | undefined {
    return this.#resolved.get(label);
  }

  isConfigured(label: string): boolean {
    return this.#options.some((option) => option.label === label);
  }

  /** Tries the roots not resolved yet; true when one more is there now. Never throws. */
  async resolve(): Promise<boolean> {
    const before = this.#resolved.size;
    const problems: SourceProblem[] = [];
    for (const option of this.#options) {
      if (this.#resolved.has(option.label)) continue;
      const root = await resolveRoot(option).catch(() => undefined);
      if (root === undefined) problems.push(missingRoot(option));
      else this.#resolved.set(option.label, root);
    }
    this.#problems = problems;
    return this.#resolved.size > before;
  }
}

function missingRoot(option: RootOption): SourceProblem {
  const kind = option.kind ?? 'file or directory';
  return {
    code: 'root-missing',
    message: `${formatDisplayText(option.path)}: expected a readable ${kind}, got none yet`,
  };
}

async function resolveRoot(option: RootOption): Promise<SourceRoot | undefined> {
  const isDirectory = (await statIfThere(option.path))?.isDirectory() ?? false;
  if ((option.kind ?? (isDirectory ? 'directory' : 'file')) === 'directory') {
    if (!isDirectory) return undefined;
    const directory = await realpath(option.path);
    return { label: option.label, typedPath: option.path, kind: 'directory', directory, fileName: '' };
  }
  const path = await resolveFile(option);
  if (path === undefined) return undefined;
  const [directory, fileName] = [dirname(path), basename(path)];
  return { label: option.label, typedPath: option.path, kind: 'file', directory, fileName };
}

/** A file given by name need not exist yet, only its directory; a link given by name is followed, once. */
async function resolveFile({ path, kind }: RootOption): Promise<string | undefined> {
  const named = await lstatIfThere(path);
  if (named === undefined) return kind === 'file' ? join(await realpath(dirname(path)), basename(path)) : undefined;
  return named.isSymbolicLink() ? realpath(path) : join(await realpath(dirname(path)), basename(path));
}

async function statIfThere(path: string): Promise<{ isDirectory(): boolean } | undefined> {
  return stat(path).catch(() => undefined);
}
