// A LogReader in memory, with a Merkle tree of its own (RFC 6962 §2.1), so that what the server answers is checked
// against a second computation.
import { createHash } from 'node:crypto';
import type { LogReader, Seal, SignedCheckpoint } from '../../daemon/http/log-reader.ts';

export function sampleLine(index: number, type = 'state.changed', state = 'network'): string {
  return JSON.stringify({
    data: { state: { id: `id-${state}`, name: state } },
    id: sampleId(index),
    source: 'dir:a/terraform.tfstate',
    specversion: '1.0',
    type: `io.stateseal.${type}`,
  });
}

export function sampleId(index: number): string {
  return `01970000-0000-7000-8000-${String(index).padStart(12, '0')}`;
}

export interface MemoryLog extends LogReader {
  lines: Uint8Array[];
  checkpoint: SignedCheckpoint | undefined;
  frozenSize: number;
  failure: Error | undefined;
}

export function createMemoryLog(lines: readonly string[]): MemoryLog {
  const log: MemoryLog = {
    lines: lines.map((line) => Buffer.from(line)),
    checkpoint: undefined,
    frozenSize: 0,
    failure: undefined,
    size: () => {
      if (log.failure !== undefined) throw log.failure;
      return log.lines.length;
    },
    entry: (index) => {
      const line = log.lines[index];
      return line && { index, line };
    },
    indexOf: (id) => {
      const index = log.lines.findIndex((line) => Buffer.from(line).includes(`"${id}"`));
      return index < 0 ? undefined : index;
    },
    *entries({ from, to, type, state }) {
      for (const [index, line] of log.lines.entries()) {
        const text = Buffer.from(line);
        const wanted = (type === undefined || text.includes(`.${type}"`)) && (!state || text.includes(`"${state}"`));
        if (index >= from && index < to && wanted) yield { index, line };
      }
    },
    sealOf: (index): Seal => {
      if (log.checkpoint !== undefined && index < log.checkpoint.size) return log.checkpoint;
      return index < log.frozenSize ? 'frozen' : 'open';
    },
    newestCheckpoint: () => log.checkpoint,
    inclusionProof: (index, size) => path(index, log.lines.slice(0, size)),
  };
  return log;
}

function path(index: number, leaves: readonly Uint8Array[]): Uint8Array[] {
  if (leaves.length === 1) return [];
  const split = splitAt(leaves.length);
  const [left, right] = [leaves.slice(0, split), leaves.slice(split)];
  return index < split ? [...path(index, left), treeRoot(right)] : [...path(index - split, right), treeRoot(left)];
}

export function treeRoot(leaves: readonly Uint8Array[]): Uint8Array {
  const [only] = leaves;
  if (only !== undefined && leaves.length === 1) return digest(Buffer.from([0]), only);
  const split = splitAt(leaves.length);
  return digest(Buffer.from([1]), treeRoot(leaves.slice(0, split)), treeRoot(leaves.slice(split)));
}

/** RFC 9162 §2.1.3.2, written from the specification: the root that a proof leads to. */
export function rootOfProof(line: Uint8Array, index: number, size: number, proof: readonly Uint8Array[]): Uint8Array {
  let [node, last] = [index, size - 1];
  let hash = digest(Buffer.from([0]), line);
  for (const sibling of proof) {
    if (node % 2 === 1 || node === last) {
      hash = digest(Buffer.from([1]), sibling, hash);
      while (node % 2 === 0 && node !== 0) [node, last] = [node >> 1, last >> 1];
    } else {
      hash = digest(Buffer.from([1]), hash, sibling);
    }
    [node, last] = [node >> 1, last >> 1];
  }
  if (last !== 0) throw new Error('the proof is too short');
  return hash;
}

function splitAt(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

function digest(...parts: readonly Uint8Array[]): Uint8Array {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}
