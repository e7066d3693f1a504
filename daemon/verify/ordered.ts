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
  items: Iterable<T>,
  limits: OrderedLimits<T>,
  load: (item: T) => Promise<R>,
): AsyncGenerator<{ readonly item: T; readonly result: R }> {
  const waiting: { item: T; weight: number; result: Promise<R> }[] = [];
  const source = items[Symbol.iterator]();
  let weight = 0;
  let held: T | undefined;
  let isOver = false;
  const fill = (): void => {
    while (!isOver && waiting.length < limits.concurrency) {
      const next = held === undefined ? source.next() : { done: false as const, value: held };
      held = undefined;
      if (next.done === true) {
        isOver = true;
        return;
      }
      const itemWeight = limits.weigh(next.value);
      if (waiting.length > 0 && weight + itemWeight > limits.maxWeight) {
        held = next.value;
        return;
      }
      const result = load(next.value);
      // Awaited below, in its turn; until then an error must not count as unhandled.
      result.catch(() => undefined);
      weight += itemWeight;
      waiting.push({ item: next.value, weight: itemWeight, result });
    }
  };
  for (;;) {
    fill();
    const first = waiting.shift();
    if (first === undefined) return;
    const result = await first.result;
    weight -= first.weight;
    yield { item: first.item, result };
  }
}
