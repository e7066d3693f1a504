// One state of the backend on a real directory and a real recorder without threads; every durable step of both can be
// told to fail, to hang, or to hang after it is done (what a kill leaves).
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDirectoryStorage } from '../../daemon/backend/directory-storage.ts';
import { createKeptState, type KeptState } from '../../daemon/backend/kept-state.ts';
import type { BackendStorage } from '../../daemon/backend/storage.ts';
import { StoreError } from '../../daemon/errors.ts';
import type { Claim } from '../../daemon/record/observation.ts';
import type { RecorderClient } from '../../daemon/recorder/client.ts';
import type { LockInfo } from '../../daemon/terraform/state.ts';
import { openLogHarness, type LogHarness } from '../support/log-harness.ts';

export const STEPS = ['stage', 'observe', 'publish', 'putLock', 'removeLock', 'retire', 'discard', 'cursor'] as const;
export type Step = (typeof STEPS)[number];
/** 'killed after': the work is done, nobody hears of it. */
export type Fault = 'fails' | 'fails after' | 'killed before' | 'killed after';

export interface Keeping {
  readonly log: LogHarness;
  readonly folder: string;
  readonly storage: BackendStorage;
  state: KeptState;
  /** The next call of this step, and no other one. */
  arm(step: Step, fault: Fault, occurrence?: number): void;
  disarm(): void;
  /** Steps called since the last `arm` or `disarm`. */
  readonly calls: readonly Step[];
  /** Resolves when an armed kill is reached. */
  readonly killed: Promise<void>;
  /** From now on the recorder takes what it is given and does not answer; returns what lets it. */
  silence(): () => void;
  /** What a kill and a start leave: nothing in memory. */
  restart(): void;
  records(
    ...types: readonly string[]
  ): readonly { readonly type: string; readonly data: Readonly<Record<string, unknown>> }[];
  close(): void;
}

interface Armed {
  readonly step: Step;
  readonly fault: Fault;
  left: number;
}

const MAX_BYTES = 1 << 20;

export async function openKeeping(patienceMs = 5_000): Promise<Keeping> {
  const log = openLogHarness();
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-kept-'));
  const directory = await openDirectoryStorage(folder, MAX_BYTES);
  let armed: Armed | undefined;
  let calls: Step[] = [];
  let tellKilled: () => void = () => undefined;
  let killed = new Promise<void>((resolve) => (tellKilled = resolve));

  let isSilent = Promise.resolve();

  const through = async <T>(step: Step, run: () => Promise<T>): Promise<T> => {
    calls.push(step);
    if (armed?.step !== step || (armed.left -= 1) > 0) return run();
    const { fault } = armed;
    armed = undefined;
    if (fault === 'fails') throw broken();
    if (fault !== 'killed before') await run();
    if (fault === 'fails after') throw broken();
    tellKilled();
    return new Promise<T>(() => undefined);
  };
  const guard = <T extends object>(target: T): T =>
    new Proxy(target, {
      get: (object, name) => {
        const value: unknown = Reflect.get(object, name);
        if (typeof value !== 'function') return value;
        const call = value as (...args: unknown[]) => Promise<unknown>;
        const step = STEPS.find((known) => known === name);
        return (...args: unknown[]) => (step === undefined ? call(...args) : through(step, () => call(...args)));
      },
    });
  const storage = guard(directory);
  const answering: RecorderClient = {
    cursor: (...args: Parameters<RecorderClient['cursor']>) => log.client.cursor(...args),
    states: () => log.client.states(),
    refuse: (...args: Parameters<RecorderClient['refuse']>) => log.client.refuse(...args),
    observe: async (...args: Parameters<RecorderClient['observe']>) => {
      await isSilent;
      return log.client.observe(...args);
    },
  } as RecorderClient;
  const recorder = guard(answering);
  const open = (): KeptState =>
    createKeptState({
      name: 'network',
      storage,
      recorder,
      now: () => log.clock.ms,
      patienceMs: () => patienceMs,
      onOutcome: () => undefined,
    });
  const keeping: Keeping = {
    log,
    folder,
    storage: directory,
    state: open(),
    arm(step, fault, occurrence = 1) {
      calls = [];
      armed = { step, fault, left: occurrence };
      killed = new Promise((resolve) => (tellKilled = resolve));
    },
    disarm() {
      calls = [];
      armed = undefined;
    },
    get calls() {
      return calls;
    },
    get killed() {
      return killed;
    },
    silence() {
      let answer: () => void = () => undefined;
      isSilent = new Promise((resolve) => (answer = resolve));
      return answer;
    },
    restart() {
      log.crash();
      keeping.state = open();
    },
    records(...types) {
      return log.read(({ queries }) => {
        const all = Array.from({ length: queries.size() }, (_, index) => queries.readRecord(index)?.record);
        return all.flatMap((record) => (record && types.includes(record.type) ? [record] : []));
      });
    },
    close() {
      log.close();
      rmSync(folder, { recursive: true });
    },
  };
  return keeping;
}

export const BY: readonly Claim[] = [{ field: 'credential', value: 'backend:ci', known: 'verified', by: 'backend' }];
const OF_VERSIONS = ['state.baselined', 'state.changed', 'state.unchanged', 'resource.changed'];

/** Serials of every version the log knows of. */
export function recordedSerials(keeping: Pick<Keeping, 'records'>): ReadonlySet<number> {
  const versions = keeping.records(...OF_VERSIONS).map(({ data }) => data['version'] as { readonly serial: string });
  return new Set(versions.map(({ serial }) => Number(serial)));
}

export function lockInfo(id: string, operation = 'OperationTypeApply'): LockInfo {
  return { id, operation, info: '', who: 'mona@ci', version: '1.11.4', created: '2026-06-23T14:00:00Z', path: '' };
}

export function stateBytes(serial: number, value = `value ${serial}`, lineage = 'lineage-1'): Uint8Array {
  const attributes = { id: 'i', input: { value, type: 'string' }, output: { value, type: 'string' } };
  const instance = { schema_version: 0, attributes, sensitive_attributes: [] };
  const provider = 'provider["terraform.io/builtin/terraform"]';
  const resource = { mode: 'managed', type: 'terraform_data', name: 'a', provider, instances: [instance] };
  const state = { version: 4, terraform_version: '1.11.4', serial, lineage, outputs: {}, resources: [resource] };
  return new TextEncoder().encode(`${JSON.stringify({ ...state, check_results: null })}\n`);
}

export function serialOf(bytes: Uint8Array | undefined): number | undefined {
  if (bytes === undefined) return undefined;
  return (JSON.parse(Buffer.from(bytes).toString()) as { serial: number }).serial;
}

function broken(): StoreError {
  return new StoreError('store-write-failed', 'expected a disk, got none', { hint: 'a test' });
}
