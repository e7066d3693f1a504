// Opens the API in a thread of its own, or says why it stays closed: recording goes on without it.
import { Worker } from 'node:worker_threads';
import { API_METHODS, type ApiInput, type ApiMethods, type ApiOwner } from './api-calls.ts';
import type { Config } from './config.ts';
import { StoreError, describeForeign } from './errors.ts';
import { connectPeer } from './thread-peer.ts';

export interface Door {
  /** Without a slash at the end: http://127.0.0.1:7373 */
  readonly url: string;
  /** The address of a new browser session, good once and for a minute. */
  openUrl(): Promise<string>;
  close(): Promise<void>;
}

export type DoorOwner = Omit<ApiOwner, 'failed'>;

/** More than an export needs by far; beyond it this thread ends, not the recorder. */
const MAX_HEAP_MB = 512;

/** undefined when HTTP is off or the API cannot open; `onFailure` hears of the latter, and of what fails later. */
export async function openDoor(
  config: Pick<Config, 'dataDir' | 'http'>,
  owner: DoorOwner,
  onFailure: (error: unknown) => void,
): Promise<Door | undefined> {
  if (config.http === undefined) return undefined;
  const input: ApiInput = { dataDir: config.dataDir, http: config.http };
  const file = import.meta.url.endsWith('.ts') ? './api-worker.ts' : './api-worker.js';
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData: input,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MB },
  });
  let isOwnersWish = false;
  const own = { ...owner, failed: (description: string) => onFailure(failed(description)) };
  const peer = connectPeer<ApiMethods>(worker, () => own, API_METHODS);
  const end = (reason: string): void => {
    const error = stopped(reason);
    peer.end(error);
    if (!isOwnersWish) onFailure(error);
    isOwnersWish = true;
  };
  worker.on('error', (error) => end(describeForeign(error)));
  worker.on('exit', (code) => end(`exit code ${code}`));
  const close = async (): Promise<void> => {
    if (isOwnersWish) return;
    await peer.remote.close();
    isOwnersWish = true;
    await worker.terminate();
  };
  try {
    const { url } = await peer.remote.start();
    return { url, close, openUrl: async () => `${url}/session?code=${await peer.remote.mint()}` };
  } catch (error) {
    await close().catch(() => undefined);
    onFailure(error);
    return undefined;
  }
}

function failed(description: string): StoreError {
  return new StoreError('api-failed', `an answer of the API failed: ${description}`, {
    hint: 'recording goes on; report this with the lines around it',
  });
}

/** `reason` is a class of error or an exit code. */
function stopped(reason: string): StoreError {
  return new StoreError('api-stopped', `the thread of the API ended: ${reason}`, {
    hint: 'recording goes on without it; restart the recorder to have it again',
  });
}
