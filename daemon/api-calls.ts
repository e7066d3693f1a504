// What the main thread and the thread of the API offer to each other.
import type { Config } from './config.ts';
import type { Accessed } from './http/access-journal.ts';

export interface ApiInput {
  readonly dataDir: string;
  readonly http: NonNullable<Config['http']>;
}

/** What the main thread offers to this one. */
export interface ApiOwner {
  accessed(entries: readonly Accessed[]): Promise<void>;
  failed(description: string): void;
}

/** What this thread offers to the main one. */
export interface ApiMethods {
  /** Opens the sockets; throws what listenHttp throws. */
  start(): Promise<{ readonly url: string }>;
  /** A one-time code for a browser session of the owner of the data directory. */
  mint(): string;
  close(): Promise<void>;
}

export const API_METHODS = ['start', 'mint', 'close'] as const satisfies readonly (keyof ApiMethods)[];
export const OWNER_METHODS = ['accessed', 'failed'] as const satisfies readonly (keyof ApiOwner)[];
