// What a request asks for, from its method and address alone. Pure. Nothing of the address is ever repeated.
import type { Claim } from '../record/observation.ts';
import { NAME } from './credentials.ts';
import { parseRunContext } from './run-context.ts';

export type Operation = 'read' | 'write' | 'remove' | 'lock' | 'unlock';

export interface Target {
  readonly name: string;
  readonly operation: Operation;
  /** `?ID=` of a write; undefined without. */
  readonly lockId: string | undefined;
  readonly claims: readonly Claim[];
}

/** On /state/<name>; LOCK and UNLOCK are Terraform's defaults. */
const ON_STATE: ReadonlyMap<string, Operation> = new Map([
  ['GET', 'read'],
  ['POST', 'write'],
  ['PUT', 'write'],
  ['DELETE', 'remove'],
  ['LOCK', 'lock'],
  ['UNLOCK', 'unlock'],
]);
/** On /state/<name>/lock: for lock_method = "POST" and unlock_method = "DELETE", too. */
const ON_LOCK: ReadonlyMap<string, Operation> = new Map([
  ['POST', 'lock'],
  ['PUT', 'lock'],
  ['LOCK', 'lock'],
  ['DELETE', 'unlock'],
  ['UNLOCK', 'unlock'],
]);
const PATH = /^\/state\/([^/?]{1,63})(\/lock)?$/u;
const MAX_LOCK_ID_UNITS = 1024;

/** 'not-found': no address of ours. 'method-refused': one of ours, which does not take this method. */
export function parseTarget(method: string, address: string): Target | 'not-found' | 'method-refused' {
  const question = address.indexOf('?');
  const path = question < 0 ? address : address.slice(0, question);
  const query = question < 0 ? '' : address.slice(question + 1);
  const [, name = '', lockPart] = PATH.exec(path) ?? [];
  if (!NAME.test(name)) return 'not-found';
  const operation = (lockPart === undefined ? ON_STATE : ON_LOCK).get(method);
  if (operation === undefined) return 'method-refused';
  const lockId = new URLSearchParams(query).get('ID') ?? '';
  return {
    name,
    operation,
    lockId: lockId === '' ? undefined : lockId.slice(0, MAX_LOCK_ID_UNITS),
    claims: parseRunContext(query),
  };
}
