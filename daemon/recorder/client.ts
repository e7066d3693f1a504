// The main thread's end of the worker: every recorder method as a promise. The main thread never waits for SQLite.
import { Worker } from 'node:worker_threads';
import { StoreError } from '../errors.ts';
import type { RecorderMethods } from './methods.ts';
import { fromWireError, type Answer, type Remote } from './wire.ts';
import type { WorkerInput } from './worker.ts';

export type RecorderClient = Remote<RecorderMethods>;

const METHODS = [
  'observe',
  'tick',
  'append',
  'cursor',
  'states',
  'freeze',
  'signCheckpoint',
  'setPhase',
  'close',
] as const satisfies readonly (keyof RecorderMethods)[];

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Starts the worker and waits until the database is open. Throws what opening it throws. */
export async function openRecorderClient(input: WorkerInput): Promise<RecorderClient> {
  const file = import.meta.url.endsWith('.ts') ? './worker.ts' : './worker.js';
  const worker = new Worker(new URL(file, import.meta.url), { workerData: input });
  const waiting = new Map<number, Waiting>();
  let lastId = 0;
  const failAll = (error: Error): void => {
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  const ready = new Promise<unknown>((resolve, reject) => waiting.set(0, { resolve, reject }));
  worker.on('message', (answer: Answer) => {
    const call = waiting.get(answer.id);
    waiting.delete(answer.id);
    if ('error' in answer) call?.reject(fromWireError(answer.error));
    else call?.resolve(answer.result);
  });
  worker.on('error', () => failAll(stopped()));
  worker.on('exit', () => failAll(stopped()));
  await ready;

  const call = (method: keyof RecorderMethods, args: readonly unknown[]): Promise<unknown> => {
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

function stopped(): Error {
  return new StoreError('recorder-stopped', 'the recorder thread ended', {
    hint: 'look at the log lines before this one; the service restarts it',
  });
}
