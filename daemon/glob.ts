// Globs over names and paths, as users write them in the configuration. The only door to picomatch.
import picomatch from 'picomatch';

export interface GlobOptions {
  /** Names that begin with a dot match wildcards too. */
  readonly dot?: boolean;
}

/** Compiled once: true for texts that match one of the globs. */
export function createMatcher(globs: string | readonly string[], options: GlobOptions = {}): (text: string) => boolean {
  return picomatch(typeof globs === 'string' ? globs : [...globs], options);
}
