// Which plans a change is held against where many name its version: whoever may write into one directory can leave any
// number of them, and must neither hide another's plan nor outvote it. Pure.
import type { SeenPlan } from '../store/plans.ts';

export interface Candidate {
  readonly plan: SeenPlan;
  /** By its place it can be the one, without a run that says so. */
  readonly isPlaced: boolean;
}

export interface Candidates {
  /** Newest first, those that are placed before the others. */
  readonly judged: readonly Candidate[];
  /** More could be the one than are judged. */
  readonly isCut: boolean;
}

const MAX_JUDGED = 8;
/** A run brought them: whoever writes into a directory alone cannot. */
const MAX_OF_RUNS = 4;

export function chooseCandidates(standing: readonly SeenPlan[], isPlaced: (plan: SeenPlan) => boolean): Candidates {
  const placed = new Set(standing.filter(isPlaced).map(({ id }) => id));
  const ofRuns = new Set(standing.filter(({ reference }) => reference.startsWith('run:')).map(({ id }) => id));
  const unique = new Map<string, SeenPlan>();
  for (const plan of standing) if (!unique.has(plan.id)) unique.set(plan.id, plan);
  const all = [...unique.values()].map((plan) => ({ plan, isPlaced: placed.has(plan.id) }));
  const ordered = [...all.filter((one) => one.isPlaced), ...all.filter((one) => !one.isPlaced)];
  const first = ordered.filter(({ plan }) => ofRuns.has(plan.id)).slice(0, MAX_OF_RUNS);
  const chosen = new Set([...first, ...ordered].slice(0, MAX_JUDGED + first.length));
  const judged = new Set([...chosen].slice(0, MAX_JUDGED));
  return {
    judged: ordered.filter((one) => judged.has(one)),
    isCut: ordered.some((one) => one.isPlaced && !judged.has(one)),
  };
}
