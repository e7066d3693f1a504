// The main thread's end of the worker: every recorder method as a promise. The main thread never waits for SQLite.
// A worker that ends by itself fails what waits, everything asked later, and tells its owner once: never a silent hang.
import { Worker } from 'node:worker_threads';
import { StoreError, describeForeign } from '../errors.ts';
import type { RecorderMethods } from './methods.ts';
import { fromWireError, type Answer, type Remote } from './wire.ts';
import type { WorkerInput } from './worker.ts';

export type RecorderClient = Remote<RecorderMethods>;

const METHODS = [
  'observe',
  'refuse',
  'tick',
  'append',
  'ingest',
  'observePlan',
  'plansIn',
  'cursor',
  'states',
  'locks',
  'freeze',
  'signCheckpoint',
  'setPhase',
  'publish',
  'resend',
  'close',
] as const satisfies readonly (keyof RecorderMethods)[];

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Starts the worker and waits until the database is open. Throws what opening it throws. `onDeath` hears once of a
 * worker that ended without being closed; every call then fails with StoreError `recorder-stopped`, except `close`.
 */
export async function openRecorderClient(
  input: WorkerInput,
  onDeath: (error: StoreError) => void,
): Promise<RecorderClient> {
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: input });
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  let ended: StoreError | undefined;
  let isOwnersWish = false;
  const end = (reason: string): void => {
    if (ended !== undefined) return;
    ended = stopped(reason);
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
    if (!isOwnersWish) onDeath(ended);
  };
  const ready = new Promise<unknown>((resolve, reject) => waiting.set(0, { resolve, reject }));
  worker.on('message', (answer: Answer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) call?.reject(fromWireError(answer.error));
    else call?.resolve(answer.result);
  });
  worker.on('error', (error) => end(describeForeign(error)));
  worker.on('exit', (code) => end(`exit code ${code}`));
  try {
    await ready;
  } catch (error) {
    isOwnersWish = true;
    throw error;
  }

  const call = (method: keyof RecorderMethods, args: readonly unknown[]): Promise<unknown> => {
    if (method === 'close') isOwnersWish = true;
    if (ended !== undefined) return method === 'close' ? Promise.resolve() : Promise.reject(ended);
    lastId += 1;
    const id = lastId;
    return new Promise((resolve, reject) => {
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, method, args });
    });
  };
  return Object.fromEntries(
    METHODS.map((method) => [method, (...args: unknown[]) => call(method, args)]),
  ) as unknown as RecorderClient;
}

/** `reason` is a class of error or an exit code: a foreign error's own text may quote a state. */
function stopped(reason: string): StoreError {
  return new StoreError('recorder-stopped', `the recorder thread ended: ${reason}`, {
    hint: 'what was recorded is safe: start again (the service does); ERR_WORKER_OUT_OF_MEMORY asks for more memory',
  });
}
