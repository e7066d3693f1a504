// The worker thread: receives calls, runs them one after the other, answers each. Owns the only SQLite writer.
import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import { randomUUID } from 'node:crypto';
import { parentPort, workerData } from 'node:worker_threads';
import { createPolicy, type PolicyOptions } from '../redaction/allow-list.ts';
import type { RedactionKeys } from '../redaction/keys.ts';
import { createEd25519Signer } from '../merkle/note.ts';
import { openRecorderMethods, type RecorderMethods, type RecorderSettings } from './methods.ts';
import { toWireError, type Call } from './wire.ts';

export interface WorkerInput {
  readonly settings: RecorderSettings;
  readonly keys: RedactionKeys;
  readonly policy: PolicyOptions;
  readonly origin: string;
  readonly seed: Uint8Array;
}

function start(input: WorkerInput): void {
  const methods = openRecorderMethods(
    input.settings,
    {
      keys: input.keys,
      policy: createPolicy(input.policy),
      signer: createEd25519Signer(input.origin, input.seed),
    },
    { now: () => Date.now(), boot: { id: bootId(), ms: () => uptime() * 1000 } },
  );
  parentPort?.on('message', (call: Call<RecorderMethods>) => {
    try {
      const run = methods as unknown as Record<string, (...args: readonly unknown[]) => unknown>;
      parentPort?.postMessage({ id: call.id, result: run[call.method]?.(...call.args) });
    } catch (error) {
      parentPort?.postMessage({ id: call.id, error: toWireError(error) });
    }
    if (call.method === 'close') parentPort?.close();
  });
}

function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    // Not Linux: a new id per start still orders what one process recorded.
    return randomUUID();
  }
}

try {
  start(workerData as WorkerInput);
  parentPort?.postMessage({ id: 0, result: 'ready' });
} catch (error) {
  parentPort?.postMessage({ id: 0, error: toWireError(error) });
}
