// The newest judgement of a change, with the plans that it names.
import { parsePointer, readPointer } from '../json/pointer.ts';
import type { Json, JsonObject } from '../json/value.ts';
import type { BlobReader } from './queries-blob.ts';
import { objectAt, objectsAt, textAt } from './queries-fields.ts';
import type { StepBody } from './queries-net.ts';
import { plannedChanges } from './queries-plan.ts';
import type { ReadRecord } from './queries-read.ts';
import type { StoredRecord } from './queries-summary.ts';

export interface NamedPlan {
  readonly id: string;
  /** '' where it is the one. */
  readonly verdict: string;
  /** Its plan.recorded. */
  readonly stored: StoredRecord | undefined;
}

export interface JudgedReason {
  readonly code: string;
  readonly address: string;
  readonly deposed: string;
  readonly path: string;
  /** What was planned there; undefined where it is not told: hidden, unknown, of the whole. */
  readonly planned?: Json;
}

export interface ChangeJudgement {
  readonly leafIndex: number;
  readonly verdict: string;
  /** The one it was held against, or several that it can be of. */
  readonly plans: readonly NamedPlan[];
  readonly run: string;
  readonly counts: JsonObject;
  readonly reasons: readonly JudgedReason[];
  /** False when the lists are no longer here. */
  readonly isWhole: boolean;
}

export interface PlanReader {
  /** A plan.recorded or plan.unreadable by its id. */
  plan(id: string): StoredRecord | undefined;
  readonly record: ReadRecord;
  readonly blobs: BlobReader;
}

/** `judged`: the newest change.judged of a change. */
export function readJudgement(judged: StoredRecord, reader: PlanReader): ChangeJudgement {
  const { blobs } = reader;
  const { data } = judged.record;
  const body = objectAt(data, 'body');
  const json = body === undefined ? data : blobs.json(textAt(body, 'sha256'));
  const lists = json === undefined ? {} : { json };
  const only = textAt(data, 'plan');
  const named = only === '' ? objectsAt(data, 'candidates') : [{ plan: only }];
  return {
    leafIndex: judged.leafIndex,
    verdict: textAt(data, 'verdict'),
    plans: named.map((candidate) => {
      const id = textAt(candidate, 'plan');
      return { id, verdict: textAt(candidate, 'verdict'), stored: reader.plan(id) };
    }),
    run: textAt(data, 'run', 'id'),
    counts: objectAt(data, 'counts') ?? {},
    reasons: addPlanned(objectsAt(lists, 'json', 'reasons').map(toReason), reader.plan(only), reader),
    isWhole: json !== undefined,
  };
}

function toReason(reason: JsonObject): JudgedReason {
  return {
    code: textAt(reason, 'code'),
    address: textAt(reason, 'address'),
    deposed: textAt(reason, 'deposed'),
    path: textAt(reason, 'path'),
  };
}

/** So many records of a plan are looked through for what it said. */
const MAX_PLANNED = 2_000;

/** The records of a plan's changes follow its own. */
function addPlanned(
  reasons: readonly JudgedReason[],
  plan: StoredRecord | undefined,
  { record, blobs }: PlanReader,
): readonly JudgedReason[] {
  const isAsked = reasons.some(({ code, path }) => code === 'other-value' && path !== '');
  if (plan === undefined || !isAsked) return reasons;
  const bodies = new Map<string, StepBody>();
  for (const { role, address, deposed, body } of plannedChanges(plan, record, blobs)) {
    if (role === 'planned') bodies.set(`${address}\0${deposed}`, body);
    if (bodies.size === MAX_PLANNED) break;
  }
  return reasons.map((reason) => {
    const body = bodies.get(`${reason.address}\0${reason.deposed}`);
    const planned = body === undefined || reason.code !== 'other-value' ? undefined : plannedAt(body, reason.path);
    return planned === undefined ? reason : { ...reason, planned };
  });
}

/** The value of the change at that path, or inside one above it. */
function plannedAt({ changes, hidden }: StepBody, path: string): Json | undefined {
  if (hidden.some((each) => each.path === path)) return undefined;
  const change = changes.find((each) => isAtOrAbove(each.path, path));
  if (change?.after === undefined) return undefined;
  return readPointer(change.after, parsePointer(path.slice(change.path.length)));
}

function isAtOrAbove(above: string, path: string): boolean {
  return above === path || path.startsWith(`${above}/`);
}

export function judgementJson({ leafIndex, verdict, plans, run, counts, reasons }: ChangeJudgement): JsonObject {
  const [first, ...others] = plans;
  return {
    number: leafIndex,
    verdict,
    ...(first !== undefined && others.length === 0 && first.verdict === '' ? { plan: first.id } : {}),
    ...(plans.some((plan) => plan.verdict !== '')
      ? { candidates: plans.map((plan) => ({ plan: plan.id, verdict: plan.verdict })) }
      : {}),
    ...(run === '' ? {} : { run }),
    counts,
    reasons: reasons.map(({ code, address, deposed, path }) => ({
      code,
      ...(address === '' ? {} : { address }),
      ...(deposed === '' ? {} : { deposed }),
      ...(path === '' ? {} : { path }),
    })),
  };
}
