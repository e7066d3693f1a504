// Checkpoints, batches, and proofs between them: what shows that nothing was altered or left out.
import { createHash } from 'node:crypto';
import { consistencyProof, inclusionProof } from '../merkle/proof.ts';
import { evidenceJson } from '../answers/change-json.ts';
import type { Json } from '../json/value.ts';
import { formatJson } from '../json/format.ts';
import type { BatchOutline } from '../store/batches.ts';
import type { Read } from './answer.ts';
import { LIST_PARAMETERS, listOf, cursorRefused } from './list.ts';
import { BATCH_UNKNOWN, CHECKPOINT_NONE } from './problem.ts';
import { parseIndex, Refusal, type Question } from './question.ts';
import { toBase64 } from './records.ts';

/** The newest signed checkpoint, byte for byte (C2SP tlog-checkpoint). */
export const checkpoint: Read = {
  parameters: {},
  answer: ({ log }) => {
    const newest = log.leaves.newestCheckpoint();
    if (newest === undefined) throw new Refusal(CHECKPOINT_NONE);
    return { is: 'bytes', type: 'text/plain; charset=utf-8', bytes: Buffer.from(newest.note) };
  },
};

const CHUNK = 100;

/** All of them, newest first. */
export const checkpoints: Read = {
  parameters: LIST_PARAMETERS,
  answer: ({ log }) => ({
    is: 'list',
    *items(_, from) {
      const below = from === undefined ? Number.MAX_SAFE_INTEGER : parseIndex(from);
      if (below === undefined) throw cursorRefused();
      for (let before = below; ;) {
        const chunk = log.leaves.checkpoints(before, CHUNK);
        for (const { size, note } of chunk) {
          yield { text: JSON.stringify({ object: 'checkpoint', size, checkpoint: note }), after: String(size) };
          before = size;
        }
        if (chunk.length < CHUNK) return;
      }
    },
  }),
};

/** Newest first. */
export const batches: Read = {
  parameters: LIST_PARAMETERS,
  answer: ({ log }) =>
    listOf(
      [...log.batches.outlines()].reverse(),
      ({ size }) => String(size),
      (batch) => formatJson(batchJson(batch)),
    ),
};

/** One batch by the tree size that it ends at: manifest, checkpoint, receipts. */
export const batch: Read = {
  parameters: {},
  answer: ({ log, path, refuse }) => {
    const size = parseIndex(path('size'));
    if (size === undefined || size === 0) throw refuse('size', 'the tree size that a batch ends at');
    return log.queries.atOneMoment(() => {
      const outline = log.batches.outlines().find((one) => one.size === size);
      const found = outline && log.batches.at(outline.prev);
      if (found === undefined || outline === undefined) throw new Refusal(BATCH_UNKNOWN);
      const { number: _, sealed: __, ...evidence } = evidenceJson(log.queries.evidence(size - 1));
      const bodySha256 = createHash('sha256').update(found.body).digest('hex');
      const { manifest, checkpoint: note = null } = found;
      return { is: 'json', value: { ...batchJson(outline), ...evidence, bodySha256, manifest, checkpoint: note } };
    });
  },
};

function batchJson({ prev, size, phase, frozenMs, archivedMs }: BatchOutline): { readonly [name: string]: Json } {
  const archivedAt = archivedMs === undefined ? null : toTime(archivedMs);
  return { object: 'batch', prev, size, phase, sealedAt: toTime(frozenMs), archivedAt };
}

/** {object, index, size, root, hashes}: RFC 6962 §2.1.1; hashes in base64, the sibling of the leaf first. */
export const inclusion: Read = {
  parameters: { index: 'text', size: 'text' },
  answer: (question) => {
    const size = parseSize(question, 'size', 1);
    const index = parseIndex(question.asked.text('index') ?? '');
    if (index === undefined || index >= size) throw question.refuse('index', 'a leaf index below the size');
    const { entries } = question.log;
    const hashes = inclusionProof(index, size, entries.nodes()).map(toBase64);
    const leafHash = toBase64(entries.read(index)?.leafHash ?? new Uint8Array());
    return { is: 'json', value: { object: 'inclusion', index, size, leafHash, hashes }, isFinal: true };
  },
};

/** {object, from, to, hashes}: RFC 6962 §2.1.2. */
export const consistency: Read = {
  parameters: { from: 'text', to: 'text' },
  answer: (question) => {
    const to = parseSize(question, 'to', 1);
    const from = parseIndex(question.asked.text('from') ?? '');
    if (from === undefined || from > to) throw question.refuse('from', 'a tree size up to the other one');
    const hashes = consistencyProof(from, to, question.log.entries.nodes()).map(toBase64);
    return { is: 'json', value: { object: 'consistency', from, to, hashes }, isFinal: true };
  },
};

/** The newest signed size where none is asked for. */
function parseSize({ asked, log, refuse, size: all }: Question, name: string, min: number): number {
  const text = asked.text(name);
  if (text === undefined) {
    const newest = log.leaves.newestCheckpoint();
    if (newest === undefined) throw new Refusal(CHECKPOINT_NONE);
    return newest.size;
  }
  const size = parseIndex(text);
  if (size === undefined || size < min || size > all)
    throw refuse(name, `a tree size from ${min} to the size of the log`);
  return size;
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
