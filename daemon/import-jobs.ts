// Imports inside a running daemon, one at a time: asked for and asked about through the control socket, whose answers are
// single lines. The import goes on when whoever asked for it goes away.
import { ConfigError, StatesealError, describeForeign } from './errors.ts';
import type { ImportProgress } from './history-import.ts';
import type { SourceSettings } from './config-sources.ts';

export interface ImportRequest {
  /** s3://bucket/prefix, or the absolute path of a directory. */
  readonly place: string;
  /** Milliseconds since the epoch; undefined: from the oldest version on. */
  readonly sinceMs: number | undefined;
  readonly settings: SourceSettings;
}

export interface ImportState {
  readonly isRunning: boolean;
  readonly progress: ImportProgress | undefined;
  readonly error?: { readonly code: string; readonly message: string; readonly hint: string };
}

export type RunImport = (
  request: ImportRequest,
  onProgress: (progress: ImportProgress) => void,
  isStopped: () => boolean,
) => Promise<ImportProgress>;

export interface ImportJobs {
  /** Begins an import, or with `ask` tells of the one that runs or ran last. Throws ConfigError. */
  handle(payload: Readonly<Record<string, unknown>>): Promise<ImportState>;
  /** Stops between two versions, and waits for that. */
  close(): Promise<void>;
}

export function createImportJobs(run: RunImport): ImportJobs {
  let state: ImportState = { isRunning: false, progress: undefined };
  let running: Promise<void> = Promise.resolve();
  let isStopped = false;

  const begin = async (request: ImportRequest): Promise<void> => {
    const onProgress = (progress: ImportProgress): void => {
      state = { isRunning: true, progress };
    };
    try {
      state = { isRunning: false, progress: await run(request, onProgress, () => isStopped) };
    } catch (error) {
      state = { isRunning: false, progress: state.progress, error: toAnswer(error) };
    }
  };

  return {
    handle(payload) {
      if (payload['ask'] === true) return Promise.resolve(state);
      if (state.isRunning) return Promise.reject(busy());
      const request = parseRequest(payload);
      state = { isRunning: true, progress: undefined };
      running = begin(request);
      return Promise.resolve(state);
    },
    async close() {
      isStopped = true;
      await running;
    },
  };
}

function parseRequest({ place, sinceMs, settings }: Readonly<Record<string, unknown>>): ImportRequest {
  if (typeof place !== 'string' || place === '') throw invalid();
  if (sinceMs !== undefined && (typeof sinceMs !== 'number' || !Number.isFinite(sinceMs))) throw invalid();
  const given = typeof settings === 'object' && settings !== null ? settings : {};
  const text = (name: string): string | undefined => {
    const value: unknown = Reflect.get(given, name);
    return typeof value === 'string' ? value : undefined;
  };
  const found = (['endpoint', 'region', 'profile'] as const).map((name) => [name, text(name)] as const);
  return { place, sinceMs, settings: Object.fromEntries(found.filter(([, value]) => value !== undefined)) };
}

function toAnswer(error: unknown): NonNullable<ImportState['error']> {
  if (error instanceof StatesealError) return { code: error.code, message: error.message, hint: error.hint };
  return { code: 'unexpected', message: describeForeign(error), hint: 'report this with the lines around it' };
}

function invalid(): ConfigError {
  return new ConfigError('import-invalid', 'expected a place to import from, got something else', {
    hint: 'see: stateseal import --help',
  });
}

function busy(): ConfigError {
  return new ConfigError('import-busy', 'expected no import under way, got another one', {
    hint: 'stateseal import again when it has finished: it runs in the daemon',
  });
}
