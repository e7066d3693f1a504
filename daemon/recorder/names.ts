// A state's name: given once at first sight, from its place, longer when taken. Pure.

const MAX_NAME_UNITS = 120;

/** The first candidate that is free; else the longest with a number. */
export function chooseName(candidates: readonly string[], isTaken: (name: string) => boolean): string {
  const clean = candidates.map(toName).filter((name) => name !== '');
  const free = clean.find((name) => !isTaken(name));
  if (free !== undefined) return free;
  const base = clean.at(-1) ?? 'state';
  for (let number = 2; ; number += 1) {
    const name = `${base}-${number}`;
    if (!isTaken(name)) return name;
  }
}

/** Names are shown, typed and used in globs: letters, digits and ._/@- stay, anything else becomes '_'. */
function toName(candidate: string): string {
  return candidate
    .normalize('NFC')
    .replaceAll(/[^\p{L}\p{N}._/@-]/gu, '_')
    .slice(0, MAX_NAME_UNITS);
}
