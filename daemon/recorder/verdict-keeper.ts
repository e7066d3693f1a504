// Verdicts: whether a change was in a plan (docs/VERDICTS.md). Each change is judged when it closes, against every plan
// it can have come from; what tells more arrives later and is appended. Inside the caller's transaction.
import { formatJson } from '../json/format.ts';
import { parseJson } from '../json/parse.ts';
import type { Json } from '../json/value.ts';
import type { RunIdentity } from '../record/run-data.ts';
import type { ReasonCode, Verdict } from '../record/verdict-data.ts';
import { countJudgements, judgeChange, type Judged } from '../verdict/judge-change.ts';
import type { JudgedChanges, JudgedRow } from '../store/judged-changes.ts';
import type { Plans, SeenPlan } from '../store/plans.ts';
import type { StateRow } from '../store/states.ts';
import type { ClosedChange } from './change-keeper.ts';
import { identityOf } from './identity.ts';
import { readJudgedPlan, readMadeChange } from './judged-sides.ts';
import type { RecorderParts } from './parts.ts';
import { chooseCandidates } from './plan-candidates.ts';
import { isBeside, isPlanFor } from './plan-place.ts';

export interface VerdictKeeper {
  /** Right after the record of a change. */
  judge(row: StateRow, closed: ClosedChange): void;
  /** One run alone made the change; `tags` are of the plans that it had. */
  runTied(changeId: string, run: RunIdentity, tags: readonly string[]): void;
  /** A plan was recorded: too late for the changes that started from its version. */
  planRecorded(planId: string): void;
}

export interface VerdictParts {
  readonly plans: Plans;
  readonly judged: JudgedChanges;
}

interface PlanResult extends Judged {
  readonly plan: string;
  /** By its place it can be the one, without a run that says so. */
  readonly isPlaced: boolean;
}

interface PlanResults {
  readonly results: readonly PlanResult[];
  /** Others that can be the one were not looked at. */
  readonly isCut: boolean;
}

const NO_RESULTS: PlanResults = { results: [], isCut: false };

/** What is kept of a judged change. */
interface JudgedFacts {
  readonly version: { readonly lineage: string; readonly serial: string };
  readonly results: readonly PlanResult[];
  readonly verdict: Verdict;
  /** The plan of the newest judgement, or ''. */
  readonly plan: string;
}

interface Conclusion extends Judged {
  readonly plan?: string;
  readonly candidates?: readonly { readonly plan: string; readonly verdict: Verdict }[];
}

export function createVerdictKeeper(parts: RecorderParts, { plans, judged }: VerdictParts): VerdictKeeper {
  const { appender, states } = parts;

  const resultsOf = (row: StateRow, closed: ClosedChange, position: number): PlanResults => {
    const { before, isNewborn } = closed.change;
    const [lineage, serial] = isNewborn ? ['', '0'] : [before.lineage, before.serial];
    const standing = plans.standing(lineage, serial, position);
    const { judged: chosen, isCut } = chooseCandidates(standing, (plan) => isPlanFor(row, plan, states));
    const results = chosen.map(({ plan, isPlaced }) => ({ ...judgeOne(row, closed, plan), plan: plan.id, isPlaced }));
    return { results, isCut };
  };

  const judgeOne = (row: StateRow, closed: ClosedChange, { id }: SeenPlan): Judged => {
    if (!plans.hasItems(id)) return undetermined('plan-forgotten');
    if (row.form === 'opaque') return undetermined('not-comparable');
    return judgeChange(readJudgedPlan(parts, plans, id, row), readMadeChange(parts, row, closed));
  };

  /** A plan that tells nothing lies there, and may be the one. */
  const hasOpaque = (row: StateRow, position: number): boolean => {
    const since = judged.lastPosition(row.id, position) ?? 0;
    return plans.standingOpaque(since, position).some(({ reference }) => isBeside(row, reference));
  };

  const conclude = (row: StateRow, position: number, { results, isCut }: PlanResults): Conclusion => {
    const placed = results.filter(({ isPlaced }) => isPlaced);
    const [first, ...others] = placed;
    if (first === undefined) {
      return hasOpaque(row, position) ? undetermined('plan-opaque') : without('no-plan', 'no-candidate');
    }
    if (others.length === 0) return first;
    const candidates = placed.map(({ plan, verdict }) => ({ plan, verdict }));
    const isAgreed = !isCut && others.every(({ verdict }) => verdict === first.verdict);
    const { verdict, counts, instances, reasons } = isAgreed ? first : undetermined('candidates-disagree');
    return { verdict, counts, instances, reasons, candidates };
  };

  const append = (
    row: StateRow,
    changeId: string,
    facts: JudgedFacts,
    told: Conclusion & { run?: RunIdentity },
  ): void => {
    const { verdict, plan, candidates, run, counts, instances, reasons } = told;
    appender.append({
      type: 'change.judged',
      source: row.uri,
      subject: row.name,
      moment: { source: 'recorder', effectiveTime: '', timeBasis: 'clock' },
      data: {
        state: identityOf(row),
        change: changeId,
        version: facts.version,
        ...{ verdict, plan, candidates, run, counts, instances, reasons },
      },
      spill: { into: 'body', members: ['instances', 'reasons'] },
    });
  };

  const keep = (row: Omit<JudgedRow, 'facts'>, facts: JudgedFacts): void =>
    judged.put({ ...row, facts: formatJson(facts as unknown as Json) });

  /** A later judgement of the same change. */
  const amend = (known: JudgedRow, told: Conclusion & { run?: RunIdentity }): void => {
    const row = states.byId(known.stateId);
    const facts = parseFacts(known.facts);
    if (row === undefined) return;
    append(row, known.changeId, facts, told);
    keep(known, { ...facts, verdict: told.verdict, plan: told.plan ?? '' });
  };

  return {
    judge(row, closed) {
      const { id, position, version, before, isNewborn, movedFrom } = closed.change;
      // Imported history had no recorder beside it, a move of the whole state has nothing to judge.
      if (closed.moment.backfilled === true || movedFrom !== undefined) return;
      const found = position === undefined ? NO_RESULTS : resultsOf(row, closed, position);
      // Begun before a restore: what was remembered of plans is gone.
      const told: Conclusion = position === undefined ? undetermined('plan-forgotten') : conclude(row, position, found);
      const facts = {
        version: { lineage: version.lineage, serial: version.serial },
        ...{ results: found.results, verdict: told.verdict, plan: told.plan ?? '' },
      };
      append(row, id, facts, told);
      const start = isNewborn ? { lineage: '', serial: '0' } : { lineage: before.lineage, serial: before.serial };
      keep({ changeId: id, stateId: row.id, ...start, position: position ?? parts.entries.size() }, facts);
    },
    runTied(changeId, run, tags) {
      const known = judged.get(changeId);
      const ids = new Set(tags.flatMap((tag) => plans.withTag(tag).map(({ id }) => id)));
      if (known === undefined || ids.size === 0) return;
      const { results, verdict, plan } = parseFacts(known.facts);
      const named = results.find((result) => ids.has(result.plan));
      if (named !== undefined) {
        if (named.plan !== plan) amend(known, { ...named, run });
        return;
      }
      const [late] = [...ids].filter((id) => id !== plan);
      if (verdict === 'no-plan' && late !== undefined && plan === '') {
        amend(known, { ...without('no-plan', lateness(plans, late, known)), plan: late, run });
      }
    },
    planRecorded(planId) {
      const found = plans.get(planId);
      if (found === undefined || found.lineage + found.serial === '') return;
      const reference = plans.placeOf(planId);
      for (const row of states.all()) {
        if (row.isRetired || reference === undefined || !isPlanFor(row, { ...found, reference }, states)) continue;
        for (const known of judged.from(row.id, found.lineage, found.serial)) {
          const { verdict, plan } = parseFacts(known.facts);
          if (verdict !== 'no-plan' || plan !== '') continue;
          amend(known, { ...without('no-plan', 'plan-after-change'), plan: planId });
        }
      }
    },
  };
}

/** Why a plan that a run names does not count. */
function lateness(plans: Plans, planId: string, { lineage, serial }: JudgedRow): ReasonCode {
  const plan = plans.get(planId);
  return plan?.lineage === lineage && plan.serial === serial ? 'plan-after-change' : 'plan-of-other-version';
}

function without(verdict: Verdict, code: ReasonCode): Judged {
  return { verdict, counts: countJudgements([]), instances: [], reasons: [{ code }] };
}

function undetermined(code: ReasonCode): Judged {
  return without('undetermined', code);
}

function parseFacts(text: string): JudgedFacts {
  return parseJson(Buffer.from(text)) as unknown as JudgedFacts;
}
