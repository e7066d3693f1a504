// How many pieces of work may be under way at once; the others wait in the order they came. What has to be bounded is
// memory: a version that was fetched stands in it whole until it is recorded.

export interface Slots {
  run<T>(work: () => Promise<T>): Promise<T>;
}

export function createSlots(count: number): Slots {
  const waiting: (() => void)[] = [];
  let free = count;
  return {
    async run(work) {
      if (free > 0) free -= 1;
      else await new Promise<void>((resolve) => waiting.push(resolve));
      try {
        return await work();
      } finally {
        const next = waiting.shift();
        // The slot is handed on: nobody who comes now may take it.
        if (next === undefined) free += 1;
        else next();
      }
    },
  };
}
