// The batches in order, as one history: contiguous, each building on the root before it, one statement per `prev`.
// Holds an edge and a digest per batch, never leaves; reads nothing.
import { ParseError } from '../errors.ts';
import { encodeBase64 } from '../merkle/base64.ts';
import type { Checkpoint } from '../merkle/checkpoint.ts';
import { EMPTY_ROOT, equalHashes, type Hash } from '../merkle/hash.ts';
import type { Manifest } from '../merkle/manifest.ts';
import { createVerifier, type Verifier } from '../merkle/note.ts';
import { appendLeaves, rootOfEdge } from '../merkle/tree.ts';
import { member } from '../json/value.ts';
import { parseRecord } from '../record/record.ts';
import { createClaims } from './claims.ts';
import type { Findings } from './findings.ts';
import type { LoadedGroup } from './group.ts';
import type { Signed, Trust } from './signed-objects.ts';

export interface ChainOptions {
  readonly origin: string;
  readonly verifiers: readonly Verifier[];
  /** Tree size to start from: 0, or a batch boundary when what lies before is no longer kept. */
  readonly from: number;
  /** A size whose root is wanted. */
  readonly rootWantedAt: number | undefined;
}

export interface ChainHead {
  readonly prev: number;
  readonly size: number;
  readonly root: Hash;
  readonly keyId: string;
  /** Time the store gives for the seal, NaN for none. */
  readonly sealedMs: number;
  readonly isPublished: boolean;
}

export interface Chain {
  /** The keys trusted so far; grows when a covered record rotates the key. */
  trust(): Trust;
  /** Takes the next group, in ascending order of `prev`; the manifest when it extends the history. */
  accept(loaded: LoadedGroup): Manifest | undefined;
  /** After the last group: settles what could only be judged with all of them seen. */
  finish(): ChainResult;
}

export interface ChainResult {
  readonly head: ChainHead | undefined;
  readonly batchCount: number;
  /** Size of the newest batch with a checkpoint, 0 for none. */
  readonly published: ChainHead | undefined;
  /** The root at the size asked for, when the history reaches it. */
  readonly wantedRoot: Hash | undefined;
}

export function createChain(options: ChainOptions, findings: Findings): Chain {
  const verifiers = [...options.verifiers];
  const claims = createClaims(options.from);
  let head: ChainHead | undefined;
  let published: ChainHead | undefined;
  let batchCount = 0;
  let wantedRoot = options.rootWantedAt === 0 ? EMPTY_ROOT : undefined;

  const extend = (
    { value: manifest, keyId, lastModifiedMs, textDigest }: Signed<Manifest>,
    loaded: LoadedGroup,
  ): boolean => {
    const before = head ?? (options.from === 0 ? { size: 0, root: EMPTY_ROOT } : undefined);
    const expectedPrev = before?.size ?? options.from;
    if (manifest.prev < expectedPrev) {
      findings.add('failure', overlap(manifest.prev, expectedPrev));
      return false;
    }
    if (manifest.prev > expectedPrev) findings.add('failure', missingSeal(expectedPrev, manifest.prev));
    else if (before !== undefined && !isBuiltOn(manifest, before.root))
      findings.add('failure', otherHistory(manifest.prev));
    if (head?.isPublished === false) findings.add('anomaly', missingCheckpoint(head));
    claims.record(manifest, textDigest);
    wantedRoot ??= rootWithin(manifest, options.rootWantedAt);
    const isPublished = loaded.checkpoints.some(({ value }) => isCheckpointOf(value, manifest));
    head = {
      prev: manifest.prev,
      size: manifest.size,
      root: manifest.root,
      keyId,
      sealedMs: lastModifiedMs,
      isPublished,
    };
    if (isPublished) published = head;
    batchCount += 1;
    return true;
  };

  return {
    trust: () => ({ origin: options.origin, verifiers }),
    accept(loaded) {
      findings.addAll(loaded.findings);
      if (loaded.seals.length > 1) findings.add('failure', fork(loaded));
      loaded.misplacedSeals.forEach((signed) => claims.addSeal(signed));
      loaded.misplacedCheckpoints.forEach((signed) => claims.addCheckpoint(signed));
      const [seal] = loaded.seals;
      const isExtended = seal !== undefined && extend(seal, loaded);
      for (const signed of loaded.checkpoints) {
        const isOwn = seal !== undefined && isCheckpointOf(signed.value, seal.value);
        if (!isOwn) claims.addCheckpoint(signed);
      }
      if (!isExtended) return undefined;
      verifiers.push(...rotatedKeys(seal.value, options.origin, verifiers, findings));
      return seal.value;
    },
    finish() {
      claims.settle(head?.size ?? options.from, findings);
      return { head, batchCount, published, wantedRoot };
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

/** New keys that lines of a verified manifest name; their leaves are part of the signed root. */
function rotatedKeys(manifest: Manifest, origin: string, known: readonly Verifier[], findings: Findings): Verifier[] {
  const added: Verifier[] = [];
  for (const { leafIndex, line } of manifest.kept) {
    if (!ROTATION.test(line)) continue;
    const verifier = readRotation(line, origin);
    const isKnown = [...known, ...added].some(({ keyId }) => keyId === verifier?.keyId);
    if (verifier === undefined) {
      const message = 'expected a key of this log in a key rotation, got something else';
      findings.add('format', { code: 'rotation-malformed', message, leafIndex, prev: manifest.prev });
    } else if (!isKnown) added.push(verifier);
  }
  return added;
}

function readRotation(line: string, origin: string): Verifier | undefined {
  try {
    const vkey = member(parseRecord(Buffer.from(line)).data, 'vkey');
    const verifier = typeof vkey === 'string' ? createVerifier(vkey) : undefined;
    return verifier?.name === origin ? verifier : undefined;
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
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
