// What links and the spool's losses say, in a few words. Pure; the caller escapes.
import type { ParsedRecord } from '../record/record.ts';
import { numberAt, objectsAt, textAt, textsAt } from '../store/queries-fields.ts';

/** "run 0197… (uid:1001) by reference, time"; '' for another record. */
export function describeLink({ type, data }: ParsedRecord): string {
  if (type !== 'change.linked') return '';
  const run = textAt(data, 'run', 'id');
  const candidates = objectsAt(data, 'candidates').length;
  const who = run === '' ? `one of ${candidates} runs` : `run ${run} (${textAt(data, 'run', 'uid')})`;
  const content = textAt(data, 'content');
  const seen = content === '' ? '' : ` ${CONTENTS[content] ?? content}`;
  return `${who}${seen} by ${textsAt(data, 'by').join(', ')}`;
}

const CONTENTS: Readonly<Record<string, string>> = {
  same: 'saw the same content,',
  different: 'saw another content,',
  unknown: 'saw a content that cannot be compared,',
  unseen: 'left a version that its source never showed,',
};

export interface ProblemText {
  readonly kind: string;
  readonly text: string;
}

/** Problems of links and of the spool; undefined for another record. */
export function describeRunProblem({ type, data }: ParsedRecord): ProblemText | undefined {
  if (type === 'change.linked') {
    const kind = textAt(data, 'content') === 'unseen' ? 'unseen' : 'mismatch';
    const who = `run ${textAt(data, 'run', 'id')} (${textAt(data, 'run', 'uid')})`;
    const serial = `serial ${textAt(data, 'version', 'serial')}`;
    const text =
      kind === 'unseen' ? `${serial} of ${who} was never shown by its source` : `${serial} is another for ${who}`;
    return { kind, text };
  }
  if (type !== 'spool.overflowed' && type !== 'spool.rejected') return undefined;
  const lost = objectsAt(data, 'lost');
  const files = lost.reduce((sum, row) => sum + numberAt(row, 'files'), 0);
  const first = lost.slice(0, 3).map((row) => `${textAt(row, 'uid')} ${textAt(row, 'reason')}`);
  const rest = lost.length > 3 ? ', …' : '';
  const verb = type === 'spool.overflowed' ? 'not recorded' : 'no observations';
  return {
    kind: type === 'spool.overflowed' ? 'spool full' : 'spool refused',
    text: `${files} ${files === 1 ? 'file' : 'files'} ${verb}: ${first.join(', ')}${rest}`,
  };
}
