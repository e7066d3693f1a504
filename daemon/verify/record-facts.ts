// What the verifier wants to know of one line: type and time of every record, the data only where completeness needs
// it. Never re-serialises what it verifies; the canonical form is a separate question, asked on demand.
import { ParseError } from '../errors.ts';
import { formatJson } from '../json/format.ts';
import { parseJson } from '../json/parse.ts';
import type { JsonObject } from '../json/value.ts';
import { parseRecord } from '../record/record.ts';
import type { Findings } from './findings.ts';

export interface RecordFacts {
  readonly leafIndex: number;
  /** Without the "io.stateseal." prefix. */
  readonly type: string;
  /** When it was observed; NaN when the line says no time. */
  readonly timeMs: number;
  /** '' where the record was not parsed. */
  readonly id: string;
  /** Only for the types that `needsData`. */
  readonly data: JsonObject | undefined;
}

/** Types that completeness reads. All others are counted by time and type alone. */
const PARSED_TYPES: ReadonlySet<string> = new Set([
  'log.created',
  'log.configured',
  'log.started',
  'log.stopped',
  'source.inventoried',
  'spool.overflowed',
  'state.baselined',
  'state.changed',
  'state.unchanged',
  'state.missed',
  'state.retired',
  'state.renamed',
  'state.flooded',
  'change.noted',
]);

/** The end of every canonical line: keys are sorted, so that nothing follows the type (log format §1). */
const CANONICAL_END = /,"time":"([^"\\]{1,64})","type":"io\.stateseal\.([a-z.-]{1,64})"}$/;
const maxEndBytes = 200;

/** Undefined, and a format finding, for a line that is no record. `isStrict` also checks every byte of its form. */
export function readFacts(
  leafIndex: number,
  line: Buffer,
  isStrict: boolean,
  findings: Findings,
): RecordFacts | undefined {
  const end = CANONICAL_END.exec(line.toString('latin1', Math.max(0, line.length - maxEndBytes)));
  if (isStrict) addFormFindings(leafIndex, line, findings);
  const [, time = '', type = ''] = end ?? [];
  if (end !== null && !PARSED_TYPES.has(type)) {
    return { leafIndex, type, timeMs: Date.parse(time), id: '', data: undefined };
  }
  if (end === null && !isStrict) addForm(leafIndex, findings);
  return parseFacts(leafIndex, line, findings);
}

function parseFacts(leafIndex: number, line: Buffer, findings: Findings): RecordFacts | undefined {
  try {
    const { id, type, time, data } = parseRecord(line);
    return { leafIndex, type, timeMs: Date.parse(time), id, data };
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    findings.add('format', { code: 'record-malformed', message: `expected a record, got ${error.code}`, leafIndex });
    return undefined;
  }
}

function addFormFindings(leafIndex: number, line: Buffer, findings: Findings): void {
  try {
    if (!Buffer.from(formatJson(parseJson(line))).equals(line)) addForm(leafIndex, findings);
  } catch (error) {
    // That it is no JSON is said when it is read as a record.
    if (!(error instanceof ParseError)) throw error;
  }
}

function addForm(leafIndex: number, findings: Findings): void {
  findings.add('format', {
    code: 'record-not-canonical',
    message: 'expected the canonical form, got another',
    leafIndex,
  });
}
