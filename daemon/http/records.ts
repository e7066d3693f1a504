// Records in the order of the log: pages of them, one with the proof that a signed checkpoint covers it, its proof file.
// A reader needs nothing else but the log's public key: SHA-256(0x00 ‖ line) → inclusion → root in the checkpoint →
// signature.
import { proveLeaf } from '../answers/proof.ts';
import { inclusionProof } from '../merkle/proof.ts';
import type { LeafFilter } from '../store/leaves.ts';
import type { Answer, Read } from './answer.ts';
import { AT_SIZE } from './answer.ts';
import { lineText } from './line.ts';
import { cursorRefused, LIST_PARAMETERS } from './list.ts';
import { RECORD_DAMAGED, RECORD_EXPIRED, RECORD_UNKNOWN } from './problem.ts';
import { parseIndex, parseKey, Refusal, type Question } from './question.ts';

/** Leaves are read so many at a time. */
const CHUNK_LEAVES = 64;

export const records: Read = {
  parameters: { ...AT_SIZE, from: 'text', type: 'text', state: 'text', ...LIST_PARAMETERS },
  answer: (question) => {
    const filter = parseFilter(question);
    const { leaves } = question.log;
    return {
      is: 'list',
      *items(_, after) {
        const last = after === undefined ? undefined : parseIndex(after);
        if (last === undefined && after !== undefined) throw cursorRefused();
        for (let from = last === undefined ? filter.from : last + 1; ;) {
          const chunk = leaves.list({ ...filter, from }, CHUNK_LEAVES);
          for (const { index, line } of chunk) {
            yield { text: formatRecordItem(index, line), after: String(index) };
            from = index + 1;
          }
          if (chunk.length < CHUNK_LEAVES) return;
        }
      },
    };
  },
};

/** A damaged line is null here, and an error by itself. */
export function formatRecordItem(index: number, line: Uint8Array): string {
  return `{"index":${index},"record":${lineText(line) ?? 'null'}}`;
}

export const record: Read = {
  parameters: {},
  answer: (question) => question.log.queries.atOneMoment(() => answerRecord(question)),
};

/** The proof file that `stateseal prove` writes: under the newest checkpoint. */
export const recordProof: Read = {
  parameters: {},
  answer: ({ log, ...question }) =>
    log.queries.atOneMoment(() => {
      const index = indexOf({ log, ...question });
      const newest = log.leaves.newestCheckpoint();
      if (newest === undefined || newest.size <= index) {
        const detail = 'the record is not covered by a signed checkpoint yet; POST /v1/seal does it now';
        throw new Refusal({ status: 404, code: 'not-sealed', title: 'Not sealed yet', detail });
      }
      const { text } = proveLeaf(log, index);
      return { is: 'bytes', type: 'text/plain; charset=utf-8', bytes: Buffer.from(text) };
    }),
};

function parseFilter({ asked, refuse, size }: Question): LeafFilter {
  const from = parseIndex(asked.text('from') ?? '0');
  if (from === undefined) throw refuse('from', 'a leaf index: a whole number from 0');
  const type = asked.text('type');
  if (type !== undefined && !/^[a-z]{1,32}\.[a-z]{1,32}$/u.test(type)) {
    throw refuse('type', 'a record type such as "state.changed"');
  }
  return { from, to: size, type, state: asked.text('state') };
}

function indexOf(question: Pick<Question, 'log' | 'path'>): number {
  const key = parseKey(question);
  const index = typeof key === 'number' ? key : question.log.leaves.indexOf(key);
  if (index === undefined || index >= question.log.entries.size()) throw new Refusal(RECORD_UNKNOWN);
  return index;
}

function answerRecord(question: Question): Answer {
  const { entries } = question.log;
  const index = indexOf(question);
  const bytes = entries.read(index)?.line ?? Buffer.alloc(0);
  if (bytes.length === 0) throw new Refusal(RECORD_EXPIRED);
  const line = lineText(bytes);
  if (line === undefined) throw new Refusal(RECORD_DAMAGED);
  const proof = formatProof(question, index);
  const text = `{"index":${index},"record":${line},"line":${JSON.stringify(line)},${proof.text}}`;
  // The first checkpoint that covers a leaf never changes, so neither does this answer.
  return { is: 'json-text', text, isFinal: proof.isFinal };
}

const REASONS = { open: 'not-sealed-yet', frozen: 'not-signed-yet' } as const;

function formatProof({ log }: Question, index: number): { text: string; isFinal: boolean } {
  const seal = log.leaves.sealOf(index);
  if (typeof seal === 'string')
    return { text: `"proof":null,"reason":${JSON.stringify(REASONS[seal])}`, isFinal: false };
  const hashes = inclusionProof(index, seal.size, log.entries.nodes());
  const proof = { size: seal.size, inclusion: hashes.map(toBase64), checkpoint: seal.note };
  return { text: `"proof":${JSON.stringify(proof)}`, isFinal: true };
}

export function toBase64(hash: Uint8Array): string {
  return Buffer.from(hash).toString('base64');
}
