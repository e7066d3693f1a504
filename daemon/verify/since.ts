// A checkpoint that somebody kept: the only witness against newest seals that vanished, or a log that was rewritten.
import { ConfigError, IntegrityError, ParseError } from '../errors.ts';
import { openCheckpoint, parseCheckpoint, type Checkpoint } from '../merkle/checkpoint.ts';
import { equalHashes, type Hash } from '../merkle/hash.ts';
import { parseNote } from '../merkle/note.ts';
import type { Findings } from './findings.ts';
import type { SinceReport } from './report.ts';
import type { Trust } from './signed-objects.ts';

export interface KeptCheckpoint {
  /** What it claims; believed only when judged. */
  readonly size: number;
  /** Checks the signature and compares. Throws ConfigError `verify-since-invalid` when no trusted key has signed it. */
  judge(trust: Trust, history: KeptHistory, findings: Findings): SinceReport;
}

export interface KeptHistory {
  /** Root of the history at the kept size, undefined when it does not reach there. */
  readonly root: Hash | undefined;
  readonly from: number;
  readonly size: number;
}

/** Throws ConfigError `verify-since-invalid` when the text is no checkpoint at all. */
export function parseKeptCheckpoint(text: string): KeptCheckpoint {
  const bytes = Buffer.from(text);
  const { size } = orInvalid(() => parseCheckpoint(parseNote(bytes).text));
  return {
    size,
    judge(trust, history, findings) {
      const checkpoint = orInvalid(() => openCheckpoint(bytes, trust.verifiers, trust.origin).checkpoint);
      const isConsistent = history.root !== undefined && equalHashes(history.root, checkpoint.root);
      if (!isConsistent) findings.add('failure', toFailure(checkpoint, history));
      return { size, isConsistent };
    },
  };
}

function toFailure({ size }: Checkpoint, history: KeptHistory) {
  if (history.root !== undefined) {
    const message = `expected the log to begin with the ${size} records of the kept checkpoint, got another history`;
    return { code: 'since-rewritten', message };
  }
  if (size > history.size) {
    const message = `expected the log to reach at least size ${size}, as the kept checkpoint says, got ${history.size}`;
    return { code: 'since-shrunk', message };
  }
  const message = `expected the check to cover size ${size} of the kept checkpoint, got a start at ${history.from} or a hole there`;
  return { code: 'since-not-covered', message };
}

function orInvalid<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof ParseError) && !(error instanceof IntegrityError)) throw error;
    throw new ConfigError('verify-since-invalid', 'expected a checkpoint signed by this log, got something else', {
      hint: 'give the checkpoint file as it was kept, and the key of the same log',
      cause: error,
    });
  }
}
