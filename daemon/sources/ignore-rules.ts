// Which folders are never entered and which files never looked at: what Terraform and checkouts fill with other
// people's files, and the user's own globs. Text only.
import { createMatcher } from '../glob.ts';

/** Paths are relative to a root, '/'-separated. */
export interface IgnoreRules {
  /** True for a folder that must not be entered, scanned or watched. */
  prunes(relativeDirectory: string): boolean;
  /** True for a file that stays in the inventory but is not watched. */
  hides(relativeFile: string): boolean;
}

/** `.terraform` too: the one file in it that matters is looked at from outside, so it costs no watch. */
const alwaysPruned: ReadonlySet<string> = new Set(['.git', 'node_modules', '.terraform']);

/** `globs` as picomatch reads them; one without a slash matches a name at any depth. */
export function createIgnoreRules(globs: readonly string[]): IgnoreRules {
  const patterns = globs.map(toPattern).filter((glob) => glob !== '');
  const matches = patterns.length === 0 ? () => false : createMatcher(patterns, { dot: true });
  return {
    prunes: (path) => alwaysPruned.has(path.slice(path.lastIndexOf('/') + 1)) || matches(path),
    hides: (path) => matches(path),
  };
}

function toPattern(glob: string): string {
  const bare = glob.replace(/^\.?\/+/, '').replace(/\/+$/, '');
  return bare === '' || bare.includes('/') || glob.startsWith('/') ? bare : `**/${bare}`;
}
