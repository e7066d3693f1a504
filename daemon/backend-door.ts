// Opens the state backend for a daemon: storage, states, credentials, socket. The place that knows them all.
import { createHandler, type Refusal } from './backend/handler.ts';
import { createKeptState, type KeptState } from './backend/kept-state.ts';
import { checkLogin, listCredentials } from './backend/credentials.ts';
import { openDirectoryStorage } from './backend/directory-storage.ts';
import { listenBackend } from './backend/listen.ts';
import { createS3Storage } from './backend/s3-storage.ts';
import type { BackendStorage } from './backend/storage.ts';
import { createCloseStack } from './close-stack.ts';
import type { BackendConfig, BackendState } from './config-backend.ts';
import type { Config } from './config.ts';
import type { RecorderClient } from './recorder/client.ts';
import type { Outcome } from './recorder/parts.ts';

export interface BackendDoorParts {
  readonly config: Config;
  readonly recorder: RecorderClient;
  readonly onOutcome: (outcome: Outcome) => void;
  readonly onFailure: (error: unknown) => void;
}

export interface BackendStatus {
  readonly url: string;
  readonly states: number;
  readonly storage: readonly string[];
  /** States that have no credential: every request for them is refused. */
  readonly closed: readonly string[];
  /** Requests refused since the start, by reason. */
  readonly refused: Readonly<Record<Refusal, number>>;
}

export interface BackendDoor {
  status(): Promise<BackendStatus>;
  /** Takes no new request, answers those under way. */
  close(): Promise<void>;
}

/** Patience with the recorder: for any request, and for each MiB of a state on top. */
const PATIENCE_MS = 10_000;
const PATIENCE_PER_MIB_MS = 250;
const MIB = 1024 * 1024;
const IDLE_MS = 30_000;
const REQUEST_MS = 300_000;

/** undefined when no backend is configured. Throws ConfigError where it cannot listen. */
export async function openBackendDoor(parts: BackendDoorParts): Promise<BackendDoor | undefined> {
  const { config, onFailure } = parts;
  const { backend } = config;
  if (backend === undefined) return undefined;
  const open = createCloseStack();
  try {
    const storages = await openStorages(backend, config.maxFileBytes);
    for (const storage of storages.values()) open.add(() => storage.close());
    const states = createStates(backend, storages, parts);
    // Before anything is answered: what a crash cut is finished, and what stands there is recorded.
    for (const state of states.values()) await state.recover().catch(onFailure);
    const refused = { unauthorized: 0, forbidden: 0, locked: 0, malformed: 0, failed: 0 };
    const handler = createHandler({
      states,
      maxBodyBytes: config.maxFileBytes,
      idleMs: IDLE_MS,
      check: (state, login) => checkLogin(config.dataDir, state, login),
      onFailure,
      onRefusal: (why) => void (refused[why] += 1),
    });
    const listener = await listenBackend(handler, { ...backend, requestMs: REQUEST_MS });
    open.add(() => listener.close());
    return {
      status: () => readStatus(config, backend, { url: listener.url, storages, refused }),
      close: () => open.close(),
    };
  } catch (error) {
    await open.close().catch(() => undefined);
    throw error;
  }
}

async function openStorages(
  { states, s3 }: BackendConfig,
  maxBytes: number,
): Promise<ReadonlyMap<string, BackendStorage>> {
  const storages = new Map<string, BackendStorage>();
  for (const { storage } of states) {
    const key = keyOf(storage);
    if (storages.has(key)) continue;
    const opened =
      storage.kind === 'directory'
        ? await openDirectoryStorage(storage.path, maxBytes)
        : createS3Storage({ ...s3, bucket: storage.bucket, prefix: storage.prefix }, maxBytes);
    storages.set(key, opened);
  }
  return storages;
}

function keyOf(storage: BackendState['storage']): string {
  return JSON.stringify(storage);
}

function createStates(
  { states }: BackendConfig,
  storages: ReadonlyMap<string, BackendStorage>,
  { recorder, onOutcome }: BackendDoorParts,
): ReadonlyMap<string, KeptState> {
  return new Map(
    states.flatMap(({ name, storage: location }) => {
      const storage = storages.get(keyOf(location));
      if (storage === undefined) return [];
      const patienceMs = (bytes: number): number => PATIENCE_MS + (bytes / MIB) * PATIENCE_PER_MIB_MS;
      return [[name, createKeptState({ name, storage, recorder, now: () => Date.now(), patienceMs, onOutcome })]];
    }),
  );
}

async function readStatus(
  config: Config,
  { states }: BackendConfig,
  live: {
    readonly url: string;
    readonly storages: ReadonlyMap<string, BackendStorage>;
    readonly refused: BackendStatus['refused'];
  },
): Promise<BackendStatus> {
  const withCredential = new Set((await listCredentials(config.dataDir)).map(({ state }) => state));
  return {
    url: live.url,
    states: states.length,
    storage: [...live.storages.values()].map(({ location }) => location),
    closed: states.map(({ name }) => name).filter((name) => !withCredential.has(name)),
    refused: { ...live.refused },
  };
}
