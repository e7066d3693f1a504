// The stored hashes above the leaves, against those that the leaves give. Proofs are made of them: a wrong one would
// make the recorder sign a root that nobody can prove anything under.
import { equalHashes, type Hash } from '../merkle/hash.ts';
import type { NodeReader } from '../merkle/proof.ts';
import { appendLeaves, EMPTY_EDGE, type Edge, type NodePosition } from '../merkle/tree.ts';
import type { Entries } from '../store/entries.ts';
import type { Findings } from './findings.ts';

export interface NodeCheck {
  /** Leaf hashes in order from 0 on: the right ones, whatever the database says. */
  add(leaf: Hash): void;
  /** The right leaf hash is not known: nothing above it can be checked. */
  stop(): void;
  finish(): void;
}

/** Leaves taken before the tree grows: one call per leaf would copy the edge each time. */
const CHUNK = 1024;

export function createNodeCheck(entries: Entries, findings: Findings): NodeCheck {
  const read = entries.nodes();
  let edge: Edge = EMPTY_EDGE;
  let leaves: Hash[] = [];
  let isStopped = false;
  const grow = (): void => {
    edge = appendLeaves(edge, leaves, (level, index, hash) => {
      const stored = readNode(read, { level, index });
      if (stored === undefined || !equalHashes(stored, hash))
        addFinding(findings, { level, index }, stored !== undefined);
    });
    leaves = [];
  };
  return {
    add(leaf) {
      if (isStopped) return;
      leaves.push(leaf);
      if (leaves.length >= CHUNK) grow();
    },
    stop() {
      if (!isStopped) grow();
      isStopped = true;
    },
    finish() {
      if (!isStopped) grow();
    },
  };
}

function readNode(read: NodeReader, { level, index }: NodePosition): Hash | undefined {
  try {
    return read(level, index);
  } catch (error) {
    // What readers of tiles throw when a row is missing.
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function addFinding(findings: Findings, { level, index }: NodePosition, isThere: boolean): void {
  const message = `expected the hash over ${2 ** level} leaves from ${index * 2 ** level} on, got ${isThere ? 'another' : 'none'}`;
  findings.add('failure', { code: isThere ? 'node-altered' : 'node-missing', leafIndex: index * 2 ** level, message });
}
