// Globs as people type them for addresses and names: `*` is any text, `?` any one character, everything else itself
// (brackets and dots belong to addresses). Pure; the SQL twin is toSqlGlob.

/** True when the whole text fits. Linear in practice, quadratic at worst: no backtracking over more than one star. */
export function matchesGlob(glob: string, text: string): boolean {
  let position = 0;
  let at = 0;
  let star = -1;
  let starAt = 0;
  while (at < text.length) {
    if (position < glob.length && glob[position] === '*') {
      star = position++;
      starAt = at;
    } else if (position < glob.length && (glob[position] === '?' || glob[position] === text[at])) {
      position += 1;
      at += 1;
    } else if (star >= 0) {
      position = star + 1;
      at = ++starAt;
    } else return false;
  }
  while (glob[position] === '*') position += 1;
  return position === glob.length;
}

/** An address glob, which without index or wildcard also means every instance below it, as `-target` does. */
export function matchesAddress(glob: string, address: string): boolean {
  return matchesGlob(glob, address) || matchesGlob(`${glob}[*`, address) || matchesGlob(`${glob}.*`, address);
}
