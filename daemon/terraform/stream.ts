// What a -json stream tells per resource: which operations began, which ended and how, what was planned and never begun.
// Lines are hostile and hold secrets (diagnostics, ids, provisioner output): only addresses, words of fixed sets and
// numbers leave here. Nothing is called complete without its own line that says so. Pure.
import { ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { isJsonObject, member, NumberText, type Json, type JsonObject } from '../json/value.ts';
import type { StreamAction, StreamCounts, StreamOutcome, StreamResource } from '../record/run-data.ts';
import { parseAddress } from './address.ts';

export interface StreamFacts {
  readonly lines: number;
  readonly errors: number;
  readonly warnings: number;
  readonly summaries: readonly StreamCounts[];
  /** The tool said that it was asked to stop. */
  readonly isInterrupted: boolean;
  /** In the order in which they began; then what was planned and has no line of its own. Addresses are not redacted. */
  readonly resources: readonly StreamResource[];
  /** Operations and plans beyond the limits, or with an address that is none. */
  readonly unlisted: number;
}

const NEWLINE = 0x0a;
const MAX_LINE_BYTES = 1024 * 1024;
const MAX_SUMMARIES = 8;
const MAX_RESOURCES = 20_000;
const MAX_ADDRESS_UNITS = 1024;
const MAX_COUNT = 2 ** 31;
const OPERATIONS: ReadonlySet<string> = new Set(['plan', 'apply', 'destroy']);
/** Only lines that may matter are parsed: a stream has thousands of others. */
const RELEVANT =
  /change_summary|diagnostic|planned_change|apply_(?:start|complete|errored)|ephemeral_(?:op|action)_|"log"/u;
const INTERRUPTED = /^\s*(?:two )?interrupts? received/iu;

/** The tool's words for actions, as ours. `noop` is none. */
const ACTIONS: ReadonlyMap<string, StreamAction> = new Map([
  ...(['create', 'read', 'update', 'delete', 'move', 'import', 'open', 'renew', 'close'] as const).map(
    (word) => [word, word] as const,
  ),
  ['remove', 'forget'],
]);
/** Actions that have lines of their own when they are carried out. */
const TOLD: ReadonlySet<StreamAction> = new Set(['create', 'update', 'delete', 'read']);

export function parseStream(bytes: Uint8Array): StreamFacts {
  const reader = new StreamReader();
  for (let start = 0; start < bytes.length;) {
    const found = bytes.indexOf(NEWLINE, start);
    const end = found === -1 ? bytes.length : found;
    if (end > start) {
      const isShort = end - start <= MAX_LINE_BYTES;
      reader.add(isShort ? parseLine(bytes.subarray(start, end)) : undefined);
    }
    start = end + 1;
  }
  return reader.facts();
}

interface Operation {
  readonly address: string;
  readonly action: StreamAction;
  outcome: StreamOutcome;
  seconds?: number;
}

class StreamReader {
  readonly #counts = { lines: 0, errors: 0, warnings: 0, unlisted: 0 };
  readonly #summaries: StreamCounts[] = [];
  readonly #operations: Operation[] = [];
  /** Those that began and did not end yet, oldest first, by address and action: a deposed object shares both. */
  readonly #open = new Map<string, Operation[]>();
  readonly #planned: { readonly address: string; readonly action: StreamAction }[] = [];
  #isInterrupted = false;

  add(line: JsonObject | undefined): void {
    this.#counts.lines += 1;
    if (line === undefined) return;
    const type = textOf(line, 'type');
    if (type === 'diagnostic') this.#addDiagnostic(line);
    else if (type === 'change_summary') this.#addSummary(objectOf(line, 'changes'));
    else if (type === 'planned_change') this.#addPlanned(objectOf(line, 'change'));
    else if (type === 'log') this.#isInterrupted ||= INTERRUPTED.test(textOf(line, '@message'));
    else this.#addHook(type, objectOf(line, 'hook'));
  }

  facts(): StreamFacts {
    return {
      ...this.#counts,
      summaries: this.#summaries,
      isInterrupted: this.#isInterrupted,
      resources: [...this.#operations, ...this.#notBegun()],
    };
  }

  #addDiagnostic(line: JsonObject): void {
    const severity = textOf(objectOf(line, 'diagnostic'), 'severity') || textOf(line, '@level');
    if (severity === 'error') this.#counts.errors += 1;
    else if (severity.startsWith('warn')) this.#counts.warnings += 1;
  }

  #addSummary(changes: JsonObject | undefined): void {
    if (changes === undefined || this.#summaries.length >= MAX_SUMMARIES) return;
    const operation = textOf(changes, 'operation');
    this.#summaries.push({
      operation: OPERATIONS.has(operation) ? operation : '',
      add: countOf(changes, 'add'),
      change: countOf(changes, 'change'),
      remove: countOf(changes, 'remove'),
      import: countOf(changes, 'import'),
    });
  }

  #addPlanned(change: JsonObject | undefined): void {
    const word = textOf(change, 'action');
    // A replacement is carried out as two operations, in either order.
    const actions = word === 'replace' ? (['delete', 'create'] as const) : [ACTIONS.get(word)];
    for (const action of actions) {
      const address = action && this.#addressOf(change, this.#planned.length);
      if (action !== undefined && address !== undefined) this.#planned.push({ address, action });
    }
  }

  #addHook(type: string, hook: JsonObject | undefined): void {
    const [, step] = /^(?:apply|ephemeral_op|ephemeral_action)_(start(?:ed)?|complete|errored)$/u.exec(type) ?? [];
    const action = ACTIONS.get(textOf(hook, 'action'));
    if (step === undefined || action === undefined) return;
    if (step.startsWith('start')) return this.#begin(hook, action);
    const open = this.#open.get(keyOf(textOf(objectOf(hook, 'resource'), 'addr'), action));
    const operation = open?.shift() ?? this.#lateBegin(hook, action);
    if (operation === undefined) return;
    operation.outcome = step === 'complete' ? 'complete' : 'errored';
    operation.seconds = countOf(hook, 'elapsed_seconds');
  }

  #begin(hook: JsonObject | undefined, action: StreamAction): void {
    const operation = this.#lateBegin(hook, action);
    if (operation === undefined) return;
    const key = keyOf(operation.address, action);
    const open = this.#open.get(key);
    if (open === undefined) this.#open.set(key, [operation]);
    else open.push(operation);
  }

  /** One that is not waited for: its end may be told without a beginning. */
  #lateBegin(hook: JsonObject | undefined, action: StreamAction): Operation | undefined {
    const address = this.#addressOf(hook, this.#operations.length);
    if (address === undefined) return undefined;
    const operation: Operation = { address, action, outcome: 'started' };
    this.#operations.push(operation);
    return operation;
  }

  #addressOf(holder: JsonObject | undefined, count: number): string | undefined {
    const address = textOf(objectOf(holder, 'resource'), 'addr');
    if (count < MAX_RESOURCES && isAddress(address)) return address;
    this.#counts.unlisted += 1;
    return undefined;
  }

  /** Each operation answers for one plan of its address and action. */
  #notBegun(): StreamResource[] {
    const begun = new Map<string, number>();
    for (const { address, action } of this.#operations) {
      const key = keyOf(address, action);
      begun.set(key, (begun.get(key) ?? 0) + 1);
    }
    return this.#planned.flatMap(({ address, action }) => {
      const key = keyOf(address, action);
      const left = begun.get(key) ?? 0;
      begun.set(key, left - 1);
      if (left > 0) return [];
      return [{ address, action, outcome: TOLD.has(action) ? 'not-started' : 'untold' }];
    });
  }
}

function keyOf(address: string, action: StreamAction): string {
  return `${action} ${address}`;
}

function isAddress(text: string): boolean {
  if (text === '' || text.length > MAX_ADDRESS_UNITS) return false;
  try {
    parseAddress(text);
    return true;
  } catch (error) {
    if (error instanceof ParseError) return false;
    throw error;
  }
}

function parseLine(line: Uint8Array): JsonObject | undefined {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('utf8');
  if (!RELEVANT.test(text)) return undefined;
  try {
    const value = parseJson(line);
    return isJsonObject(value) ? value : undefined;
  } catch (error) {
    // Not a line of the stream: something else wrote to the same place, or it was cut.
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

function valueOf(holder: JsonObject | undefined, name: string): Json | undefined {
  return holder && member(holder, name);
}

function textOf(holder: JsonObject | undefined, name: string): string {
  const value = valueOf(holder, name);
  return typeof value === 'string' ? value : '';
}

function objectOf(holder: JsonObject | undefined, name: string): JsonObject | undefined {
  const value = valueOf(holder, name);
  return isJsonObject(value) ? value : undefined;
}

function countOf(holder: JsonObject | undefined, name: string): number {
  const value = valueOf(holder, name);
  const count = value instanceof NumberText ? Number(value.text) : typeof value === 'number' ? value : 0;
  return Math.max(0, Math.min(MAX_COUNT, Math.trunc(count) || 0));
}
