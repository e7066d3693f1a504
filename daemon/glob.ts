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

/**
 * A glob over a state's reference: behind "dir:" for a local file, the whole of any other URI. What is percent-encoded
 * in a reference may be written either way.
 */
export function createReferenceMatcher(glob: string): (reference: string) => boolean {
  const matches = createMatcher(glob, { dot: true });
  return (reference) => {
    const text = reference.replace(/^dir:/u, '');
    return matches(text) || (text.includes('%') && matches(decodeText(text)));
  };
}

function decodeText(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
