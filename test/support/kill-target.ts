// The process that is killed: the real recorder and sealer on a database and an archive (a directory, or a store that
// may fail), through a seeded script of versions. Says on standard output what it is about to do, has done and was told;
// can stop at a named step.
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Archive } from '../../daemon/archive/archive.ts';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import type { S3ArchiveOptions } from '../../daemon/s3/s3-options.ts';
import { openS3Archive } from '../../daemon/archive/s3.ts';
import { parseObjectKey } from '../../daemon/merkle/object-key.ts';
import { createPolicy } from '../../daemon/redaction/allow-list.ts';
import type { RecorderClient } from '../../daemon/recorder/client.ts';
import { openRecorderMethods, type RecorderMethods } from '../../daemon/recorder/methods.ts';
import { ArchiveError } from '../../daemon/errors.ts';
import { createSealer, type Sealer } from '../../daemon/sealer/sealer.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { createSealView } from '../../daemon/store/seal-view.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { ORIGIN, plainRecord, testInput, testSigner, testVerifier } from './log-harness.ts';
import { createLogScript, SCRIPT_CONTEXT, SCRIPT_URI } from './log-script.ts';

export interface KillOrder {
  readonly folder: string;
  readonly seed: number;
  /** The first version to look at: the newest one whose observation has begun. */
  readonly serial: number;
  /** Its note was begun already: it is not written again. */
  readonly isNoted: boolean;
  /** How often the log was opened before: time goes on from one process to the next. */
  readonly generation: number;
  /** Ends by itself after this version, everything sealed; 0 = never. */
  readonly lastSerial: number;
  /** Stop there: say so and wait ('after'), or say so and go on ('during'), to be killed. */
  readonly stop: { readonly label: string; readonly occurrence: number; readonly mode: 'after' | 'during' } | undefined;
  /** Seals there; absent: to the folder `archive` beside the database. */
  readonly s3?: S3ArchiveOptions;
}

const LIMITS = { maxRecords: 7, maxBytes: 1 << 20 };
const SEAL_EVERY = 2;
const RETENTION = { mode: 'GOVERNANCE', days: 30 } as const;
/** A seal that fails is tried again; in between the log goes on. A store that fails more often ends the test. */
const SEAL_TRIES = 2;
const LAST_SEAL_TRIES = 40;

const order = JSON.parse(process.argv[2] ?? '') as KillOrder;
const clock = { ms: 0 };
let hits = 0;

function say(...words: readonly (string | number)[]): void {
  writeSync(1, `${words.join(' ')}\n`);
}

/** One durable step, announced before and after. */
async function step<T>(label: string, run: () => T | Promise<T>, tell: (result: T) => string = () => ''): Promise<T> {
  if (order.stop?.label === label) hits += 1;
  const isHere = order.stop?.label === label && hits === order.stop.occurrence;
  say('about', label);
  if (isHere && order.stop?.mode === 'during') say('stop');
  const result = await run();
  say('did', label, tell(result));
  // Where a store may fail, the first that succeeds from there on.
  const isBehind = order.stop?.label === label && hits >= order.stop.occurrence;
  if (isBehind && order.stop?.mode === 'after') {
    say('stop');
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  }
  return result;
}

function open(): RecorderMethods {
  const { settings, keys, policy } = testInput(join(order.folder, 'log.sqlite'), LIMITS);
  return openRecorderMethods(
    settings,
    { keys, policy: createPolicy(policy), signer: testSigner },
    { now: () => clock.ms, boot: { id: `boot-${order.generation}`, ms: () => clock.ms % 1e9 } },
  );
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function announced(methods: RecorderMethods, manifestOf: (prev: number) => string) {
  const recorder: Pick<RecorderClient, 'append' | 'freeze' | 'signCheckpoint' | 'setPhase' | 'publish' | 'resend'> = {
    append: (records) => step('append', () => methods.append(records)),
    freeze: () => step('freeze', () => methods.freeze()),
    signCheckpoint: (prev) =>
      step(
        'signCheckpoint',
        () => methods.signCheckpoint(prev),
        (note) => `${prev} ${sha256(note + manifestOf(prev))}`,
      ),
    setPhase: (prev, phase) => step(`setPhase-${phase}`, () => methods.setPhase(prev, phase)),
    publish: (prev, receipts) => step('publish', () => methods.publish(prev, receipts)),
    resend: () => step('resend', () => methods.resend()),
  };
  return recorder;
}

function announcedArchive(archive: Archive): Archive {
  return {
    location: archive.location,
    isWriteOnce: archive.isWriteOnce,
    get clockSkewMs() {
      return archive.clockSkewMs;
    },
    put: (key, body, digest, retention) =>
      step(`put-${parseObjectKey(key).kind}`, () => archive.put(key, body, digest, retention)),
    versions: (key) => archive.versions(key),
    get: (key, versionId, maxBytes) => archive.get(key, versionId, maxBytes),
    list: (prefix) => archive.list(prefix),
    readLock: (key, versionId) => archive.readLock(key, versionId),
    close: () => archive.close(),
  };
}

function openArchive(): Promise<Archive> {
  return order.s3 === undefined ? openDirectoryArchive(join(order.folder, 'archive')) : openS3Archive(order.s3);
}

/** A directory fails no seal; from a store, the failure was told as a problem, and the log goes on. */
async function sealWith(sealer: Sealer, tries: number): Promise<boolean> {
  for (let failures = 0; failures < tries; failures += 1) {
    try {
      await sealer.seal();
      return true;
    } catch (error) {
      if (order.s3 === undefined || !(error instanceof ArchiveError)) throw error;
    }
  }
  return false;
}

async function run(): Promise<void> {
  const methods = await step('open', open);
  const database = openDatabaseReadOnly(join(order.folder, 'log.sqlite'));
  const batches = createBatches(database);
  const recorder = announced(methods, (prev) => batches.at(prev)?.manifest ?? '');
  const retention = order.s3 === undefined ? undefined : RETENTION;
  const sealer = createSealer({
    openArchive: async () => announcedArchive(await openArchive()),
    recorder,
    ...createSealView(database),
    verifiers: [testVerifier],
    origin: ORIGIN,
    policy: { maxAgeMs: 1, ...LIMITS, idleMs: 1, structure: retention, content: retention },
    now: () => clock.ms,
    random: () => 0.5,
    onSealed: () => undefined,
    onProblem: (problem) => say('problem', problem.code),
  });
  const script = createLogScript(order.seed);
  for (let serial = order.serial; order.lastSerial === 0 || serial <= order.lastSerial; serial += 1) {
    clock.ms = Date.UTC(2026, 5, 23) + order.generation * 3_600_000 + serial * 20_000;
    say('begin', 'observe', serial);
    const sighting = script.sighting(serial, methods.cursor(SCRIPT_URI));
    await step('observe', () => methods.observe(sighting, SCRIPT_CONTEXT));
    say('end');
    clock.ms += 11_000;
    say('begin', 'tick', serial);
    await step('tick', () => methods.tick());
    say('end');
    if (serial !== order.serial || !order.isNoted) {
      say('begin', 'note', serial);
      await recorder.append([plainRecord(serial)]);
      say('end');
    }
    if (serial % SEAL_EVERY === 0) await sealWith(sealer, SEAL_TRIES);
  }
  if (!(await sealWith(sealer, LAST_SEAL_TRIES))) throw new Error('expected to seal at last');
  await sealer.close();
  database.close();
  methods.close();
  say('finished');
}

await run();
