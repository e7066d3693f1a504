// What the control socket of a running recorder offers to the command line.
import type { BackendDoor } from './backend-door.ts';
import type { ControlHandlers } from './control.ts';
import type { Door } from './door.ts';
import { ConfigError } from './errors.ts';
import type { ImportJobs } from './import-jobs.ts';
import type { Ingest } from './ingest.ts';
import type { Journal } from './journal.ts';
import type { RecorderClient } from './recorder/client.ts';
import type { Intake } from './recorder/intake.ts';
import type { Sealer } from './sealer/sealer.ts';
import type { Batches } from './store/batches.ts';
import type { Entries } from './store/entries.ts';

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
  readonly door: Door | undefined;
}

const EMPTY = new Uint8Array();

export function createHandlers(parts: HandlerParts): ControlHandlers {
  const { backend, sealer, intake, journal, recorder, batches, entries, ingest, imports, door } = parts;
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
      if (door === undefined) throw closed();
      return { url: await door.openUrl() };
    },
  };
}

function closed(): ConfigError {
  return new ConfigError('api-closed', 'expected a recorder with an open API, got one where it is closed', {
    hint: 'it is off (--http off), or could not open: the log of the recorder says why',
  });
}
