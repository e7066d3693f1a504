// What a -json stream says of itself in numbers: its change summaries and how many diagnostics of which severity. Lines
// are hostile and may hold secrets: only numbers and the three words of `operation` leave here.
import { parseJson } from '../json/parse.ts';
import { isJsonObject, type JsonObject } from '../json/value.ts';
import type { StreamCounts } from '../record/run-data.ts';
import { numberAt, objectAt, textAt } from '../store/queries-fields.ts';

export interface StreamFacts {
  readonly lines: number;
  readonly errors: number;
  readonly warnings: number;
  readonly summaries: readonly StreamCounts[];
}

const NEWLINE = 0x0a;
const MAX_LINE_BYTES = 1024 * 1024;
const MAX_SUMMARIES = 8;
const OPERATIONS: ReadonlySet<string> = new Set(['plan', 'apply', 'destroy']);

export function summariseStream(bytes: Uint8Array): StreamFacts {
  const facts = { lines: 0, errors: 0, warnings: 0, summaries: [] as StreamCounts[] };
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(NEWLINE, start);
    const end = found === -1 ? bytes.length : found;
    if (end > start) {
      facts.lines += 1;
      const line = end - start <= MAX_LINE_BYTES ? parseLine(bytes.subarray(start, end)) : undefined;
      if (line !== undefined) addLine(facts, line);
    }
    start = end + 1;
  }
  return facts;
}

function addLine(facts: { errors: number; warnings: number; summaries: StreamCounts[] }, line: JsonObject): void {
  const type = textAt(line, 'type');
  if (type === 'diagnostic') {
    const severity = textAt(line, 'diagnostic', 'severity') || textAt(line, '@level');
    if (severity === 'error') facts.errors += 1;
    else if (severity.startsWith('warn')) facts.warnings += 1;
  }
  const changes = type === 'change_summary' ? objectAt(line, 'changes') : undefined;
  if (changes !== undefined && facts.summaries.length < MAX_SUMMARIES) facts.summaries.push(toCounts(changes));
}

function toCounts(changes: JsonObject): StreamCounts {
  const count = (name: string): number => Math.max(0, Math.min(2 ** 31, Math.trunc(numberAt(changes, name)) || 0));
  const operation = textAt(changes, 'operation');
  return {
    operation: OPERATIONS.has(operation) ? operation : '',
    add: count('add'),
    change: count('change'),
    remove: count('remove'),
    import: count('import'),
  };
}

/** Only lines that may matter are parsed: a stream has thousands of others. */
function parseLine(line: Uint8Array): JsonObject | undefined {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength);
  if (!text.includes('change_summary') && !text.includes('diagnostic')) return undefined;
  try {
    const value = parseJson(line);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // Not a line of the stream: something else wrote to the same place.
    return undefined;
  }
}
