// Bounded concurrency that keeps order: many loads under way, results handed out in the order of the items. Pure control
// flow; knows nothing of archives.

export interface OrderedLimits<T> {
  readonly concurrency: number;
  /** Sum of weights under way; one item is always allowed, whatever it weighs. */
  readonly maxWeight: number;
  weigh(item: T): number;
}

/** Results of `load` in the order of `items`, which are taken only as room is made. The first error ends it. */
export async function* loadOrdered<T, R>(
  items: AsyncGenerator<T>,
  limits: OrderedLimits<T>,
  load: (item: T) => Promise<R>,
): AsyncGenerator<{ readonly item: T; readonly result: R }> {
  const waiting: { item: T; weight: number; result: Promise<R> }[] = [];
  let weight = 0;
  let held: T | undefined;
  let isOver = false;
  const take = async (): Promise<T | undefined> => {
    if (held !== undefined || isOver) return held;
    const next = await items.next();
    if (next.done === true) isOver = true;
    else held = next.value;
    return held;
  };
  const fill = async (): Promise<void> => {
    while (waiting.length < limits.concurrency) {
      const item = await take();
      if (item === undefined) return;
      const itemWeight = limits.weigh(item);
      if (waiting.length > 0 && weight + itemWeight > limits.maxWeight) return;
      held = undefined;
      const result = load(item);
      // Awaited below, in its turn; until then an error must not count as unhandled.
      result.catch(() => undefined);
      weight += itemWeight;
      waiting.push({ item, weight: itemWeight, result });
    }
  };
  try {
    for (;;) {
      await fill();
      const first = waiting.shift();
      if (first === undefined) return;
      const result = await first.result;
      weight -= first.weight;
      yield { item: first.item, result };
    }
  } finally {
    await items.return(undefined);
  }
}
