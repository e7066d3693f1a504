// The real sealer on the log of a harness and on any archive, with a policy that tests share.
import type { Archive, Retention } from '../../daemon/archive/archive.ts';
import { createSealer, type Sealer, type SealerParts } from '../../daemon/sealer/sealer.ts';
import type { Sqlite } from '../../daemon/store/database.ts';
import { createSealView } from '../../daemon/store/seal-view.ts';
import { ORIGIN, testVerifier, type LogHarness } from './log-harness.ts';

export interface SealerChoices extends Partial<Pick<SealerParts, 'recorder' | 'random' | 'onSealed' | 'onProblem'>> {
  readonly retention?: Retention;
  readonly maxRecords?: number;
}

/** `database` is the log's, opened for reading; the archive stands at the log's own folder. */
export function openSealerOn(
  log: LogHarness,
  database: Sqlite,
  archive: Archive,
  { retention, maxRecords = 4096, ...choices }: SealerChoices = {},
): Sealer {
  return createSealer({
    openArchive: () => Promise.resolve(archive),
    recorder: log.client,
    ...createSealView(database),
    verifiers: [testVerifier],
    origin: ORIGIN,
    policy: {
      maxAgeMs: 60_000,
      maxRecords,
      maxBytes: 4 * 1024 * 1024,
      idleMs: 3_600_000,
      structure: retention,
      content: retention,
    },
    now: () => log.clock.ms,
    random: () => 0.5,
    onSealed: () => undefined,
    onProblem: () => undefined,
    ...choices,
  });
}
