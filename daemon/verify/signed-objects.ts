// Versions of a signed object (a seal, a checkpoint) → those that the log itself has signed. Everything else at the key
// is an anomaly: named, never chosen, never fatal, because anybody who can write may have put it there.
import { IntegrityError, ParseError } from '../errors.ts';
import { openCheckpoint, type Checkpoint } from '../merkle/checkpoint.ts';
import { sha256 } from '../merkle/hash.ts';
import { maxManifestBytes, openManifest, type Manifest } from '../merkle/manifest.ts';
import type { OpenedNote, Verifier } from '../merkle/note.ts';
import type { Findings } from './findings.ts';
import type { StoredVersion } from './inventory.ts';
import { placeOf, type ArchiveReader } from './object-read.ts';

/** A version whose signature holds. */
export interface Signed<T> {
  readonly version: StoredVersion;
  readonly value: T;
  /** SHA-256 of the note text, one character per byte: two different ones are two statements. */
  readonly textDigest: string;
  readonly keyId: string;
  /** All versions with this text. */
  readonly versions: readonly StoredVersion[];
  /** The note, with the signatures that hold. */
  readonly note: OpenedNote;
}

/** What the log has signed, by what it says, not by where it lies. One per note text. */
export interface Statements {
  readonly seals: readonly Signed<Manifest>[];
  readonly checkpoints: readonly Signed<Checkpoint>[];
  /** Some version is signed by a key that is not trusted so far: perhaps one that the log rotates to. */
  readonly hasUnknownKey: boolean;
}

export interface Trust {
  readonly origin: string;
  readonly verifiers: readonly Verifier[];
}

type Statement =
  | { readonly kind: 'seal'; readonly value: Manifest; readonly note: OpenedNote }
  | { readonly kind: 'checkpoint'; readonly value: Checkpoint; readonly note: OpenedNote };

/**
 * All versions of one key. A seal under a checkpoint's key is still evidence, and the other way round. `unheld`: where
 * to look on when there were too many versions to hold and none of those given is signed.
 */
export async function readStatements(
  reader: ArchiveReader,
  trust: Trust,
  versions: readonly StoredVersion[],
  findings: Findings,
  unheld?: AsyncIterable<StoredVersion>,
): Promise<Statements> {
  const seals = createStatementList<Manifest>(findings);
  const checkpoints = createStatementList<Checkpoint>(findings);
  let hasUnknownKey = false;
  for (const version of versions) {
    const bytes = await reader.read(version, maxManifestBytes);
    const result = bytes === undefined ? absent(version) : openOrCode(bytes, trust);
    if ('code' in result) {
      hasUnknownKey ||= result.code === 'note-key-unknown';
      addRefused(findings, version, result.code);
    } else if (result.kind === 'seal') seals.add(version, result.value, result.note);
    else checkpoints.add(version, result.value, result.note);
  }
  const isNone = seals.list().length + checkpoints.list().length === 0;
  if (isNone && unheld !== undefined) {
    const found = await firstStatement(reader, trust, unheld);
    if (found?.kind === 'seal') seals.add(found.version, found.value, found.note);
    if (found?.kind === 'checkpoint') checkpoints.add(found.version, found.value, found.note);
  }
  return { seals: seals.list(), checkpoints: checkpoints.list(), hasUnknownKey };
}

/** Among more versions than are held: the crowd was named once, its members are not. */
async function firstStatement(reader: ArchiveReader, trust: Trust, versions: AsyncIterable<StoredVersion>) {
  for await (const version of versions) {
    const bytes = await reader.read(version, maxManifestBytes);
    const result = bytes === undefined ? absent(version) : openOrCode(bytes, trust);
    if (!('code' in result)) return { version, ...result };
  }
  return undefined;
}

function createStatementList<T>(findings: Findings) {
  const byText = new Map<string, Signed<T>>();
  return {
    list: (): Signed<T>[] => [...byText.values()],
    add(version: StoredVersion, value: T, note: OpenedNote): void {
      const signed = toSigned(version, value, note);
      const first = byText.get(signed.textDigest);
      if (first !== undefined) addDuplicate(findings, version);
      byText.set(signed.textDigest, first === undefined ? signed : withVersions(first, signed));
    },
  };
}

export function toSigned<T>(version: StoredVersion, value: T, note: OpenedNote): Signed<T> {
  const textDigest = Buffer.from(sha256(Buffer.from(note.text))).toString('latin1');
  const keyId = note.verified[0]?.keyId ?? '';
  return { version, versions: [version], value, textDigest, keyId, note };
}

function withVersions<T>(first: Signed<T>, { versions }: Signed<T>): Signed<T> {
  return { ...first, versions: [...first.versions, ...versions] };
}

function absent(version: StoredVersion): { readonly code: string } {
  return { code: version.isDeleteMarker ? 'delete-marker' : 'unreadable-object' };
}

function openOrCode(bytes: Uint8Array, { verifiers, origin }: Trust): Statement | { readonly code: string } {
  try {
    if (isSealText(bytes, origin)) {
      const { manifest, note } = openManifest(bytes, verifiers, origin);
      return { kind: 'seal', value: manifest, note };
    }
    const { checkpoint, note } = openCheckpoint(bytes, verifiers, origin);
    return { kind: 'checkpoint', value: checkpoint, note };
  } catch (error) {
    if (error instanceof ParseError || error instanceof IntegrityError) return { code: error.code };
    throw error;
  }
}

/** The first line tells the two apart: no origin of a checkpoint is the origin of this log with "/seal" behind it. */
function isSealText(bytes: Uint8Array, origin: string): boolean {
  const head = Buffer.from(`${origin}/seal\n`);
  return head.equals(bytes.subarray(0, head.length));
}

function addRefused(findings: Findings, version: StoredVersion, code: string): void {
  const place = placeOf(version);
  if (code === 'delete-marker') {
    findings.add('anomaly', { ...place, code, message: 'expected an object, got a delete marker over it' });
    return;
  }
  // Only what a trusted key has signed gets as far as contradicting itself.
  if (code === 'manifest-contradiction') {
    findings.add('failure', {
      ...place,
      code,
      message: 'expected a manifest that agrees with itself, got a signed one that does not',
    });
    return;
  }
  findings.add('anomaly', {
    ...place,
    code: 'foreign-version',
    message: `expected a note signed by the log, got ${code}`,
  });
}

/** Stores that ignore conditional writes make one of every retry. */
export function addDuplicate(findings: Findings, version: StoredVersion): void {
  findings.add('note', {
    ...placeOf(version),
    code: 'duplicate-version',
    message: 'the same content stands here twice',
  });
}
