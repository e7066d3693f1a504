// What is known of who held a lock, as claims side by side, each with how it is known: the lock file's own words, the
// file's owner, and the process that the kernel names. Where they differ, all of them stand.
import { NO_LOGIN } from '../record/actors.ts';
import type { Claim, Known } from '../record/observation.ts';
import type { ParentProcess, ProcessFacts, Program } from '../sources/process/process-facts.ts';
import type { LockSighting } from '../sources/source.ts';
import { formatCommand } from '../terraform/shown-command.ts';

/** Persons, accounts and hosts are references: "uid:1001", "user:alice", "host:runner-7". */
export function lockClaims(lock: LockSighting): Claim[] {
  const { info, process, ownerUid, ownerUser = '' } = lock;
  return [
    ...(process === undefined ? [] : processClaims(process)),
    ...(ownerUid === undefined ? [] : account('owner', ownerUid, ownerUser, 'lock-file')),
    ...(info === undefined ? [] : whoClaims(info.who)),
  ];
}

function processClaims(process: ProcessFacts): Claim[] {
  const { uid, effectiveUid, user, pid, startTicks, startedAt, program, unit, parents } = process;
  return [
    ...account('actor', uid, user, 'kernel'),
    ...(effectiveUid === uid ? [] : [claim('effective', `uid:${effectiveUid}`, 'observed', 'kernel')]),
    ...loginClaims(process),
    claim('process', `pid:${pid}/${startTicks}`, 'observed', 'kernel'),
    claim('started', startedAt, 'observed', 'kernel'),
    ...programClaims('program', program),
    ...(unit === '' ? [] : [claim('unit', unit, 'observed', 'kernel')]),
    ...commandClaims(process),
    ...parents.flatMap((parent, index) => parentClaims(parent, index + 1)),
  ];
}

function loginClaims({ loginUid, loginUser }: ProcessFacts): Claim[] {
  if (loginUid === undefined) return [];
  if (loginUid < 0) return [claim('login', NO_LOGIN, 'observed', 'kernel')];
  return account('login', loginUid, loginUser, 'kernel');
}

/** A process can write over its own command line: it says what the process says of itself. */
function commandClaims({ command }: ProcessFacts): Claim[] {
  if (command === 'unread') return [];
  if (command === 'other') return [claim('command', 'neither terraform nor tofu', 'claimed', 'process')];
  const planFile = command.planFile === '' ? [] : [claim('plan-file', command.planFile, 'claimed', 'process')];
  return [claim('command', formatCommand(command), 'claimed', 'process'), ...planFile];
}

function parentClaims({ uid, startedAt, program }: ParentProcess, number: number): Claim[] {
  const field = `parent-${number}`;
  return [
    claim(field, `uid:${uid} since ${startedAt}`, 'observed', 'kernel'),
    ...programClaims(`${field}-program`, program),
  ];
}

function programClaims(field: string, { name, known }: Program): Claim[] {
  return name === '' ? [] : [claim(field, name, known, known === 'observed' ? 'kernel' : 'process')];
}

function account(field: string, uid: number, user: string, by: string): Claim[] {
  const number = claim(field, `uid:${uid}`, 'observed', by);
  return user === '' ? [number] : [number, claim(field, `user:${user}`, 'observed', 'passwd')];
}

/** "root@runner-7" as references: an account and a host, never the raw pair. */
function whoClaims(who: string): Claim[] {
  const at = who.lastIndexOf('@');
  const user = at < 0 ? who : who.slice(0, at);
  const host = at < 0 ? '' : who.slice(at + 1);
  const claims: Claim[] = [];
  if (user !== '') claims.push(claim('actor', `user:${user}`, 'claimed', 'lock-info'));
  if (host !== '') claims.push(claim('host', `host:${host}`, 'claimed', 'lock-info'));
  return claims;
}

function claim(field: string, value: string, known: Known, by: string): Claim {
  return { field, value, known, by };
}
