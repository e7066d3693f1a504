// The second verdict: how much of what happened is in the log at all, by the log's own words. Integrity cannot answer
// it: an intact log may have slept. Takes records in order, holds facts per state and per gap, never lines.
import { createGapList, type SettledGaps } from './gaps.ts';
import { createInventoryCount } from './inventory-count.ts';
import type { RecordFacts } from './record-facts.ts';
import { createRecorderLife, type LifeLimits, type LifeReport, type LifeStart } from './recorder-life.ts';
import { createStateSteps, type StatesReport } from './state-steps.ts';

export type CompletenessVerdict = 'complete' | 'explained' | 'unexplained';

export interface CompletenessReport extends SettledGaps {
  readonly verdict: CompletenessVerdict;
  readonly states: StatesReport;
  readonly recorder: LifeReport;
  /** States that are known and that nobody watches, by the newest inventory of each source; undefined without any. */
  readonly unwatchedCount: number | undefined;
  /** Records whose content could not be read: expired, or broken. */
  readonly unreadCount: number;
}

export interface Completeness {
  add(facts: RecordFacts): void;
  /** `count` records that cannot be read. */
  skip(count: number): void;
  report(limits: LifeLimits): CompletenessReport;
}

/** `start`: what is known of the recorder from earlier, when only what came since is read. */
export function createCompleteness(start?: LifeStart): Completeness {
  const gaps = createGapList();
  const life = createRecorderLife(gaps, start);
  const states = createStateSteps(gaps);
  const inventories = createInventoryCount();
  let unreadCount = 0;
  return {
    add(facts) {
      life.add(facts);
      states.add(facts, life.lastOutage());
      if (facts.data === undefined) return;
      if (facts.type === 'change.noted') gaps.addNote(facts.leafIndex, facts.data);
      if (facts.type === 'spool.overflowed') gaps.add(overflow(facts));
      if (facts.type === 'log.started') inventories.start();
      if (facts.type === 'source.inventoried') inventories.add(facts, facts.data);
    },
    skip(count) {
      unreadCount += count;
      life.skip();
    },
    report(limits) {
      const recorder = life.report(limits);
      inventories.unseen().forEach((gap) => gaps.add(gap));
      const settled = gaps.settle();
      return {
        verdict: toVerdict(settled),
        ...settled,
        states: states.report(),
        recorder,
        unwatchedCount: inventories.unwatchedCount(),
        unreadCount,
      };
    },
  };
}

function toVerdict({ count, unexplainedCount }: SettledGaps): CompletenessVerdict {
  if (unexplainedCount > 0) return 'unexplained';
  return count > 0 ? 'explained' : 'complete';
}

function overflow({ leafIndex, id }: RecordFacts) {
  const nothing = { state: '', from: '', to: '', fromSerial: '', toSerial: '', reason: '' };
  return { kind: 'spool-overflow', leafIndex, id, ...nothing } as const;
}
