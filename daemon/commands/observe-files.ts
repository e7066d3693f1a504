// State and plan files for a look without a log: redacted under keys that live only for this call, and one taint for all, so
// that what one file marks as secret is hidden in the others too. Raw content lives only in locals here.
import type { ObservedFiles } from '../answers/compare-states.ts';
import { randomBytes } from 'node:crypto';
import { ConfigError, ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import type { InstanceBody, ObservedState } from '../record/observation.ts';
import type { ObservedPlan } from '../record/plan-observation.ts';
import { redactAgain, redactOutputAgain } from '../redaction/again.ts';
import { createPolicy } from '../redaction/allow-list.ts';
import type { RedactionKeys } from '../redaction/keys.ts';
import { redactPlan, type PlanContext } from '../redaction/plan.ts';
import { redactState } from '../redaction/state.ts';
import { TaintSet } from '../redaction/taint.ts';
import { isZip, openPlanContent } from '../sources/plan-archive.ts';
import { isJsonPlan } from '../terraform/plan/json-plan.ts';
import { isOpaque, opaqueForm, parsePlan, type OpaquePlan } from '../terraform/plan/parse-plan.ts';
import type { TerraformPlan } from '../terraform/plan/plan.ts';
import { parseState } from '../terraform/state-parse.ts';
import type { TerraformState } from '../terraform/state.ts';
import type { CommandContext } from './command.ts';

const STATE_ID = 'file';

/** What one file holds, redacted under keys that live only for this call. */
export type ObservedFile =
  | { readonly is: 'state'; readonly state: ObservedState }
  | { readonly is: 'plan'; readonly plan: ObservedPlan }
  | { readonly is: 'opaque-plan'; readonly plan: OpaquePlan };

/** A state or a plan, told apart by content. Throws ParseError, and ConfigError `state-encrypted`. */
export async function readFileOf(path: string, context: Pick<CommandContext, 'readFile'>): Promise<ObservedFile> {
  const bytes = await context.readFile(path);
  try {
    const [state] = observeFiles([bytes]).states;
    if (state === undefined) throw new RangeError('expected one state of one file');
    return { is: 'state', state };
  } catch (error) {
    if (!(error instanceof ConfigError) || error.code !== 'plan-unsupported') throw error;
  }
  return observePlan(parsePlan(await openPlanContent(bytes), 'plain'));
}

function observePlan(plan: TerraformPlan | OpaquePlan): ObservedFile {
  if (isOpaque(plan)) return { is: 'opaque-plan', plan };
  return { is: 'plan', plan: redactPlan(plan, { ...freshKnowledge(), keyId: STATE_ID }).observed };
}

/** Reads and redacts state files. Throws ParseError, and ConfigError `plan-unsupported` or `state-encrypted`. */
export async function readStateFiles(
  paths: readonly string[],
  context: Pick<CommandContext, 'readFile'>,
): Promise<ObservedFiles> {
  return observeFiles(await Promise.all(paths.map((path) => context.readFile(path))));
}

export function observeFiles(files: readonly Uint8Array[]): ObservedFiles {
  const knowledge = { ...freshKnowledge(), stateId: STATE_ID };
  const parsed = files.map((bytes) => ({ state: parseClear(bytes), rawBytes: bytes }));
  const redactAll = (): ObservedState[] =>
    parsed.map(({ state, rawBytes }) => redactState(state, { ...knowledge, rawBytes }).observed);
  // The first pass only learns: a secret of the last file must be hidden in the first one too.
  if (files.length > 1) redactAll();
  return {
    states: redactAll(),
    levelBodies(address, before, after) {
      const current = redactAgain(after, { ...knowledge, address, other: { hidden: lasting(before.hidden) } });
      return [redactAgain(before, { ...knowledge, address, other: current }), current];
    },
    levelOutputs(before, after) {
      const { name } = after;
      const current = redactOutputAgain(after, { ...knowledge, name, other: { hidden: lasting(before.hidden) } });
      return [redactOutputAgain(before, { ...knowledge, name, other: current }), current];
    },
  };
}

function freshKnowledge(): Pick<PlanContext, 'keys' | 'policy' | 'taint'> {
  const keys: RedactionKeys = { equalityKey: randomBytes(32), epoch: { kid: 'e0', key: randomBytes(32) } };
  const policy = createPolicy({ values: 'allow-list', hide: [], show: [] });
  return { keys, policy, taint: new TaintSet(keys.equalityKey) };
}

/** A mark or rule on the older side holds for the newer one; what hid by the value alone does not. */
function lasting(hidden: InstanceBody['hidden']): InstanceBody['hidden'] {
  return hidden.filter(({ by }) => by === 'mark' || by === 'rule');
}

function parseClear(bytes: Uint8Array): TerraformState {
  if (isZip(bytes)) throw planUnsupported();
  const state = parseOrExplain(bytes);
  if (state.kind === 'state') return state;
  throw new ConfigError('state-encrypted', 'expected a state in clear, got an encrypted one', {
    hint: 'OpenTofu encrypted this state: decrypt it with `tofu state pull` where its keys are',
  });
}

function parseOrExplain(bytes: Uint8Array): ReturnType<typeof parseState> {
  try {
    return parseState(bytes);
  } catch (error) {
    if (error instanceof ParseError && isJsonOfPlan(bytes)) throw planUnsupported();
    throw error;
  }
}

/** What does not parse is left to the reader of states, which says why. */
function isJsonOfPlan(bytes: Uint8Array): boolean {
  try {
    const value = parseJson(bytes);
    return isJsonPlan(value) || opaqueForm(value) !== undefined;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

function planUnsupported(): ConfigError {
  return new ConfigError('plan-unsupported', 'expected a state file, got a plan', {
    hint: 'to see what a plan would do: stateseal show FILE',
  });
}
