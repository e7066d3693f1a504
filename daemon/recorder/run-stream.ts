// What a run's -json stream says, as it may be recorded: known secrets in addresses are withheld, what lands nothing is
// left out, and the end of the run is named. Pure.
import { hasSecretShape } from '../redaction/value-rules.ts';
import type { RunFinishedObservation } from '../record/run.ts';
import type { RunOutcome, StreamResource, StreamTally } from '../record/run-data.ts';
import { parseStream, type StreamFacts } from '../terraform/stream.ts';
import { WITHHELD, type Covers } from './known-secrets.ts';

export interface RunStream extends Omit<StreamFacts, 'isInterrupted' | 'resources'> {
  readonly resources: readonly StreamResource[];
  readonly tally: StreamTally;
}

export interface AddressRedaction {
  readonly covers: Covers;
  /** Index keys that are known secrets, as every record of the state shows them. */
  readonly hideAddress: (address: string) => string;
}

type End = Pick<RunFinishedObservation, 'command' | 'exitCode' | 'signal'>;

const APPLYING: ReadonlySet<string> = new Set(['apply', 'destroy']);
const SUMMARIES: ReadonlySet<string> = new Set(['apply', 'destroy']);
/** Actions that leave every resource as it was. */
const HARMLESS: ReadonlySet<string> = new Set(['read', 'open', 'renew', 'close']);

export function toRunStream(
  bytes: Uint8Array,
  end: End,
  redaction: AddressRedaction,
): { readonly stream: RunStream; readonly outcome: RunOutcome } {
  const { isInterrupted, ...facts } = parseStream(bytes);
  const isApplying = isApplyingRun(end, facts.resources);
  const kept = facts.resources.filter((resource) => isTold(resource, isApplying));
  const resources = kept.map((resource) => ({ ...resource, address: hide(resource.address, redaction) }));
  const stream = { ...facts, resources, tally: tallyOf(kept) };
  return { stream, outcome: outcomeOf(end, { isApplying, isInterrupted, summaries: facts.summaries }) };
}

/** The end of a run by its exit code and, where it left one, its stream. */
export function outcomeOf(
  { command, exitCode, signal }: End,
  stream?: Pick<StreamFacts, 'isInterrupted' | 'summaries'> & { readonly isApplying: boolean },
): RunOutcome {
  if (signal !== '') return 'killed';
  if (exitCode < 0) return 'unknown';
  if (stream?.isInterrupted === true && exitCode !== 0) return 'interrupted';
  if (exitCode === 2 && command.subcommand === 'plan' && isDetailed(command.flags)) return 'succeeded';
  if (exitCode !== 0) return 'failed';
  // Only an apply that came to its end has a summary of its own.
  const isSummed = stream?.summaries.some(({ operation }) => SUMMARIES.has(operation)) !== false;
  return stream?.isApplying === true && !isSummed ? 'unknown' : 'succeeded';
}

function isApplyingRun({ command }: End, resources: readonly StreamResource[]): boolean {
  if (APPLYING.has(command.subcommand)) return true;
  return resources.some(({ action, outcome }) => !HARMLESS.has(action) && isBegun(outcome));
}

/** A plan begins nothing: that its changes were not carried out is no news. What was only read is none either. */
function isTold({ action, outcome }: StreamResource, isApplying: boolean): boolean {
  if (HARMLESS.has(action)) return outcome === 'errored' || outcome === 'started';
  return isApplying || isBegun(outcome);
}

function isBegun(outcome: StreamResource['outcome']): boolean {
  return outcome !== 'not-started' && outcome !== 'untold';
}

function hide(address: string, { covers, hideAddress }: AddressRedaction): string {
  const hidden = hideAddress(address);
  return covers(hidden) || hasSecretShape(hidden) ? WITHHELD : hidden;
}

/** Of operations that change something. */
function tallyOf(resources: readonly StreamResource[]): StreamTally {
  const changing = resources.filter(({ action }) => !HARMLESS.has(action));
  const count = (wanted: StreamResource['outcome']): number =>
    changing.filter(({ outcome }) => outcome === wanted).length;
  return {
    complete: count('complete'),
    errored: count('errored'),
    started: count('started'),
    notStarted: count('not-started'),
    untold: count('untold'),
  };
}

function isDetailed(flags: readonly string[]): boolean {
  return flags.some((flag) => /^--?detailed-exitcode(?:=true)?$/u.test(flag));
}
