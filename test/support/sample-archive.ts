// A small, correct log as the sealer would leave it in an archive: objects by key, in the order they are written.
// Deterministic: a fixed key, fixed times. Tests then break it in one place each.
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { Archive, Retention } from '../../daemon/archive/archive.ts';
import { formatCheckpoint } from '../../daemon/merkle/checkpoint.ts';
import { leafHash } from '../../daemon/merkle/hash.ts';
import { formatManifest, type KeptLine, type Manifest } from '../../daemon/merkle/manifest.ts';
import { createEd25519Signer, createVerifier, signNote, type Signer, type Verifier } from '../../daemon/merkle/note.ts';
import { batchKey, blobKey, checkpointKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { appendLeaves, EMPTY_EDGE, rootOfEdge, type Edge } from '../../daemon/merkle/tree.ts';
import type { RecordType } from '../../daemon/record/data.ts';
import { formatRecord } from '../../daemon/record/record.ts';

export interface SampleBatch {
  readonly lines: readonly string[];
  readonly blobs?: readonly Uint8Array[];
  /** Signs this batch and its checkpoint instead of the log's first key. */
  readonly signer?: Signer;
}

export interface SampleArchive {
  readonly origin: string;
  /** Last element of the origin: the log's folder. */
  readonly folder: string;
  readonly signer: Signer;
  readonly verifiers: readonly Verifier[];
  /** Keys below the log's folder, in the order they are written. */
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly seals: readonly SampleSeal[];
}

export interface SampleSeal {
  readonly prev: number;
  readonly size: number;
  readonly manifest: Manifest;
  readonly sealNote: string;
  readonly checkpointNote: string;
}

export interface SampleOptions {
  readonly origin?: string;
  readonly signer?: Signer;
  readonly contentDays?: number;
}

export const sampleOrigin = 'bastion.example/abcdefghijklm';
/** Time of record 0. */
export const sampleStartMs = Date.UTC(2026, 0, 1);

export function createSampleSigner(seedByte = 7, origin = sampleOrigin): Signer {
  return createEd25519Signer(origin, new Uint8Array(32).fill(seedByte));
}

export function buildSampleArchive(batches: readonly SampleBatch[], options: SampleOptions = {}): SampleArchive {
  const origin = options.origin ?? sampleOrigin;
  const signer = options.signer ?? createSampleSigner(7, origin);
  const objects = new Map<string, Uint8Array>();
  const seals: SampleSeal[] = [];
  let edge = EMPTY_EDGE;
  for (const batch of batches) {
    const built = buildBatch(batch, edge, origin, batch.signer ?? signer, options.contentDays ?? 0);
    built.objects.forEach((body, key) => objects.set(key, body));
    seals.push(built.seal);
    edge = built.edge;
  }
  const folder = origin.slice(origin.lastIndexOf('/') + 1);
  return { origin, folder, signer, verifiers: [createCachingVerifier(signer.vkey)], objects, seals };
}

/** Writes the objects in order, below the log's folder or, with `base` '', at the archive's top. */
export async function fillArchive(
  archive: Archive,
  sample: SampleArchive,
  { base = `${sample.folder}/`, retention = undefined as Retention | undefined } = {},
): Promise<void> {
  for (const [key, body] of sample.objects) await archive.put(base + key, body, sha256Hex(body), retention);
}

/** Remembers answers by text and signature: thousands of runs over the same archive check each signature once. */
export function createCachingVerifier(vkey: string): Verifier {
  const verifier = createVerifier(vkey);
  const answers = new Map<string, boolean>();
  return {
    ...verifier,
    verify(text, signature) {
      const key = `${Buffer.from(signature).toString('base64')} ${text}`;
      const known = answers.get(key) ?? verifier.verify(text, signature);
      answers.set(key, known);
      return known;
    },
  };
}

export interface SampleRecord {
  readonly type: RecordType;
  readonly data?: object;
  /** Seconds after the start of the sample. */
  readonly atSeconds: number;
}

/** The line of one record; ids count up from `index`. */
export function sampleLine(index: number, { type, data = {}, atSeconds }: SampleRecord): string {
  const time = new Date(sampleStartMs + atSeconds * 1000).toISOString();
  return formatRecord({
    id: `019b7600-0000-7000-8000-${index.toString(16).padStart(12, '0')}`,
    type,
    source: sampleOrigin,
    subject: 'network',
    time,
    data: { ...data, effectiveTime: time, timeBasis: 'clock' },
  });
}

export function sampleLines(records: readonly SampleRecord[], firstIndex = 0): string[] {
  return records.map((record, offset) => sampleLine(firstIndex + offset, record));
}

/** Records of a quiet, whole life: created, started, `count - 3` steps a minute apart, stopped. */
export function wholeLife(count: number): SampleRecord[] {
  const step = (atSeconds: number): SampleRecord => ({
    type: 'resource.changed',
    atSeconds,
    data: { state: sampleState, change: 'c', address: `aws_instance.web[${atSeconds}]`, actions: ['update'] },
  });
  return [
    { type: 'log.created', atSeconds: 0, data: { origin: sampleOrigin, heartbeatSeconds: 300 } },
    { type: 'log.started', atSeconds: 0, data: {} },
    ...Array.from({ length: count - 3 }, (_, index) => step((index + 1) * 60)),
    { type: 'log.stopped', atSeconds: (count - 2) * 60, data: { reason: 'SIGINT' } },
  ];
}

export const sampleState = {
  id: 's1',
  name: 'network',
  reference: 'dir:infra/network/terraform.tfstate',
  workspace: 'default',
};

/** `items` cut into pieces of these sizes. */
export function cut<T>(items: readonly T[], sizes: readonly number[]): T[][] {
  let start = 0;
  return sizes.map((size) => items.slice(start, (start += size)));
}

export function sha256Hex(body: Uint8Array): string {
  return createHash('sha256').update(body).digest('hex');
}

/** One gzip member with a fixed header, as the recorder writes it. */
export function compressLines(lines: readonly string[]): Buffer {
  const body = gzipSync(Buffer.from(lines.map((line) => `${line}\n`).join('')), { level: 6 });
  body.fill(0, 4, 8);
  body[9] = 255;
  return body;
}

interface BuiltBatch {
  readonly objects: ReadonlyMap<string, Uint8Array>;
  readonly seal: SampleSeal;
  readonly edge: Edge;
}

const KEPT = /"type":"io\.stateseal\.log\.(?:created|configured|keyrotated)"}$/;

function buildBatch(batch: SampleBatch, before: Edge, origin: string, signer: Signer, contentDays: number): BuiltBatch {
  const { lines, blobs = [] } = batch;
  const prev = before.size;
  const body = compressLines(lines);
  const leaves = lines.map((line) => leafHash(Buffer.from(line)));
  const edge = appendLeaves(before, leaves);
  const kept: KeptLine[] = lines.flatMap((line, offset) => (KEPT.test(line) ? { leafIndex: prev + offset, line } : []));
  const bodies = new Map(blobs.map((blob) => [sha256Hex(blob), blob]));
  const manifest: Manifest = {
    origin,
    prev,
    size: edge.size,
    root: rootOfEdge(edge),
    batch: {
      sha256: sha256Hex(body),
      storedBytes: body.length,
      lineBytes: lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0),
    },
    contentDays,
    edge: before.hashes,
    blobs: [...bodies].map(([sha256, blob]) => ({ sha256, storedBytes: blob.length })).sort(byDigest),
    kept,
    leaves,
  };
  const sealNote = signNote(formatManifest(manifest), [signer]);
  const checkpointNote = signNote(formatCheckpoint({ origin, size: edge.size, root: manifest.root }), [signer]);
  const objects = new Map<string, Uint8Array>();
  for (const [sha256, blob] of bodies) objects.set(blobKey(prev, sha256), blob);
  objects.set(batchKey(prev), body);
  objects.set(sealKey(prev), Buffer.from(sealNote));
  objects.set(checkpointKey(prev), Buffer.from(checkpointNote));
  return { objects, edge, seal: { prev, size: edge.size, manifest, sealNote, checkpointNote } };
}

function byDigest(a: { readonly sha256: string }, b: { readonly sha256: string }): number {
  return a.sha256 < b.sha256 ? -1 : 1;
}
