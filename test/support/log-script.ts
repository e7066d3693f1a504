// A seeded script of versions of one state, and what each must leave in a log, by the script alone: the oracle of fault
// and kill tests never asks the code under test what it has done.
import type { StateSighting } from '../../daemon/sources/source.ts';
import type { SightingContext } from '../../daemon/recorder/parts.ts';

export const SCRIPT_URI = 'dir:infra/network/terraform.tfstate';
export const SCRIPT_CONTEXT: SightingContext = {
  source: 'directory',
  nameCandidates: ['network'],
  isInitial: true,
  isFinalAttempt: false,
};
const LINEAGE = '8b6a1a3e-0b55-4c5c-9d33-3f1f3c0c0003';
const NARROW = 5;
/** So many attributes that what is hidden of them does not fit into a leaf: its change needs a blob. */
const WIDE_ATTRIBUTES = 260;
const WIDE = 'terraform_data.wide';

export interface LogScript {
  /** The state file of version `serial`, from 1 on. */
  bytes(serial: number): Buffer;
  /** What the recorder sees of it; `cursor` as the port says: nothing to read where the version is known. */
  sighting(serial: number, cursor: string): StateSighting;
  /** What observing the version leaves: a baseline, or one step per changed instance, in order of address. */
  steps(serial: number): readonly string[];
  /** What closing its change leaves. */
  closing(serial: number): readonly string[];
}

export function createLogScript(seed: number): LogScript {
  const isTouched = (name: string, serial: number): boolean => {
    if (serial <= 1) return false;
    if (name === WIDE) return serial % 4 === 0;
    const position = Number(name.at(-1));
    return position === serial % NARROW || mix(seed, serial * 31 + position) % 3 === 0;
  };
  const names = [...Array.from({ length: NARROW }, (_, index) => `terraform_data.narrow_${index}`), WIDE];
  const revision = (name: string, serial: number): number => {
    let count = 0;
    for (let version = 2; version <= serial; version += 1) if (isTouched(name, version)) count += 1;
    return count;
  };
  const bytes = (serial: number): Buffer => {
    const resources = names.map((name) => formatResource(name, `${seed} revision ${revision(name, serial)}`));
    const head = { version: 4, terraform_version: '1.11.4', serial, lineage: LINEAGE, outputs: {} };
    return Buffer.from(`${JSON.stringify({ ...head, resources, check_results: null }, null, 2)}\n`);
  };
  return {
    bytes,
    sighting: (serial, cursor) => toSighting(serial, cursor, bytes),
    steps: (serial) =>
      serial === 1
        ? ['baselined 1']
        : names.filter((name) => isTouched(name, serial)).map((name) => `step ${serial} ${name}`),
    closing: (serial) => (serial === 1 ? [] : [`changed ${serial}`]),
  };
}

function toSighting(serial: number, cursor: string, bytes: (serial: number) => Buffer): StateSighting {
  const sourceVersion = `version-${serial}`;
  return {
    reference: { uri: SCRIPT_URI, workspace: 'default' },
    condition: 'state',
    sourceVersion,
    bytes: cursor === sourceVersion ? new Uint8Array() : bytes(serial),
    effectiveTime: new Date(Date.UTC(2026, 5, 23) + serial * 1000).toISOString(),
    timeBasis: 'mtime',
    problem: undefined,
    lock: undefined,
    lockHoldsSince: 0,
    recentLocks: [],
    lastLock: undefined,
    backup: undefined,
    numberedBackupSeconds: 0,
  };
}

function formatResource(address: string, value: string) {
  const marks = address === WIDE ? [] : [[{ type: 'get_attr', value: 'text' }]];
  const attributes =
    address === WIDE
      ? Object.fromEntries(
          Array.from({ length: WIDE_ATTRIBUTES }, (_, index) => [`text_${index}`, `${value} ${index}`]),
        )
      : { text: value };
  return {
    mode: 'managed',
    type: 'terraform_data',
    name: address.slice(address.indexOf('.') + 1),
    provider: 'provider["terraform.io/builtin/terraform"]',
    instances: [{ schema_version: 0, attributes: { id: address, ...attributes }, sensitive_attributes: marks }],
  };
}

/** A number from two: the same for ever, without order. */
function mix(seed: number, index: number): number {
  let value = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  value = Math.imul(value ^ (value >>> 15), 0x2c1b3c6d) >>> 0;
  return (value ^ (value >>> 13)) >>> 0;
}
