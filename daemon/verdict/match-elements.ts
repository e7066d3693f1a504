// Elements of two lists paired whatever their order: an element that fits several may not take the only one that another
// fits. Pure.

export interface Elements {
  /** Planned ones, in the order in which they are placed. */
  readonly planned: readonly number[];
  readonly actualCount: number;
  /** It may share an element with another. */
  canShare(planned: number): boolean;
  fits(planned: number, actual: number): boolean;
}

/** Whether each planned element has one of its own, or one that it may share, and none is left over. */
export function canMatch(elements: Elements): boolean {
  const owners = new Map<number, number>();
  const known = new Map<string, boolean>();
  const fits = (planned: number, actual: number): boolean => {
    const key = `${planned}:${actual}`;
    const fit = known.get(key) ?? elements.fits(planned, actual);
    known.set(key, fit);
    return fit;
  };
  const indexes = Array.from({ length: elements.actualCount }, (_, index) => index);
  /** Free ones first, then those whose owner can go elsewhere. */
  const place = (planned: number, tried: Set<number>): boolean => {
    const free = indexes.find((actual) => !owners.has(actual) && !tried.has(actual) && fits(planned, actual));
    const own =
      free ??
      indexes.find((actual) => {
        if (tried.has(actual) || !fits(planned, actual)) return false;
        tried.add(actual);
        const owner = owners.get(actual);
        return owner !== undefined && place(owner, tried);
      });
    if (own !== undefined) owners.set(own, planned);
    return own !== undefined;
  };
  for (const planned of elements.planned) {
    if (place(planned, new Set())) continue;
    if (!elements.canShare(planned) || !indexes.some((actual) => fits(planned, actual))) return false;
  }
  return owners.size === elements.actualCount;
}
