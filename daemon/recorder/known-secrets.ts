// Known secrets in what no rule hides by its path: index keys that were stored before they were known, texts of lock
// files, reasons. Decides by the taint alone; knows nothing of marks or policies.
import { ConfigError } from '../errors.ts';
import type { TerraformCommand } from '../record/run.ts';
import type { ProcessFacts, Program } from '../sources/process/process-facts.ts';
import type { Claim } from '../record/observation.ts';
import type { LockInfo } from '../terraform/state.ts';
import type { LockSighting, StateSighting } from '../sources/source.ts';
import type { States } from '../store/states.ts';
import type { NewRecord } from './appender.ts';
import type { LockFacts } from './open-change.ts';

/** True for a text that is, or holds, a known secret. */
export type Covers = (text: string) => boolean;

/** Stands where a claim or a reason held a known secret. */
export const WITHHELD = '(hidden)';

/**
 * Stored addresses in which an index key has become known as a secret, renamed as the next version will name them: such
 * a version must not print yesterday's key as what went. Returns how many instances it renamed.
 */
export function hideStoredAddresses(states: States, stateId: string, hide: (address: string) => string): number {
  let count = 0;
  for (const key of states.rawTags(stateId).keys()) {
    const [address = '', deposed = ''] = key.split('\0');
    const hidden = hide(address);
    if (hidden === address) continue;
    states.renameInstance(stateId, { from: address, to: hidden, deposed });
    count += 1;
  }
  for (const { kind, address, deposed } of states.bases(stateId)) {
    const hidden = kind === 'resource' ? hide(address) : address;
    if (hidden !== address) states.renameInstance(stateId, { from: address, to: hidden, deposed });
  }
  return count;
}

/** Refuses a note that would write a known secret down for good. Throws ConfigError `note-holds-secret`. */
export function assertNoteIsClean({ type, data }: Pick<NewRecord, 'type' | 'data'>, covers: Covers): void {
  if (type !== 'change.noted') return;
  const texts = Object.values(data).filter((value) => typeof value === 'string');
  if (!texts.some(covers)) return;
  throw new ConfigError('note-holds-secret', 'expected a note without secrets, got one that holds a known secret', {
    hint: 'say it in other words: what is recorded stays',
  });
}

/** An inventory whose places and reasons repeat no known secret: a path or an address may hold one. */
export function hideInInventory(record: NewRecord, covers: Covers): NewRecord {
  if (record.type !== 'source.inventoried') return record;
  const hide = (value: unknown): unknown => {
    if (typeof value === 'string') return covers(value) ? WITHHELD : value;
    if (Array.isArray(value)) return value.map(hide);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, hide(child)]));
  };
  return { ...record, data: hide(record.data) as NewRecord['data'] };
}

/** A sighting whose locks repeat no known secret. */
export function hideInLocks(sighting: StateSighting, covers: Covers): StateSighting {
  const hide = (lock: LockSighting | undefined): LockSighting | undefined =>
    lock && {
      ...lock,
      info: lock.info && hideInLockInfo(lock.info, covers),
      ...(lock.process && { process: hideInProcess(lock.process, covers) }),
    };
  return {
    ...sighting,
    lock: hide(sighting.lock),
    lastLock: hide(sighting.lastLock),
    recentLocks: sighting.recentLocks.map((lock) => hide(lock) ?? lock),
  };
}

/** What was kept of a lock, once more: a secret may have become known while its run was going on. */
export function hideInLockFacts(lock: LockFacts, covers: Covers): LockFacts {
  const hide = (text: string): string => (covers(text) ? WITHHELD : text);
  return {
    ...lock,
    id: hide(lock.id),
    operation: hide(lock.operation),
    created: hide(lock.created),
    claims: hideInClaims(lock.claims, covers),
  };
}

/** What is claimed, without known secrets. */
export function hideInClaims(claims: readonly Claim[], covers: Covers): readonly Claim[] {
  return claims.map((claim) => (covers(claim.value) ? { ...claim, value: WITHHELD } : claim));
}

/** Names of programs, plans, variables: whoever starts a process chooses them. */
function hideInProcess(process: ProcessFacts, covers: Covers): ProcessFacts {
  const hide = (text: string): string => (covers(text) ? WITHHELD : text);
  const hideProgram = (program: Program): Program => ({ ...program, name: hide(program.name) });
  const { command } = process;
  return {
    ...process,
    program: hideProgram(process.program),
    unit: hide(process.unit),
    parents: process.parents.map((parent) => ({ ...parent, program: hideProgram(parent.program) })),
    command: typeof command === 'string' ? command : hideInCommand(command, hide),
  };
}

function hideInCommand(command: TerraformCommand, hide: (text: string) => string): TerraformCommand {
  const { variables, planFile, chdir } = command;
  return { ...command, variables: variables.map(hide), planFile: hide(planFile), chdir: hide(chdir) };
}

function hideInLockInfo(info: LockInfo, covers: Covers): LockInfo {
  const hide = (text: string): string => (covers(text) ? WITHHELD : text);
  return { ...info, id: hide(info.id), operation: hide(info.operation), who: hide(info.who) };
}
