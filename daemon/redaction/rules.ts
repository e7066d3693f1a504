// What all rules together say of a key, the user's own included: one verdict, remembered per key. Pure but for that
// memory; knows no values beyond their shapes.
import { isOpaqueKey, keyClass } from './key-classes.ts';
import { isSwitchName, keyVerdict, type KeyVerdict } from './key-rules.ts';
import type { ShapeClass } from './shapes.ts';

export interface KeyFacts {
  readonly verdict: KeyVerdict;
  /** On the user's list of keys to show. */
  readonly isShown: boolean;
  readonly shape: ShapeClass | undefined;
  /** Strings below this key are shown by shape alone. */
  readonly isOpaque: boolean;
  /** A boolean under this key is no secret. */
  readonly isSwitch: boolean;
}

interface KeyGlobs {
  readonly hide: readonly string[];
  readonly show: readonly string[];
}

/** States have a few thousand different keys; hostile ones must not fill the memory. */
const MAX_REMEMBERED = 50_000;

/** The verdict on a key, remembered. `hide` and `show` are the user's globs (see matchesGlob). */
export function createKeyFacts({ hide, show }: KeyGlobs): (key: string) => KeyFacts {
  const remembered = new Map<string, KeyFacts>();
  return (key) => {
    const known = remembered.get(key);
    if (known) return known;
    if (remembered.size >= MAX_REMEMBERED) remembered.clear();
    const facts = judgeKey(key, hide, show);
    remembered.set(key, facts);
    return facts;
  };
}

function judgeKey(key: string, hide: readonly string[], show: readonly string[]): KeyFacts {
  const isHidden = hide.some((glob) => matchesGlob(glob, key));
  const isShown = !isHidden && show.some((glob) => matchesGlob(glob, key));
  return {
    verdict: isHidden ? 'secret' : isShown ? 'harmless' : keyVerdict(key),
    isShown,
    shape: keyClass(key),
    isOpaque: isOpaqueKey(key) && !isShown,
    isSwitch: !isHidden && isSwitchName(key),
  };
}

/** `*` is any text, `?` one unit; case does not count. Linear in key × glob: a star is retried one unit further, never nested. */
export function matchesGlob(glob: string, key: string): boolean {
  const pattern = glob.toLowerCase();
  const text = key.toLowerCase();
  let at = 0;
  let patternAt = 0;
  let starAt = -1;
  let resumeAt = 0;
  while (at < text.length) {
    const mark = pattern[patternAt];
    if (mark === '*') {
      starAt = patternAt;
      resumeAt = at;
      patternAt += 1;
    } else if (mark === '?' || mark === text[at]) {
      at += 1;
      patternAt += 1;
    } else if (starAt !== -1) {
      patternAt = starAt + 1;
      resumeAt += 1;
      at = resumeAt;
    } else {
      return false;
    }
  }
  while (pattern[patternAt] === '*') patternAt += 1;
  return patternAt === pattern.length;
}
