// The known answers of test/vectors, typed.
import { readFileSync } from 'node:fs';
import { createEd25519Signer, type Signer } from '../../daemon/merkle/note.ts';

interface TreeVectors {
  readonly inputs_hex: readonly string[];
  readonly leaf_hashes: readonly string[];
  readonly roots: readonly string[];
  readonly inclusion: readonly { readonly index: number; readonly size: number; readonly proof: readonly string[] }[];
  readonly consistency: readonly { readonly from: number; readonly to: number; readonly proof: readonly string[] }[];
}

interface CheckpointVectors {
  readonly log_seed_hex: string;
  readonly log_public_key_hex: string;
  readonly origin: string;
  readonly key_id_hex: string;
  readonly vkey: string;
  readonly leaves: readonly string[];
  readonly leaf_hashes_hex: readonly string[];
  readonly root_hex: string;
  readonly checkpoint: string;
  readonly witness_seed_hex: string;
  readonly witness_vkey: string;
  readonly witness_time: number;
  readonly cosigned_checkpoint: string;
  readonly tlog_proof_of_index_1: string;
}

export const treeVectors = readVectors('rfc6962.json') as TreeVectors;
export const checkpointVectors = readVectors('checkpoint.json') as CheckpointVectors;

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

export function unhex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}

export function vectorSigner(): Signer {
  return createEd25519Signer(checkpointVectors.origin, unhex(checkpointVectors.log_seed_hex));
}

/** Every copy of `bytes` with exactly one bit flipped. */
export function* flippedBits(bytes: Uint8Array): IterableIterator<Buffer> {
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const copy = Buffer.from(bytes);
    copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    yield copy;
  }
}

/** The code of the error that `run` throws; 'none' when it returns. */
export function codeOf(run: () => unknown): string {
  try {
    run();
    return 'none';
  } catch (error) {
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  }
}

function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8'));
}
