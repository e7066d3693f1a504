// The spool as `watch` runs it: its directory and key, a look each second, losses as records. States are recorded
// without it: what goes wrong here is told once, and tried again.
import type { Config } from './config.ts';
import type { StatesealError } from './errors.ts';
import { openIngestSecret } from './keys.ts';
import type { RecorderClient } from './recorder/client.ts';
import { formatTime } from './recorder/environment.ts';
import type { Outcome } from './recorder/parts.ts';
import { openSpoolDirectory } from './spool/directory.ts';
import { createIngestKey } from './spool/ingest-key.ts';
import { contentOf } from './sources/plan-files.ts';
import { holdsKind } from './spool/parcel.ts';
import { createSpoolReader, type SpoolDelivery, type SpoolReader, type SpoolStatus } from './spool/reader.ts';

export interface IngestParts {
  readonly recorder: Pick<RecorderClient, 'append' | 'ingest' | 'observePlan' | 'plansIn'>;
  readonly origin: string;
  tell(outcome: Outcome): void;
  onFailure(error: unknown): void;
}

export interface Ingest {
  /** Looks at the spool now, unless it is being looked at. */
  tick(): void;
  status(): SpoolStatus;
  close(): Promise<void>;
}

const OPEN_EVERY_MS = 60_000;

/** Before the run that left them, so that a kill in between loses none: the box is taken in again. */
async function recordPlans(parts: IngestParts, delivery: SpoolDelivery): Promise<void> {
  const { recorder } = parts;
  if (!holdsKind(delivery.parcel, 'plan')) return;
  for (const { bytes, run, time } of await recorder.plansIn(delivery)) {
    const outcome = await recorder.observePlan({
      reference: `run:${run.id}`,
      sourceVersion: '',
      effectiveTime: time,
      timeBasis: 'run',
      bytes,
      ...(await contentOf(bytes)),
      ownerUid: undefined,
      run,
    });
    if (outcome.to > outcome.from) parts.tell(outcome);
  }
}

/** Never throws for the spool's sake. */
export async function openIngest(config: Config, parts: IngestParts): Promise<Ingest> {
  const key = await createIngestKey(await openIngestSecret(config.dataDir));
  let isOpen = false;
  let lastTryMs = Number.NEGATIVE_INFINITY;
  let lastProblem = '';
  let looking: Promise<void> | undefined;
  const tell = (error: unknown): void => {
    const { code = '' } = error as Partial<StatesealError>;
    // The same trouble every second is one problem.
    if (code !== lastProblem) parts.onFailure(error);
    lastProblem = code;
  };
  const reader: SpoolReader = createSpoolReader({
    directory: config.spool.directory,
    key,
    quotas: config.spool.quotas,
    now: () => Date.now(),
    ingest: async (delivery) => {
      await recordPlans(parts, delivery);
      const outcome = await parts.recorder.ingest(delivery);
      if (outcome.to > outcome.from) parts.tell(outcome);
    },
    recordLoss: async (type, { sinceMs, lost, more }) => {
      const moment = { source: 'spool', effectiveTime: '', timeBasis: 'clock' } as const;
      const data = { since: formatTime(sinceMs), lost, more };
      parts.tell(await parts.recorder.append([{ type, source: parts.origin, subject: parts.origin, moment, data }]));
    },
  });
  const openDirectory = async (): Promise<void> => {
    if (isOpen || Date.now() - lastTryMs < OPEN_EVERY_MS) return;
    lastTryMs = Date.now();
    await openSpoolDirectory(config.spool.directory, key.public);
    isOpen = true;
  };
  const look = async (): Promise<void> => {
    await openDirectory();
    if (!isOpen) return;
    await reader.look();
    lastProblem = '';
  };
  const tick = (): void => {
    looking ??= look()
      .catch(tell)
      .finally(() => (looking = undefined));
  };
  // Clients find the key from now on; what waits is read beside the sources, which wait for nobody.
  await openDirectory().catch(tell);
  tick();
  return {
    tick,
    status: () => reader.status(),
    async close() {
      await reader.close();
      await looking;
    },
  };
}
