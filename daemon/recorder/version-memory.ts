// The last versions that were observed of each state, by the commitment to their bytes: a backup is most often the
// version before, whole, and would otherwise be parsed, digested and compared a second time (over ten times the cost
// of its HMAC). Keeps no content; starts empty in every process.
import type { ObservedState } from '../record/observation.ts';
import { fileCommitment, stateKey, type RedactionKeys } from '../redaction/keys.ts';

/** What tells one version from another. */
export type VersionFacts = Pick<ObservedState, 'form' | 'lineage' | 'serial' | 'contentTag' | 'kid' | 'commitment'>;

export interface VersionMemory {
  readonly keep: (stateId: string, bytes: Uint8Array, observed: ObservedState) => void;
  readonly recall: (stateId: string, bytes: Uint8Array) => VersionFacts | undefined;
  readonly clear: () => void;
}

interface Remembered {
  readonly sizeBytes: number;
  readonly facts: VersionFacts;
}

/** The version before, the one before that for a recovered run, their backups. */
const MAX_VERSIONS = 4;
/** A state that is not taken up at its first look has another id at the next: ids must not pile up. */
const MAX_STATES = 1024;

export function createVersionMemory(keys: RedactionKeys): VersionMemory {
  const versions = new Map<string, readonly Remembered[]>();
  return {
    keep(stateId, { length: sizeBytes }, { kid, commitment, form, lineage, serial, contentTag }) {
      const others = (versions.get(stateId) ?? []).filter(({ facts }) => facts.commitment !== commitment);
      const newest = { sizeBytes, facts: { form, lineage, serial, contentTag, kid, commitment } };
      versions.delete(stateId);
      versions.set(stateId, [...others, newest].slice(-MAX_VERSIONS));
      for (const id of versions.keys()) if (versions.size > MAX_STATES) versions.delete(id);
    },
    recall(stateId, bytes) {
      const ofThisSize = (versions.get(stateId) ?? []).filter(
        ({ sizeBytes, facts }) => sizeBytes === bytes.length && facts.kid === keys.epoch.kid,
      );
      if (ofThisSize.length === 0) return undefined;
      const commitment = fileCommitment(stateKey(keys.epoch.key, stateId), bytes);
      return ofThisSize.find(({ facts }) => facts.commitment === commitment)?.facts;
    },
    clear: () => versions.clear(),
  };
}
