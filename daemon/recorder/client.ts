// The main thread's end of the worker: every recorder method as a promise. The main thread never waits for SQLite.
// A worker that ends by itself fails what waits, everything asked later, and tells its owner once: never a silent hang.
import { Worker } from 'node:worker_threads';
import { StoreError, describeForeign } from '../errors.ts';
import type { RecorderMethods } from './methods.ts';
import { createCalls, type Remote } from './wire.ts';
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
  const {
    remote,
    settle,
    wait,
    end: failAll,
  } = createCalls<RecorderMethods>(METHODS, (call) => worker.postMessage(call));
  let hasEnded = false;
  let isOwnersWish = false;
  const end = (reason: string): void => {
    if (hasEnded) return;
    hasEnded = true;
    const error = stopped(reason);
    failAll(error);
    if (!isOwnersWish) onDeath(error);
  };
  const ready = wait(0);
  worker.on('message', settle);
  worker.on('error', (error) => end(describeForeign(error)));
  worker.on('exit', (code) => end(`exit code ${code}`));
  try {
    await ready;
  } catch (error) {
    isOwnersWish = true;
    throw error;
  }
  return {
    ...remote,
    close() {
      isOwnersWish = true;
      return hasEnded ? Promise.resolve() : remote.close();
    },
  };
}

/** `reason` is a class of error or an exit code: a foreign error's own text may quote a state. */
function stopped(reason: string): StoreError {
  return new StoreError('recorder-stopped', `the recorder thread ended: ${reason}`, {
    hint: 'what was recorded is safe: start again (the service does); ERR_WORKER_OUT_OF_MEMORY asks for more memory',
  });
}
