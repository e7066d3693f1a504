// GET /v1/records/{key}: one record, its exact bytes, and the proof that a signed checkpoint covers them. A reader
// needs nothing else but the log's public key: SHA-256(0x00 ‖ line) → inclusion → root in the checkpoint → signature.
import type { RequestHandler } from 'express';
import { lineText } from './line.ts';
import type { LogEntry, LogReader } from './log-reader.ts';
import { isProblem, sendProblem, type Problem } from './problem.ts';
import { parseNoQuery, parseRecordKey, type RecordKey } from './query.ts';

interface Proof {
  readonly size: number;
  /** base64 hashes, leaf to root. */
  readonly inclusion: readonly string[];
  /** The signed note. */
  readonly checkpoint: string;
}

const UNKNOWN: Problem = {
  status: 404,
  code: 'record-unknown',
  title: 'Record unknown',
  detail: 'the log holds no record with this index or id',
};

const DAMAGED: Problem = {
  status: 500,
  code: 'record-damaged',
  title: 'Record damaged',
  detail: 'the stored line is no JSON object: the database was altered or is damaged; run stateseal verify',
};

const REASONS = { open: 'not-sealed-yet', frozen: 'not-signed-yet' } as const;

export function createRecordResource(reader: LogReader): RequestHandler<Record<string, string>> {
  return (request, response) => {
    const problem = parseNoQuery(request.url);
    if (problem !== undefined) return sendProblem(response, problem);
    const key = parseRecordKey(request.params['key'] ?? '');
    if (isProblem(key)) return sendProblem(response, key);
    const entry = findEntry(reader, key);
    if (entry === undefined) return sendProblem(response, UNKNOWN);
    const line = lineText(entry.line);
    if (line === undefined) return sendProblem(response, DAMAGED);
    const proof = readProof(reader, entry.index);
    // The first checkpoint that covers a leaf never changes, so neither does this answer.
    const isFinal = typeof proof === 'object';
    response.setHeader('cache-control', isFinal ? 'private, max-age=31536000, immutable' : 'private, no-cache');
    response.setHeader('vary', 'authorization');
    response.type('application/json').send(Buffer.from(formatAnswer(entry.index, line, proof)));
  };
}

function findEntry(reader: LogReader, key: RecordKey): LogEntry | undefined {
  const index = 'index' in key ? key.index : reader.indexOf(key.id);
  return index === undefined ? undefined : reader.entry(index);
}

function readProof(reader: LogReader, index: number): Proof | keyof typeof REASONS {
  const seal = reader.sealOf(index);
  if (typeof seal === 'string') return seal;
  const inclusion = reader.inclusionProof(index, seal.size).map((hash) => Buffer.from(hash).toString('base64'));
  return { size: seal.size, inclusion, checkpoint: seal.note };
}

function formatAnswer(index: number, line: string, proof: Proof | keyof typeof REASONS): string {
  const evidence =
    typeof proof === 'string'
      ? `"proof":null,"reason":${JSON.stringify(REASONS[proof])}`
      : `"proof":${JSON.stringify(proof)}`;
  return `{"index":${index},"record":${line},"line":${JSON.stringify(line)},${evidence}}`;
}
