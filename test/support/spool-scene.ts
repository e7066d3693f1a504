// A spool of a test: its directories and key, observations to leave in it, and boxes made by hand.
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunFinishedObservation, RunStartedObservation } from '../../daemon/record/run.ts';
import { uuidV7 } from '../../daemon/record/uuid.ts';
import { createIngestKey, formatIngestPub, type IngestKey } from '../../daemon/spool/ingest-key.ts';

const START_MS = Date.UTC(2026, 5, 1, 12);

/** Ids that are in order and the same in every run. */
export function testId(number: number): string {
  const random = Buffer.alloc(10);
  random.writeUInt32BE(number, 6);
  return uuidV7(START_MS + number, random);
}

export function testIngestKey(): Promise<IngestKey> {
  return createIngestKey(Buffer.alloc(32, 7));
}

/** Directories and public key as the daemon makes them for one account. */
export async function makeSpool(directory: string): Promise<IngestKey> {
  const key = await testIngestKey();
  for (const name of ['', 'tmp', 'new']) {
    await mkdir(join(directory, name), { recursive: true, mode: 0o700 });
    await chmod(join(directory, name), 0o700);
  }
  await writeFile(join(directory, 'ingest.pub'), formatIngestPub(key.public), { mode: 0o644 });
  return key;
}

export function runStarted(number: number, changes: Partial<RunStartedObservation> = {}): RunStartedObservation {
  return {
    ...runHead(number),
    kind: 'run.started',
    process: { pid: 4711, startTicks: '123456' },
    ...changes,
  };
}

export function runFinished(number: number, changes: Partial<RunFinishedObservation> = {}): RunFinishedObservation {
  return {
    ...runHead(number),
    kind: 'run.finished',
    exitCode: 0,
    signal: '',
    durationMs: 1000,
    startedAt: new Date(START_MS + number - 1000).toISOString(),
    ...changes,
  };
}

function runHead(number: number) {
  return {
    schema: 1,
    key: testId(number),
    time: new Date(START_MS + number).toISOString(),
    run: testId(1_000_000 + number),
    claims: [{ field: 'actor', value: 'github:alice', known: 'claimed', by: 'github' }],
    command: applyCommand(),
    toolVersion: '1.11.4',
    backend: { type: 's3', workspace: 'default', reference: 's3://states/network.tfstate', statePath: '' },
  } as const;
}

function applyCommand(): RunStartedObservation['command'] {
  return {
    tool: 'terraform',
    subcommand: 'apply',
    flags: ['-auto-approve'],
    variables: ['region'],
    planFile: '',
    chdir: '',
  };
}
