// Builds small logs for tests: hand-made records appended and indexed as the recorder does it, in a database of their
// own, with ids, times and keys that never change.
import { mkdtempSync, rmSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { formatJson } from '../../daemon/json/format.ts';
import { parseJson } from '../../daemon/json/parse.ts';
import type { Json, JsonObject } from '../../daemon/json/value.ts';
import { formatCheckpoint } from '../../daemon/merkle/checkpoint.ts';
import { createEd25519Signer, signNote } from '../../daemon/merkle/note.ts';
import { rootAt } from '../../daemon/merkle/proof.ts';
import type { BlobReference, RecordType } from '../../daemon/record/data.ts';
import { formatRecord } from '../../daemon/record/record.ts';
import { createBatches, type Batches } from '../../daemon/store/batches.ts';
import { openDatabase, type Sqlite } from '../../daemon/store/database.ts';
import { createEntries, type Entries } from '../../daemon/store/entries.ts';
import { createQueries, type Queries } from '../../daemon/store/queries.ts';
import { createQueryIndex, type QueryIndex } from '../../daemon/store/query-index.ts';
import { createStates, type States } from '../../daemon/store/states.ts';

export const ORIGIN = 'test.example/abcdefghijklm';
export const SIGNER = createEd25519Signer(ORIGIN, new Uint8Array(32).fill(7));

export interface SampleState {
  readonly id: string;
  readonly name: string;
  readonly reference: string;
  readonly workspace: string;
}

export interface SampleStep {
  readonly address?: string;
  readonly output?: string;
  readonly deposed?: string;
  readonly type?: string;
  readonly actions: readonly string[];
  readonly changes?: readonly JsonObject[];
  readonly hidden?: readonly JsonObject[];
  /** Puts changes and hidden values into a blob. */
  readonly inBlob?: boolean;
}

export interface SampleChange {
  readonly state?: SampleState;
  readonly time: string;
  readonly from?: string;
  readonly to: string;
  readonly steps: readonly SampleStep[];
  readonly actions: readonly JsonObject[];
  readonly counts?: JsonObject;
  readonly netInBlob?: boolean;
  readonly data?: JsonObject;
}

export interface SampleLog {
  readonly folder: string;
  readonly path: string;
  readonly database: Sqlite;
  readonly entries: Entries;
  readonly batches: Batches;
  readonly index: QueryIndex;
  readonly queries: Queries;
  readonly states: States;
  /** Appends one record; returns its leaf index. */
  append(type: RecordType | 'future.thing', data: JsonObject, options?: AppendOptions): number;
  /** Appends the steps and the closing state.changed; returns the number of the change. */
  change(change: SampleChange): number;
  blob(lines: readonly Json[]): BlobReference;
  /** Freezes and signs everything up to now as one batch. */
  seal(frozenMs?: number): void;
  close(): void;
}

export interface AppendOptions {
  readonly id?: string;
  readonly time?: string;
  readonly source?: string;
  readonly subject?: string;
}

export const NETWORK: SampleState = stateOf('network');
export const DNS: SampleState = stateOf('dns@staging');

export function stateOf(name: string): SampleState {
  const workspace = name.split('@')[1] ?? 'default';
  return { id: `state-${name}`, name, reference: `dir:infra/${name}/terraform.tfstate`, workspace };
}

export function sampleId(number: number): string {
  return `01970000-0000-7000-8000-${String(number).padStart(12, '0')}`;
}

const ZERO_COUNTS = { create: 0, update: 0, delete: 0, replace: 0, forget: 0, move: 0, import: 0, taint: 0, output: 0 };

/** Opens an empty log in a temporary folder, or goes on with the one of `folder`; `close` removes it. */
export function openSampleLog(folder = mkdtempSync(join(tmpdir(), 'stateseal-log-'))): SampleLog {
  const path = join(folder, 'log.sqlite');
  const database = openDatabase(path);
  // What a sample log loses with the power is nothing.
  database.pragma('synchronous = OFF');
  const parts = {
    folder,
    path,
    database,
    entries: createEntries(database),
    batches: createBatches(database),
    index: createQueryIndex(database),
    states: createStates(database),
  };
  const log: SampleLog = {
    ...parts,
    queries: createQueries(database, parts.batches),
    append: (type, data, options) => append(parts, type, data, options),
    change: (change) => appendChange(log, change),
    blob: (lines) => addBlob(parts, lines),
    seal: (frozenMs = Date.parse('2026-06-23T15:00:00Z')) => seal(parts, frozenMs),
    close() {
      if (database.open) database.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return log;
}

type Parts = Pick<SampleLog, 'database' | 'entries' | 'batches' | 'index'>;

function append(
  { database, entries, index }: Parts,
  type: RecordType | 'future.thing',
  data: JsonObject,
  options: AppendOptions = {},
): number {
  const time = options.time ?? '2026-06-23T14:02:12.000Z';
  const record = {
    id: options.id ?? sampleId(entries.size()),
    type: type as RecordType,
    source: options.source ?? NETWORK.reference,
    subject: options.subject ?? '',
    time,
    data: {
      vantage: { recorder: 'bastion', host: 'bastion', source: 'directory' },
      effectiveTime: time,
      timeBasis: 'mtime',
      boot: { id: 'boot', ms: 1 },
      ...data,
    },
  };
  return database.transaction(() => {
    const leafIndex = entries.append([formatRecord(record)]);
    index.add(leafIndex, record);
    return leafIndex;
  })();
}

function appendChange(log: SampleLog, change: SampleChange): number {
  const { state = NETWORK, time, from, to, steps, actions } = change;
  const id = sampleId(900_000 + log.entries.size());
  const version = {
    lineage: '9f3c21aa-0000-4000-8000-000000000000',
    serial: to,
    sourceVersion: '1-2-3',
    toolVersion: '1.11.4',
    content: { kid: 'e2026', commitment: 'AAAA' },
  };
  const options = { time, source: state.reference };
  for (const step of steps) appendStep(log, step, { state: { ...state }, version, change: id }, options);
  const net =
    change.netInBlob === true ? { actions: [], net: { ...log.blob([[...actions]]) } } : { actions: [...actions] };
  const data = {
    state: { ...state },
    version,
    kind: 'apply',
    kindBasis: 'lock',
    continuity: 'linked-by-backup',
    ...(from === undefined ? {} : { before: { lineage: version.lineage, serial: from } }),
    serials: [to],
    steps: steps.length,
    counts: { ...ZERO_COUNTS, ...change.counts },
    claims: [{ field: 'actor', value: 'user:alice', known: 'claimed', by: 'lock-info' }],
    lock: { id: 'lock-1', operation: 'OperationTypeApply' },
    ...net,
    ...change.data,
  };
  return log.append('state.changed', data, { ...options, id, subject: state.name });
}

function appendStep(log: SampleLog, step: SampleStep, head: JsonObject, options: AppendOptions): void {
  const { address, output, deposed, type = 'aws_instance', actions, changes = [], hidden = [] } = step;
  const body = step.inBlob === true ? log.blob([{ changes: [...changes], hidden: [...hidden] }]) : undefined;
  const values =
    body === undefined
      ? { changes: [...changes], hidden: [...hidden] }
      : { changes: [], hidden: [], body: { ...body } };
  if (output !== undefined) {
    log.append(
      'output.changed',
      { ...head, output, actions: [...actions], ...values },
      { ...options, subject: output },
    );
    return;
  }
  const more = { address: address ?? '', ...(deposed === undefined ? {} : { deposed }), resourceType: type };
  const data = { ...head, ...more, actions: [...actions], actionBasis: 'state', ...values, provider: 'aws' };
  log.append('resource.changed', data, { ...options, subject: address ?? '' });
}

function addBlob({ entries, batches }: Parts, lines: readonly Json[]): BlobReference {
  const body = gzipSync(Buffer.from(lines.map((line) => `${formatJson(line)}\n`).join('')));
  const sha256 = createHash('sha256').update(body).digest('hex');
  batches.addBlob({ sha256, leafIndex: entries.size(), body });
  return { sha256, sizeBytes: body.length };
}

function seal({ entries, batches }: Parts, frozenMs: number): void {
  const prev = batches.frozenSize();
  const size = entries.size();
  const root = Buffer.from(rootAt(size, entries.nodes()));
  const note = signNote(formatCheckpoint({ origin: ORIGIN, size, root }), [SIGNER]);
  batches.insert({
    prev,
    size,
    root,
    body: Buffer.from('body'),
    bodySha256: '00',
    manifest: 'manifest',
    checkpoint: undefined,
    phase: 'frozen',
    frozenMs,
  });
  batches.setCheckpoint(prev, note);
}

/** JSON with its exact numbers, as it stands in a line. */
export function json(text: string): Json {
  return parseJson(Buffer.from(text));
}
