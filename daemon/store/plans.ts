// Which plans are recorded, by the equality tag of their bytes. Working memory: tags stay here.
import type { Sqlite } from './database.ts';

export interface Plans {
  /** Id of the record of a plan with these bytes. */
  idOf(tag: string): string | undefined;
  add(tag: string, id: string, seenMs: number): void;
}

/** A plan that turns up again after so many others is recorded again. */
const KEPT_PLANS = 10_000;

export function createPlans(database: Sqlite): Plans {
  const find = database.prepare<[string], string>('SELECT id FROM plan WHERE tag = ?').pluck();
  const add = database.prepare('INSERT INTO plan VALUES (?, ?, ?)');
  const prune = database.prepare(
    `DELETE FROM plan WHERE seen_ms < (SELECT seen_ms FROM plan ORDER BY seen_ms DESC LIMIT 1 OFFSET ${KEPT_PLANS})`,
  );
  return {
    idOf: (tag) => find.get(tag),
    add(tag, id, seenMs) {
      add.run(tag, id, seenMs);
      prune.run();
    },
  };
}
