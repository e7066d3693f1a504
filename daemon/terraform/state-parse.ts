// Bytes of a state file to its meaning: version 4 of Terraform and OpenTofu, or OpenTofu's encrypted envelope.
// What cannot be read whole is an error: half a state must never look like a state with less in it.
import { ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { member, type Json, type JsonObject } from '../json/value.ts';
import {
  arrayMember,
  asArray,
  asObject,
  assertLine,
  below,
  flagMember,
  lineMember,
  malformed,
  MAX_NAME_BYTES,
  objectMember,
  uint64Member,
  unknownMembers,
  type Place,
} from './shape.ts';
import { isIdentifier } from './address.ts';
import { parseInstances } from './state-instance.ts';
import type { EncryptedState, StateOutput, TerraformState } from './state.ts';

const SUPPORTED_VERSION = 4;

/**
 * Parses a whole state file (docs/TERRAFORM.md §2). Throws ParseError: state-empty, state-version-unsupported,
 * state-malformed (with a JSON pointer), and those of parseJson. No error holds a value of the file.
 */
export function parseState(bytes: Uint8Array): TerraformState | EncryptedState {
  if (bytes.length === 0) throw emptyState();
  const root = asObject(parseJson(bytes), undefined);
  if (isEncrypted(root)) return parseEncrypted(root);
  assertVersion(member(root, 'version'));
  return parseVersion4(root);
}

/** OpenTofu leaves serial and lineage in clear, and writes no version (docs/TERRAFORM.md §2.2). */
function isEncrypted(root: JsonObject): boolean {
  return Object.hasOwn(root, 'encrypted_data') && !Object.hasOwn(root, 'version');
}

function parseEncrypted(root: JsonObject): EncryptedState {
  const data = member(root, 'encrypted_data');
  if (typeof data !== 'string') throw malformed('a string', data, below(undefined, 'encrypted_data'));
  return {
    kind: 'encrypted',
    serial: serialOf(root),
    lineage: lineageOf(root),
    encryptionVersion: lineMember(root, 'encryption_version', undefined, MAX_NAME_BYTES),
  };
}

function assertVersion(version: Json | undefined): void {
  if (version === SUPPORTED_VERSION) return;
  if (typeof version !== 'number' || !Number.isSafeInteger(version) || version < 1) {
    throw malformed('a state version', version, below(undefined, 'version'));
  }
  throw new ParseError('state-version-unsupported', `expected state version ${SUPPORTED_VERSION}, got ${version}`, {
    hint:
      version < SUPPORTED_VERSION
        ? 'Versions 1 to 3 are from before Terraform 0.12: let a current Terraform write the state once.'
        : 'The state is newer than this stateseal: look for a newer release.',
  });
}

const KNOWN_ROOT = new Set('version terraform_version serial lineage outputs resources check_results'.split(' '));

function parseVersion4(root: JsonObject): TerraformState {
  return {
    kind: 'state',
    toolVersion: lineMember(root, 'terraform_version', undefined, MAX_NAME_BYTES),
    serial: serialOf(root),
    lineage: lineageOf(root),
    outputs: parseOutputs(root),
    // Absence of resources is not read as "none left": nothing that writes states leaves them out.
    instances: parseInstances(asArray(member(root, 'resources'), RESOURCES), RESOURCES),
    checkResults: arrayMember(root, 'check_results', undefined),
    unknown: parseUnknown(root),
  };
}

const RESOURCES = below(undefined, 'resources');
const OUTPUTS = below(undefined, 'outputs');

function serialOf(root: JsonObject): string {
  const serial = uint64Member(root, 'serial', undefined);
  if (serial === undefined) throw malformed('an unsigned 64-bit integer', undefined, below(undefined, 'serial'));
  return serial;
}

/** The empty lineage is real: the prior state inside the plan of a first run has it. */
function lineageOf(root: JsonObject): string {
  const lineage = member(root, 'lineage');
  if (typeof lineage !== 'string') throw malformed('a string', lineage, below(undefined, 'lineage'));
  return lineMember(root, 'lineage', undefined, MAX_NAME_BYTES);
}

const KNOWN_OUTPUT = new Set(['value', 'type', 'sensitive']);

function parseOutputs(root: JsonObject): readonly StateOutput[] {
  const outputs = objectMember(root, 'outputs', undefined) ?? {};
  return Object.keys(outputs)
    .sort()
    .map((name) => parseOutput(name, member(outputs, name)));
}

function parseOutput(name: string, value: Json | undefined): StateOutput {
  const place = placeOfOutput(name);
  assertLine(name, place, MAX_NAME_BYTES);
  const output = asObject(value, place);
  return {
    name,
    value: member(output, 'value') ?? null,
    type: member(output, 'type') ?? null,
    sensitive: flagMember(output, 'sensitive', place),
  };
}

/** What is no name Terraform would give may be anything, so it is not repeated. */
function placeOfOutput(name: string): Place {
  return isIdentifier(name) ? below(OUTPUTS, name) : OUTPUTS;
}

/** Unknown members of outputs (OpenTofu's `deprecated`) stand under `outputs`, by the name of the output. */
function parseUnknown(root: JsonObject): JsonObject {
  const unknown = unknownMembers(root, KNOWN_ROOT) ?? {};
  const perOutput = Object.entries(objectMember(root, 'outputs', undefined) ?? {}).flatMap(([name, output]) => {
    const members = unknownMembers(asObject(output, placeOfOutput(name)), KNOWN_OUTPUT);
    return members === undefined ? [] : [[name, members] as const];
  });
  return perOutput.length === 0 ? unknown : { ...unknown, outputs: Object.fromEntries(perOutput) };
}

function emptyState(): ParseError {
  return new ParseError('state-empty', 'expected a state, got 0 bytes', {
    hint: 'Terraform truncates the file before it writes; if it stays empty, the write failed or the state moved.',
  });
}
