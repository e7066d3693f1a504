// The batches in order, as one history: contiguous, each building on the root before it, one statement per `prev`.
// Holds an edge and a digest per batch, never leaves; reads nothing.
import { ParseError } from '../errors.ts';
import { encodeBase64 } from '../merkle/base64.ts';
import type { Checkpoint } from '../merkle/checkpoint.ts';
import { EMPTY_ROOT, equalHashes, type Hash } from '../merkle/hash.ts';
import type { Manifest } from '../merkle/manifest.ts';
import { createVerifier, formatNote, type Verifier } from '../merkle/note.ts';
import { appendLeaves, rootOfEdge } from '../merkle/tree.ts';
import { member } from '../json/value.ts';
import { parseRecord } from '../record/record.ts';
import { createClaims } from './claims.ts';
import type { Findings } from './findings.ts';
import type { LoadedGroup } from './group.ts';
import { createSealTimes } from './seal-times.ts';
import type { Signed, Trust } from './signed-objects.ts';

export interface ChainOptions {
  readonly origin: string;
  readonly verifiers: readonly Verifier[];
  readonly start: ChainStart;
  /** A size whose root is wanted. */
  readonly rootWantedAt: number | undefined;
}

/** Where a history begins: at 0, or at a batch boundary when what lies before is no longer kept, or was verified before. */
export interface ChainStart {
  readonly size: number;
  /** The root there; undefined: the signed edge of the first manifest is believed. */
  readonly root: Hash | undefined;
  /** Time of the seal that ends there; -Infinity for none, or none known. */
  readonly sealedMs: number;
}

/** The whole log, or from a batch boundary on without knowing what it builds on. */
export function startAt(size: number): ChainStart {
  return { size, root: size === 0 ? EMPTY_ROOT : undefined, sealedMs: -Infinity };
}

export interface ChainHead {
  readonly prev: number;
  readonly size: number;
  readonly root: Hash;
  readonly keyId: string;
  /** Time the store gives for the seal, NaN for none. */
  readonly sealedMs: number;
  readonly isPublished: boolean;
  /** The signed checkpoint as text, '' where there is none. */
  readonly checkpointNote: string;
}

/** A manifest that extends the history, and when it was sealed: NaN where no time can be told. */
export interface Accepted {
  readonly manifest: Manifest;
  readonly sealedMs: number;
}

export interface Chain {
  /** The keys trusted so far; grows when a covered record rotates the key. */
  trust(): Trust;
  /** Takes the next group, in ascending order of `prev`; the manifest when it extends the history. */
  accept(loaded: LoadedGroup): Accepted | undefined;
  /** Size of the newest batch with a checkpoint so far; where it starts, when there is none. */
  publishedSize(): number;
  /** After the last group: settles what could only be judged with all of them seen. */
  finish(): ChainResult;
}

export interface ChainResult {
  readonly head: ChainHead | undefined;
  readonly batchCount: number;
  /** The newest batch with a checkpoint. */
  readonly published: ChainHead | undefined;
  /** The root at the size asked for, when the history reaches it. */
  readonly wantedRoot: Hash | undefined;
  /** `prev` of the first manifest that was accepted. */
  readonly firstPrev: number | undefined;
  /** Verifier keys that the log itself has named, in order. */
  readonly rotatedVkeys: readonly string[];
}

export function createChain(options: ChainOptions, findings: Findings): Chain {
  const { start, rootWantedAt } = options;
  const verifiers = [...options.verifiers];
  const rotatedVkeys: string[] = [];
  const claims = createClaims(start);
  const times = createSealTimes(start.sealedMs, findings);
  let head: ChainHead | undefined;
  let published: ChainHead | undefined;
  let firstPrev: number | undefined;
  let batchCount = 0;
  let wantedRoot = rootWantedAt === start.size ? start.root : undefined;

  const extend = (seal: Signed<Manifest>, loaded: LoadedGroup): Accepted | undefined => {
    const { value: manifest, keyId, textDigest } = seal;
    const before = head ?? start;
    if (manifest.prev < before.size) {
      findings.add('failure', overlap(manifest.prev, before.size));
      return undefined;
    }
    if (manifest.prev > before.size) findings.add('failure', missingSeal(before.size, manifest.prev));
    else if (before.root !== undefined && !isBuiltOn(manifest, before.root))
      findings.add('failure', otherHistory(manifest.prev));
    if (head?.isPublished === false) findings.add('anomaly', missingCheckpoint(head));
    claims.record(manifest, textDigest);
    wantedRoot ??= rootWithin(manifest, rootWantedAt);
    const { prev, size, root } = manifest;
    const sealedMs = times.next(seal);
    const checkpoint = loaded.checkpoints.find(({ value }) => isCheckpointOf(value, manifest));
    const checkpointNote = checkpoint === undefined ? '' : noteOf(checkpoint);
    head = { prev, size, root, keyId, sealedMs, isPublished: checkpoint !== undefined, checkpointNote };
    if (head.isPublished) published = head;
    firstPrev ??= prev;
    batchCount += 1;
    return { manifest, sealedMs };
  };

  return {
    trust: () => ({ origin: options.origin, verifiers }),
    publishedSize: () => published?.size ?? start.size,
    accept(loaded) {
      findings.addAll(loaded.findings);
      if (loaded.seals.length > 1) findings.add('failure', fork(loaded));
      loaded.misplacedSeals.forEach((signed) => claims.addSeal(signed));
      loaded.misplacedCheckpoints.forEach((signed) => claims.addCheckpoint(signed));
      const [seal] = loaded.seals;
      const accepted = seal && extend(seal, loaded);
      for (const signed of loaded.checkpoints) {
        const isOwn = seal !== undefined && isCheckpointOf(signed.value, seal.value);
        if (!isOwn) claims.addCheckpoint(signed);
      }
      if (accepted === undefined) return undefined;
      for (const { vkey, verifier } of rotatedKeys(accepted.manifest, options.origin, verifiers, findings)) {
        verifiers.push(verifier);
        rotatedVkeys.push(vkey);
      }
      return accepted;
    },
    finish() {
      claims.settle(head?.size ?? start.size, findings);
      return { head, batchCount, published, wantedRoot, firstPrev, rotatedVkeys };
    },
  };
}

/** The root at `prev` fixes the edge and all leaves before it: comparing roots compares the whole history. */
function isBuiltOn({ prev, edge }: Manifest, root: Hash): boolean {
  return equalHashes(rootOfEdge({ size: prev, hashes: edge }), root);
}

function isCheckpointOf(checkpoint: Checkpoint, manifest: Manifest): boolean {
  return checkpoint.size === manifest.size && equalHashes(checkpoint.root, manifest.root);
}

function rootWithin({ prev, size, edge, leaves }: Manifest, wantedSize: number | undefined): Hash | undefined {
  if (wantedSize === undefined || wantedSize > size || wantedSize < prev) return undefined;
  return rootOfEdge(appendLeaves({ size: prev, hashes: edge }, leaves.slice(0, wantedSize - prev)));
}

const ROTATION = /"type":"io\.stateseal\.log\.keyrotated"}$/;

interface RotatedKey {
  readonly vkey: string;
  readonly verifier: Verifier;
}

/** New keys that lines of a verified manifest name; their leaves are part of the signed root. */
function rotatedKeys(
  manifest: Manifest,
  origin: string,
  known: readonly Verifier[],
  findings: Findings,
): readonly RotatedKey[] {
  const added: RotatedKey[] = [];
  for (const { leafIndex, line } of manifest.kept) {
    if (!ROTATION.test(line)) continue;
    const key = readRotation(line, origin);
    const isKnown = [...known, ...added.map((one) => one.verifier)].some(({ keyId }) => keyId === key?.verifier.keyId);
    if (key === undefined) {
      const message = 'expected a key of this log in a key rotation, got something else';
      findings.add('format', { code: 'rotation-malformed', message, leafIndex, prev: manifest.prev });
    } else if (!isKnown) added.push(key);
  }
  return added;
}

function readRotation(line: string, origin: string): RotatedKey | undefined {
  try {
    const vkey = member(parseRecord(Buffer.from(line)).data, 'vkey');
    if (typeof vkey !== 'string') return undefined;
    const verifier = createVerifier(vkey);
    return verifier.name === origin ? { vkey, verifier } : undefined;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** Only the signatures that hold: what a stranger has added to the note says nothing. */
function noteOf({ note }: Signed<Checkpoint>): string {
  return formatNote({ text: note.text, signatures: note.verified });
}

function fork({ prev, seals }: LoadedGroup) {
  const ends = seals.map(({ value }) => `${value.size} ${encodeBase64(value.root)}`).join(', ');
  return {
    code: 'seal-fork',
    message: `expected one signed seal after size ${prev}, got ${seals.length} (size, root): ${ends}`,
    prev,
  };
}

function missingSeal(from: number, to: number) {
  return {
    code: 'seal-missing',
    message: `expected a seal after size ${from}, got the next one after ${to}`,
    prev: from,
  };
}

function overlap(prev: number, size: number) {
  const message = `expected the next seal after size ${size}, got a signed one after ${prev}, inside what is sealed already`;
  return { code: 'seal-overlap', message, prev };
}

function otherHistory(prev: number) {
  const message = `expected the seal after size ${prev} to build on the root before it, got another history`;
  return { code: 'history-broken', message, prev };
}

function missingCheckpoint({ prev, size }: ChainHead) {
  return { code: 'checkpoint-missing', message: `expected a signed checkpoint of size ${size}, got none`, prev };
}
