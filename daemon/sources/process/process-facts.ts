// What the kernel says of one process and of those that led to it. What the process itself can change (its name, its
// command line) is kept apart from what only the kernel writes.
import { hasShape } from '../../redaction/shapes.ts';
import { hasSecretShape } from '../../redaction/value-rules.ts';
import type { TerraformCommand } from '../../record/run.ts';
import { parseLoginUid, parseStat, parseUids, parseUnit, type ProcStat } from './proc-parse.ts';
import { procFiles, type ProcFiles } from './proc-files.ts';
import { knownProgram } from './programs.ts';
import { createUsers } from './users.ts';

/** A program's base name. 'observed': of the file that runs; 'claimed': what the process calls itself. '' for none. */
export interface Program {
  readonly name: string;
  readonly known: 'observed' | 'claimed';
}

export interface ParentProcess {
  readonly uid: number;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly program: Program;
}

export interface ProcessFacts {
  readonly pid: number;
  /** Clock ticks since boot: with the pid it names one process of this boot. */
  readonly startTicks: string;
  /** RFC 3339, by the wall clock of now; a few hundredths of a second off. */
  readonly startedAt: string;
  /** Real uid. */
  readonly uid: number;
  readonly effectiveUid: number;
  /** By /etc/passwd; '' where it names nobody. */
  readonly user: string;
  /** Uid of the login that led here, also through sudo and su; -1 for none, undefined where it cannot be read. */
  readonly loginUid: number | undefined;
  readonly loginUser: string;
  readonly program: Program;
  /** Container or systemd unit, or ''. */
  readonly unit: string;
  /** Parent first, up to the first process of the system. */
  readonly parents: readonly ParentProcess[];
  /** By its own words. 'other': neither terraform nor tofu; 'unread': not read in time. */
  readonly command: TerraformCommand | 'other' | 'unread';
}

/** Who a process is; what else is known of it can be asked a moment later. */
export type ProcessIdentity = Pick<
  ProcessFacts,
  'pid' | 'startTicks' | 'startedAt' | 'uid' | 'effectiveUid' | 'user' | 'loginUid' | 'loginUser'
>;

export interface ProcessReader {
  /** Undefined unless it was the same process before and after the reading. */
  identify(pid: number): ProcessIdentity | undefined;
  /** With program, unit and parents, as far as the process is still there; without its command. */
  describe(identity: ProcessIdentity): ProcessFacts;
}

const MAX_PARENTS = 8;
const MAX_FILE_BYTES = 16_384;
/** USER_HZ: what the kernel's interfaces count in, on every architecture that Node runs on. */
const MS_PER_TICK = 10;

/** `wallMs`: milliseconds since the epoch. Reads synchronously: the process may be gone in a moment. */
export function createProcessReader(wallMs: () => number, files: ProcFiles = procFiles): ProcessReader {
  const users = createUsers(files);
  const toTime = (ticks: string): string | undefined => {
    const bootMs = readBootMs(wallMs, files);
    return bootMs === undefined ? undefined : formatTime(bootMs + Number(ticks) * MS_PER_TICK);
  };
  return {
    identify(pid) {
      const before = readStat(pid, files);
      const uids = parseUids(files.read(`/proc/${pid}/status`, MAX_FILE_BYTES) ?? '');
      const loginUid = parseLoginUid(files.read(`/proc/${pid}/loginuid`, MAX_FILE_BYTES) ?? '');
      // A number that was given to another process meanwhile would mix the two.
      if (before === undefined || uids === undefined || !isSame(pid, before.startTicks, files)) return undefined;
      const { startTicks } = before;
      const startedAt = toTime(startTicks);
      if (startedAt === undefined) return undefined;
      const user = users.nameOf(uids.real);
      const loginUser = loginUid === undefined || loginUid < 0 ? '' : users.nameOf(loginUid);
      return { pid, startTicks, startedAt, uid: uids.real, effectiveUid: uids.effective, user, loginUid, loginUser };
    },
    describe(identity) {
      const { pid, startTicks } = identity;
      const nothing = { program: NO_PROGRAM, unit: '', parents: [], command: 'unread' } as const;
      const stat = readStat(pid, files);
      if (stat?.startTicks !== startTicks) return { ...identity, ...nothing };
      const program = readProgram(pid, stat.comm, files);
      const unit = parseUnit(files.read(`/proc/${pid}/cgroup`, MAX_FILE_BYTES) ?? '');
      if (!isSame(pid, startTicks, files)) return { ...identity, ...nothing };
      const parents = readParents(pid, stat, (ticks) => toTime(ticks) ?? '', files);
      return { ...identity, ...nothing, program, unit, parents };
    },
  };
}

const NO_PROGRAM: Program = { name: '', known: 'claimed' };

function isSame(pid: number, startTicks: string, files: ProcFiles): boolean {
  return readStat(pid, files)?.startTicks === startTicks;
}

/**
 * Up the chain, one by one. While a process still has the same parent after that one was read, the parent was alive and
 * its number its own: an orphan gets another parent. Ends without a doubtful one.
 */
function readParents(
  pid: number,
  stat: ProcStat,
  toTime: (ticks: string) => string,
  files: ProcFiles,
): readonly ParentProcess[] {
  const parents: ParentProcess[] = [];
  let child = { pid, stat };
  while (parents.length < MAX_PARENTS && child.stat.parentPid > 0) {
    const parentPid = child.stat.parentPid;
    const parent = readStat(parentPid, files);
    const uids = parseUids(files.read(`/proc/${parentPid}/status`, MAX_FILE_BYTES) ?? '');
    if (parent === undefined || uids === undefined) break;
    const program = readProgram(parentPid, parent.comm, files);
    const now = readStat(child.pid, files);
    if (now?.parentPid !== parentPid || now.startTicks !== child.stat.startTicks) break;
    parents.push({ uid: uids.real, startedAt: toTime(parent.startTicks), program });
    child = { pid: parentPid, stat: parent };
  }
  return parents;
}

/** The file that runs, where the kernel lets us see it; else the name it gave itself, if that is a well-known one. */
function readProgram(pid: number, comm: string, files: ProcFiles): Program {
  const path = files.readLink(`/proc/${pid}/exe`)?.replace(/ \(deleted\)$/, '');
  const name = path?.slice(path.lastIndexOf('/') + 1) ?? '';
  if (name !== '' && hasShape('path', name) && !hasSecretShape(name)) return { name, known: 'observed' };
  // Anything may stand in a name of one's own choice, a password too.
  return { name: knownProgram(comm), known: 'claimed' };
}

function readStat(pid: number, files: ProcFiles): ProcStat | undefined {
  return parseStat(files.read(`/proc/${pid}/stat`, MAX_FILE_BYTES) ?? '');
}

/** When the system booted, by the wall clock of now. */
function readBootMs(wallMs: () => number, files: ProcFiles): number | undefined {
  const [, uptime] = /^(\d{1,12}\.\d{1,6}) /.exec(files.read('/proc/uptime', MAX_FILE_BYTES) ?? '') ?? [];
  return uptime === undefined ? undefined : wallMs() - Number(uptime) * 1000;
}

function formatTime(ms: number): string {
  return new Date(Math.min(Math.max(0, Math.round(ms)), 253_402_300_799_999)).toISOString();
}
