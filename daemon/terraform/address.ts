// Addresses of resource instances, between Terraform's own text and parts. The text is the identity of an instance.
import { addressMalformed, formatHclString, parseHclString } from './hcl-string.ts';
import type { IndexKey } from './state.ts';

export interface ModuleStep {
  readonly name: string;
  readonly key: IndexKey;
}

/** Parts of `module.m["k"].data.aws_x.y[0]`. Only a state's modes are ever managed or data. */
export interface InstanceAddress {
  readonly module: readonly ModuleStep[];
  readonly mode: AddressMode;
  readonly type: string;
  readonly name: string;
  readonly key: IndexKey;
}

export type AddressMode = 'managed' | 'data' | 'ephemeral';

/** Terraform's text of an address. Names must be identifiers (isIdentifier): they are not quoted. */
export function formatInstanceAddress(parts: InstanceAddress): string {
  const mode = parts.mode === 'managed' ? '' : `${parts.mode}.`;
  const module = parts.module.length === 0 ? '' : `${formatModulePath(parts.module)}.`;
  return `${module}${mode}${parts.type}.${parts.name}${formatKey(parts.key)}`;
}

/** `module.a["k"].module.b[0]`, '' for the root module. */
export function formatModulePath(steps: readonly ModuleStep[]): string {
  return steps.map(({ name, key }) => `module.${name}${formatKey(key)}`).join('.');
}

/** Parses what Terraform prints for a resource or an instance. Throws ParseError `address-malformed`. */
export function parseAddress(text: string): InstanceAddress {
  const { steps, end } = parseModuleSteps(text);
  const first = parseIdentifier(text, end);
  const second = parseIdentifier(text, expectDot(text, first.end));
  const hasMode = text[second.end] === '.';
  const third = hasMode ? parseIdentifier(text, second.end + 1) : second;
  const { key, end: keyEnd } = parseKey(text, third.end);
  if (keyEnd !== text.length) throw addressMalformed('nothing more', keyEnd);
  const mode = hasMode ? parseMode(first.name) : 'managed';
  return { module: steps, mode, type: hasMode ? second.name : first.name, name: third.name, key };
}

/** Parses a module path alone; '' is the root module. Throws ParseError `address-malformed`. */
export function parseModulePath(text: string): readonly ModuleStep[] {
  if (text === '') return [];
  const { steps, end } = parseModuleSteps(`${text}.`);
  if (end !== text.length + 1) throw addressMalformed('a module path', end);
  return steps;
}

/** Terraform's order: shallow modules first, then by module, data before managed, type, name, key (none, count, each). */
export function compareAddresses(a: InstanceAddress, b: InstanceAddress): number {
  return (
    a.module.length - b.module.length ||
    compareTexts(formatModulePath(a.module), formatModulePath(b.module)) ||
    compareTexts(a.mode, b.mode) ||
    compareTexts(a.type, b.type) ||
    compareTexts(a.name, b.name) ||
    compareKeys(a.key, b.key)
  );
}

/** By UTF-16 code units. */
export function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareKeys(a: IndexKey, b: IndexKey): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  if (typeof a === 'string' && typeof b === 'string') return compareTexts(a, b);
  return compareTexts(KEY_ORDER[typeof a] ?? '', KEY_ORDER[typeof b] ?? '');
}

const KEY_ORDER: Readonly<Record<string, string>> = { undefined: '0', number: '1', string: '2' };

/** True for a name that needs no quoting in an address: HCL's identifiers, and those with a digit or dash first. */
export function isIdentifier(text: string): boolean {
  return /^[\p{ID_Continue}-]+$/u.test(text);
}

function formatKey(key: IndexKey): string {
  if (key === undefined) return '';
  return typeof key === 'number' ? `[${key}]` : `[${formatHclString(key)}]`;
}

const MODULE = 'module.';

/** Every leading `module.name[key].`; `end` stands behind the last dot. */
function parseModuleSteps(text: string): { readonly steps: readonly ModuleStep[]; readonly end: number } {
  const steps: ModuleStep[] = [];
  let end = 0;
  while (text.startsWith(MODULE, end)) {
    const identifier = parseIdentifier(text, end + MODULE.length);
    const { key, end: keyEnd } = parseKey(text, identifier.end);
    steps.push({ name: identifier.name, key });
    end = expectDot(text, keyEnd);
  }
  return { steps, end };
}

function parseIdentifier(text: string, start: number): { readonly name: string; readonly end: number } {
  const identifier = /[\p{ID_Continue}-]+/uy;
  identifier.lastIndex = start;
  const match = identifier.exec(text);
  if (match === null) throw addressMalformed('an identifier', start);
  return { name: match[0], end: start + match[0].length };
}

function parseKey(text: string, start: number): { readonly key: IndexKey; readonly end: number } {
  if (text[start] !== '[') return { key: undefined, end: start };
  const isText = text[start + 1] === '"';
  const { value, end } = isText ? parseHclString(text, start + 1) : parseIndex(text, start + 1);
  if (text[end] !== ']') throw addressMalformed('a closing bracket', end);
  return { key: value, end: end + 1 };
}

function parseIndex(text: string, start: number): { readonly value: number; readonly end: number } {
  const index = /(?:0|[1-9][0-9]{0,15})(?=\])/y;
  index.lastIndex = start;
  const digits = index.exec(text)?.[0] ?? '';
  if (digits === '' || !Number.isSafeInteger(Number(digits))) throw addressMalformed('an index', start);
  return { value: Number(digits), end: start + digits.length };
}

function parseMode(word: string): AddressMode {
  if (word === 'data' || word === 'ephemeral') return word;
  throw addressMalformed('data or ephemeral', 0);
}

function expectDot(text: string, at: number): number {
  if (text[at] !== '.') throw addressMalformed('a dot', at);
  return at + 1;
}
