// What the control socket of a running recorder offers to the command line.
import type { BackendDoor } from './backend-door.ts';
import type { ControlHandlers } from './control.ts';
import type { ImportJobs } from './import-jobs.ts';
import type { Ingest } from './ingest.ts';
import type { Journal } from './journal.ts';
import type { RecorderClient } from './recorder/client.ts';
import type { Intake } from './recorder/intake.ts';
import type { Sealer } from './sealer/sealer.ts';
import type { Batches } from './store/batches.ts';
import type { Entries } from './store/entries.ts';
import { ConfigError } from './errors.ts';
import type { DoorOwner } from './door.ts';

export interface HandlerParts {
  readonly backend: BackendDoor | undefined;
  readonly batches: Batches;
  readonly entries: Entries;
  readonly sealer: Sealer;
  readonly intake: Intake;
  readonly journal: Journal;
  readonly recorder: Pick<RecorderClient, 'locks'>;
  readonly ingest: Ingest;
  readonly imports: ImportJobs;
  /** undefined where the API is closed. */
  readonly openUrl: () => Promise<string> | undefined;
}

const EMPTY = new Uint8Array();

export function createHandlers(parts: HandlerParts): ControlHandlers {
  const { backend, sealer, intake, journal, recorder, batches, entries, ingest, imports, openUrl } = parts;
  return {
    seal: async () => {
      await sealer.seal();
      return { size: batches.frozenSize() };
    },
    look: async () => {
      await intake.lookAtAll();
      return {};
    },
    import: (payload) => imports.handle(payload),
    note: async (payload) => {
      const lineAt = (leafIndex: number): Uint8Array => entries.read(leafIndex)?.line ?? EMPTY;
      return { leafIndex: await journal.note(payload, { size: entries.size(), lineAt }) };
    },
    status: async () => ({
      pid: process.pid,
      sealer: sealer.status(),
      holds: await recorder.locks(),
      spool: ingest.status(),
      backend: await backend?.status(),
    }),
    open: async () => {
      const url = await openUrl();
      if (url === undefined) throw closed();
      return { url };
    },
  };
}

/** What the thread of the API may ask for. */
export function toDoorOwner(handlers: ControlHandlers, journal: Journal): DoorOwner {
  return {
    status: () => handlers.status({}),
    seal: async () => (await handlers.seal({})) as { readonly size: number },
    accessed: (entries) => journal.accessed(entries),
  };
}

function closed(): ConfigError {
  return new ConfigError('api-closed', 'expected a recorder with an open API, got one where it is closed', {
    hint: 'it is off (--http off), or could not open: the log of the recorder says why',
  });
}
