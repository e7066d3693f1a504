// What is open and has to be closed again, newest first. One that fails keeps none of the others open.

export interface CloseStack {
  add(close: () => unknown): void;
  /** Closes everything; throws the first failure after the last one is closed. */
  close(): Promise<void>;
}

export function createCloseStack(): CloseStack {
  const steps: (() => unknown)[] = [];
  return {
    add: (close) => void steps.push(close),
    async close() {
      const failures: unknown[] = [];
      for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
        try {
          await step();
        } catch (error) {
          failures.push(error);
        }
      }
      if (failures.length > 0) throw failures[0];
    },
  };
}
