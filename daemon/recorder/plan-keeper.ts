// Plans that were found beside states or came with a run, as records: plan.recorded, and one resource.planned per change.
// Raw bytes live only in the arguments and locals here. Inside the caller's transaction.
import { ParseError } from '../errors.ts';
import type { Claim } from '../record/observation.ts';
import type { PlanRole } from '../record/plan-data.ts';
import type { ObservedPlan, ObservedPlanInstance } from '../record/plan-observation.ts';
import type { CommittedFile } from '../record/run-data.ts';
import { fileCommitment, stateKey, tagOf, type RedactionKeys } from '../redaction/keys.ts';
import type { PlanSighting } from '../sources/source.ts';
import type { PlanItemRow, Plans } from '../store/plans.ts';
import type { StateRow } from '../store/states.ts';
import { isOpaque, parsePlan } from '../terraform/plan/parse-plan.ts';
import type { TerraformPlan } from '../terraform/plan/plan.ts';
import type { Moment } from './appender.ts';
import { nextId } from './environment.ts';
import { identityOf } from './identity.ts';
import { WITHHELD, type Covers } from './known-secrets.ts';
import type { Outcome, RecorderParts } from './parts.ts';
import { isSpelledAlike } from './judged-sides.ts';
import { toPlanItems, toRefreshedItems } from './plan-items.ts';
import { stateOfPlan } from './plan-place.ts';
import { toPlanBody, toPlannedBody } from './plan-record.ts';
import { believedTime } from './run-source.ts';
import { parseBody } from './steps.ts';

/** Stands for the state's id in the key of a plan file's commitment. */
export const PLAN_KEY = 'plan';

export interface PlanKeeper {
  /** 'nothing' for a plan that is recorded already. */
  observe(sighting: PlanSighting): Outcome['verdict'];
}

export function createPlanKeeper(parts: RecorderParts, { keys, plans, onRecorded }: PlanKeeperParts): PlanKeeper {
  const { appender, entries, environment, observer, states } = parts;

  const headOf = (sighting: PlanSighting): PlanHead => ({
    reference: placeOf(sighting.reference, observer.covers),
    content: {
      sizeBytes: sighting.bytes.length,
      kid: keys.epoch.kid,
      commitment: fileCommitment(stateKey(keys.epoch.key, PLAN_KEY), sighting.bytes),
    },
    run: sighting.run,
    claims: sighting.ownerUid === undefined ? [] : [ownerClaim(sighting.ownerUid)],
  });

  /** Returns the id of the plan. */
  const append = (sighting: PlanSighting, tag: string, plan: TerraformPlan): string => {
    const head = headOf(sighting);
    const state = stateOfPlan(plan, sighting.reference, states);
    const id = nextId(environment);
    const observed = observer.observePlan(state?.id ?? id, plan, state?.id);
    const shared = { source: head.reference, moment: momentOf(sighting, environment.now()) };
    const identity = state && identityOf(state);
    appender.append({
      id,
      ...shared,
      type: 'plan.recorded',
      subject: subjectOf(observed),
      data: { ...head, state: identity, ...toPlanBody(observed) },
      spill: {
        into: 'body',
        members: ['targets', 'forcedReplacements', 'variables', 'outputs', 'checks', 'providers'],
      },
    });
    for (const { role, instance, reason } of recordedChanges(observed)) {
      appender.append({
        ...shared,
        type: 'resource.planned',
        subject: instance.address,
        data: { plan: id, state: identity, role, ...toPlannedBody(instance, reason) },
        spill: { into: 'body', members: ['changes', 'unknown', 'hidden'] },
      });
    }
    const { lineage, serial } = plan.prior ?? UNTOLD;
    const place = { lineage, serial, stateId: state?.id ?? '', workspace: observed.backend?.workspace ?? '' };
    const items = [...toPlanItems(observed), ...refreshedItems(plan, observed, state)];
    plans.add({ id, tag, kind: 'plan', ...place, owner: ownerOf(sighting) }, items, environment.now());
    return id;
  };

  /** What the state inside the plan has otherwise than the stored one: found changed outside, when it was refreshed. */
  const refreshedItems = (
    { priorState }: TerraformPlan,
    observed: ObservedPlan,
    state: StateRow | undefined,
  ): readonly PlanItemRow[] => {
    if (priorState === undefined || state === undefined) return [];
    const known = { knowledge: state.knowledge, rawTags: states.rawTags(state.id) };
    return toRefreshedItems(observer.observe(state.id, priorState, known), observed, (address, deposed, body) => {
      const row = states.snapshot(state.id, address, deposed);
      return row !== undefined && isSpelledAlike(observer.reRedact(state.id), address, parseBody(row.body), body);
    });
  };

  const refuse = (sighting: PlanSighting, tag: string, code: string, reason: string): string => {
    const head = headOf(sighting);
    const id = nextId(environment);
    appender.append({
      id,
      type: 'plan.unreadable',
      source: head.reference,
      subject: head.reference,
      moment: momentOf(sighting, environment.now()),
      data: { ...head, code, reason },
    });
    const kind = code === 'plan-encrypted' || code === 'plan-cloud' ? 'opaque' : 'damaged';
    plans.add(
      { id, tag, kind, stateId: '', ...UNTOLD, workspace: '', owner: ownerOf(sighting) },
      [],
      environment.now(),
    );
    return id;
  };

  /** Undefined for what is only called a plan: another archive, JSON of another kind. */
  const record = (sighting: PlanSighting, tag: string): string | undefined => {
    const { content, problem } = sighting;
    if (content === undefined) {
      const { code, message } = problem ?? { code: 'plan-malformed', message: 'unreadable' };
      return code === 'not-a-plan' ? undefined : refuse(sighting, tag, code, message);
    }
    try {
      const plan = parsePlan(content, 'wrapped');
      if (isOpaque(plan)) return refuse(sighting, tag, `plan-${plan.form}`, OPAQUE[plan.form]);
      return idForState(plan, sighting.reference, tag) ?? append(sighting, tag, plan);
    } catch (error) {
      if (!(error instanceof ParseError)) throw error;
      if (error.code === 'not-a-plan' || error.code.startsWith('json-')) return undefined;
      return refuse(sighting, tag, error.code, error.message);
    }
  };

  /** The record of the same plan for the same state: a copy beside another state is a plan of that one. */
  const idForState = (plan: TerraformPlan, reference: string, tag: string): string | undefined => {
    const state = stateOfPlan(plan, reference, states);
    return plans.withTag(tag).find(({ stateId }) => stateId === (state?.id ?? ''))?.id;
  };

  return {
    observe(sighting) {
      const tag = tagOf(keys.equalityKey, sighting.bytes);
      const place = placeOf(sighting.reference, observer.covers);
      if (plans.lastAt(place)?.tag === tag) return 'nothing';
      const [known] = plans.withTag(tag);
      const isKnown = known !== undefined && (sighting.run !== undefined || known.kind !== 'plan');
      const before = entries.size();
      const id = isKnown ? known.id : record(sighting, tag);
      if (id === undefined) return 'nothing';
      plans.addSighting(place, id, before, ownerOf(sighting));
      if (entries.size() === before) return 'nothing';
      onRecorded(id);
      return 'recorded';
    },
  };
}

/** What a plan that names no version is for: no candidate has a serial like this. */
const UNTOLD = { lineage: '', serial: '' };

export interface PlanKeeperParts {
  readonly keys: RedactionKeys;
  readonly plans: Plans;
  /** Hears of each plan right after its record. */
  readonly onRecorded: (planId: string) => void;
}

interface PlanHead {
  readonly reference: string;
  readonly content: CommittedFile;
  readonly run: PlanSighting['run'];
  readonly claims: readonly Claim[];
}

const OPAQUE = {
  encrypted: 'encrypted by OpenTofu: nothing in it can be read without its key',
  cloud: 'kept in HCP Terraform: the file only names it',
} as const;

interface RecordedChange {
  readonly role: PlanRole;
  readonly instance: ObservedPlanInstance;
  readonly reason: string;
}

/** Without what neither changes, nor moves, nor is imported. */
function recordedChanges({ changes, drift, deferred }: ObservedPlan): readonly RecordedChange[] {
  const of = (role: PlanRole, list: readonly ObservedPlanInstance[]): RecordedChange[] =>
    list.filter(isRecorded).map((instance) => ({ role, instance, reason: instance.reason }));
  return [
    ...of('drift', drift),
    ...of('planned', changes),
    ...deferred.map(({ instance, reason }) => ({ role: 'deferred' as const, instance, reason })),
  ];
}

function isRecorded({ actions, previousAddress, isImporting }: ObservedPlanInstance): boolean {
  return actions[0] !== 'no-op' || previousAddress !== undefined || isImporting;
}

/** The reference; a file's name may hold a known secret, and is then withheld. */
function placeOf(reference: string, covers: Covers): string {
  if (!covers(reference)) return reference;
  const root = /^(?:dir:[^/]*|run:)/u.exec(reference)?.[0] ?? '';
  return `${root}/${WITHHELD}`;
}

function momentOf({ run, effectiveTime, timeBasis }: PlanSighting, nowMs: number): Moment {
  if (run === undefined) return { source: 'directory', effectiveTime, timeBasis };
  return { source: 'spool', effectiveTime: believedTime(effectiveTime, nowMs), timeBasis };
}

function subjectOf({ tool, toolVersion, mode }: ObservedPlan): string {
  return `${tool === 'unknown' ? 'plan' : tool} ${toolVersion}${mode === 'normal' ? '' : ` ${mode}`}`;
}

function ownerClaim(uid: number): Claim {
  return { field: 'owner', value: `uid:${uid}`, known: 'observed', by: 'plan-file' };
}

function ownerOf({ run, ownerUid }: PlanSighting): string {
  return run?.uid ?? (ownerUid === undefined ? '' : `uid:${ownerUid}`);
}
