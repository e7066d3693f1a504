// One leaf's inclusion proof under the newest signed checkpoint, as a C2SP tlog-proof file.
import type { OpenLog } from './open-log.ts';
import { ConfigError } from '../errors.ts';
import { formatProofFile } from '../merkle/proof-file.ts';
import { inclusionProof } from '../merkle/proof.ts';

/** The proof file of a leaf, and the tree size it is made for. Throws ConfigError `record-missing` or `not-sealed`. */
export function proveLeaf(
  { entries, batches }: Pick<OpenLog, 'entries' | 'batches'>,
  leafIndex: number,
): { text: string; size: number } {
  if (leafIndex >= entries.size()) {
    throw new ConfigError(
      'record-missing',
      `expected record #${leafIndex} in the log, got a log of ${entries.size()}`,
      {
        hint: 'numbers stand at the end of each line of: stateseal log',
      },
    );
  }
  const signed = batches.newestSigned();
  if (signed?.checkpoint === undefined || signed.size <= leafIndex) {
    throw new ConfigError(
      'not-sealed',
      `expected a sealed record, got #${leafIndex} beyond size ${signed?.size ?? 0}`,
      {
        hint: 'seal first: stateseal seal (a running recorder also seals by itself, within a minute when idle)',
      },
    );
  }
  const hashes = inclusionProof(leafIndex, signed.size, entries.nodes());
  return { size: signed.size, text: formatProofFile({ leafIndex, hashes, checkpoint: signed.checkpoint }) };
}
