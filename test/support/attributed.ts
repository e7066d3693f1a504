// Runs that know themselves who they were, and what the log says of them.
import { accessSync, constants } from 'node:fs';
import { expect } from 'chai';
import type { Claim } from '../../daemon/record/observation.ts';
import { objectsAt, textAt } from '../../daemon/store/queries-fields.ts';
import { toClaim, type StoredRecord } from '../../daemon/store/queries-summary.ts';
import { asUser, holdWords, runWords, type Ran } from './host-users.ts';

const FAIR_HOLD_MS = 50;

export interface Run {
  readonly id: string;
  readonly uid: number;
  readonly pid: number;
  readonly heldMs: number;
}

export function toRun({ code, stdout, stderr }: Ran, id: string, uid: number): Run {
  const [pid = NaN, heldMs = NaN] = stdout.trim().split(' ').map(Number);
  expect([code, Number.isNaN(heldMs)], stderr).to.deep.equal([0, false]);
  return { id, uid, pid, heldMs };
}

export async function holdLock(uid: number, options: Parameters<typeof holdWords>[0]): Promise<Run> {
  return toRun(await runWords(asUser(uid, holdWords(options))), options.id, uid);
}

export interface Summary {
  /** Runs that held their lock for 50 ms or more, and those of them whose process and uid are named. */
  readonly fair: number;
  readonly attributed: number;
  /** By the owner of the lock file. */
  readonly owned: number;
  readonly commands: number;
  readonly swapped: readonly string[];
}

/** Against what each process itself said of its pid, uid and lock. */
export function judgeRuns(runs: readonly Run[], records: readonly StoredRecord[]): Summary {
  const byId = new Map<string, Claim[]>();
  for (const record of records) {
    const id = textAt(record.record.data, 'lock', 'id');
    byId.set(id, [...(byId.get(id) ?? []), ...claimsOf(record)]);
  }
  const swapped: string[] = [];
  const summary = { fair: 0, attributed: 0, owned: 0, commands: 0 };
  for (const { id, uid, pid, heldMs } of runs) {
    const claims = byId.get(id) ?? [];
    const pids = valuesOf(claims, 'process', 'observed').map(pidOf);
    const actors = valuesOf(claims, 'actor', 'observed');
    const owners = valuesOf(claims, 'owner', 'observed');
    const isWrong = pids.some((seen) => seen !== pid) || [...actors, ...owners].some((seen) => seen !== `uid:${uid}`);
    if (isWrong) swapped.push(`${id}: ${pid} of ${uid}, recorded ${pids.join()} of ${actors.join()}`);
    if (heldMs < FAIR_HOLD_MS) continue;
    summary.fair += 1;
    if (pids.length > 0 && actors.length > 0) summary.attributed += 1;
    if (owners.length > 0) summary.owned += 1;
    if (valuesOf(claims, 'command', 'claimed').length > 0) summary.commands += 1;
  }
  return { ...summary, swapped };
}

export function formatSummary({ fair, attributed, owned, commands, swapped }: Summary): string {
  const share = (count: number): string => `${count} (${((100 * count) / Math.max(1, fair)).toFixed(1)} %)`;
  return `${fair} locks held ${FAIR_HOLD_MS} ms or more: process known of ${share(attributed)}, owner of ${share(owned)}, command of ${share(commands)}, swapped ${swapped.length}`;
}

export function claimsOf(stored: StoredRecord | undefined): readonly Claim[] {
  return stored === undefined ? [] : objectsAt(stored.record.data, 'claims').map(toClaim);
}

export function valuesOf(claims: readonly Claim[], field: string, known: Claim['known']): readonly string[] {
  return claims.filter((claim) => claim.field === field && claim.known === known).map(({ value }) => value);
}

export function pidOf(value: string): number {
  return Number(/^pid:(\d+)\//.exec(value)?.[1]);
}

/** Numbers from 0 to 1, the same ones for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 0x100000000;
  };
}

export function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

export function stateText(lineage: string, serial: number): string {
  const outputs = { round: { value: serial, type: 'number' } };
  return `${JSON.stringify({ version: 4, terraform_version: '1.11.4', serial, lineage, outputs, resources: [] }, null, 2)}\n`;
}
