// Signed statements found where they do not belong: copies of the log's own (a replay, harmless), or traces of a second
// history or of seals that are gone. Which of them they are can be told only when the whole chain was seen.
import { encodeBase64 } from '../merkle/base64.ts';
import type { Checkpoint } from '../merkle/checkpoint.ts';
import type { Hash } from '../merkle/hash.ts';
import type { Manifest } from '../merkle/manifest.ts';
import type { Findings } from './findings.ts';
import { createHistoryIndex } from './history-index.ts';
import type { StoredVersion } from './inventory.ts';
import { placeOf } from './object-read.ts';
import type { Signed } from './signed-objects.ts';

export interface Claims {
  /** What the history itself says: one root and one digest are kept per batch. */
  record(manifest: Manifest, textDigest: string): void;
  addSeal(signed: Signed<Manifest>): void;
  addCheckpoint(signed: Signed<Checkpoint>): void;
  /** Judges all claims against the history, which ends at `size`. */
  settle(size: number, findings: Findings): void;
}

interface Claim {
  readonly kind: 'seal' | 'checkpoint';
  /** Leaf index that the statement needs in the history: the first of a batch, the last below a checkpoint. */
  readonly position: number;
  /** What it says, comparable with what the history says. */
  readonly statement: string;
  /** What the history says in its place. */
  known(): string | undefined;
  readonly version: StoredVersion;
  copies: number;
}

/** `start`: where the history starts; nothing is known about sizes before it. */
export function createClaims(start: { readonly size: number; readonly root: Hash | undefined }): Claims {
  const history = createHistoryIndex();
  // By text: anybody can copy a statement a thousand times, only the key makes a new one.
  const claims = new Map<string, Claim>();
  const add = (textDigest: string, claim: Omit<Claim, 'copies'>): void => {
    const id = claim.kind + textDigest;
    const same = claims.get(id);
    if (same === undefined) claims.set(id, { ...claim, copies: 1 });
    else same.copies += 1;
  };
  return {
    record(manifest, textDigest) {
      history.add(manifest.prev, manifest.size, manifest.root, textDigest);
    },
    addSeal({ value: { prev }, textDigest, version }) {
      const known = (): string | undefined => history.sealAt(prev);
      add(textDigest, { kind: 'seal', position: prev, statement: textDigest, known, version });
    },
    addCheckpoint({ value: { size, root }, textDigest, version }) {
      const known = (): string | undefined => {
        const there = size === start.size ? start.root : history.rootAt(size);
        return there === undefined ? undefined : encodeBase64(there);
      };
      add(textDigest, { kind: 'checkpoint', position: size - 1, statement: encodeBase64(root), known, version });
    },
    settle(size, findings) {
      for (const claim of claims.values()) judge(claim, { from: start.size, size, covers: history.covers }, findings);
    },
  };
}

interface Extent {
  readonly from: number;
  readonly size: number;
  readonly covers: (this: void, leafIndex: number) => boolean;
}

function judge(claim: Claim, history: Extent, findings: Findings): void {
  const { kind, position, copies } = claim;
  const at = placeOf(claim.version);
  const known = claim.known();
  if (known === claim.statement) {
    const message = `expected another ${kind} here, got a copy of one of this log (${copies} in all)`;
    findings.add('anomaly', { ...at, code: `${kind}-replayed`, message });
  } else if (known !== undefined || history.covers(position)) {
    const message = `expected one history, got a signed ${kind} that is not part of it`;
    findings.add('failure', { ...at, code: `${kind}-fork`, message });
  } else if (position >= history.size) {
    const message = `expected the seals to reach as far as this signed ${kind}, got an end at size ${history.size}`;
    findings.add('failure', { ...at, code: 'seal-missing', message });
  } else {
    const message = `a signed ${kind} of a size that this check does not cover`;
    findings.add('note', { ...at, code: `${kind}-unchecked`, message });
  }
}
