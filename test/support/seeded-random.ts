// Chance that a seed repeats, for tests that print theirs.

/** Numbers in [0, 1) by a linear congruential generator. Changing it gives every seed that was ever noted another run. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x100000000;
  };
}
