// Where a remote state lives, from `.terraform/terraform.tfstate`. That file holds backend secrets in clear:
// a location is put together from named members only, and nothing else ever leaves this module.
import { Buffer } from 'node:buffer';
import { ParseError } from '../errors.ts';
import { parseJson } from '../json/parse.ts';
import { isJsonArray, isJsonObject, member, type Json, type JsonObject } from '../json/value.ts';
import { escapeUnprintable } from './hcl-string.ts';
import type { BackendPointer } from './state.ts';

const MAX_LOCATION_BYTES = 1024;
const POINTER_VERSION = 3;

/**
 * Parses the backend pointer that `init` writes (docs/TERRAFORM.md §1.1). Locations: s3://bucket/key,
 * gs://bucket/prefix, azurerm://account/container/key, http(s)://host/path, the path of a local state,
 * remote://host/organization/workspace (cloud:// alike), consul://host/path, pg://host/database; the bare type of
 * any other backend, and where a part is missing or longer than 1 KiB. Unprintable characters are escaped.
 * Throws ParseError `backend-malformed`, and those of parseJson.
 */
export function parseBackendPointer(bytes: Uint8Array): BackendPointer {
  const root = parseJson(bytes);
  if (!isJsonObject(root)) throw malformed('an object', 'the root');
  if (member(root, 'version') !== POINTER_VERSION) throw malformed(`version ${POINTER_VERSION}`, '/version');
  const backend = member(root, 'backend');
  if (!isJsonObject(backend)) throw malformed('an object', '/backend');
  const type = member(backend, 'type');
  if (typeof type !== 'string' || !/^[a-z][a-z0-9_-]{0,63}$/.test(type))
    throw malformed('a backend type', '/backend/type');
  const config = member(backend, 'config') ?? {};
  if (!isJsonObject(config)) throw malformed('an object', '/backend/config');
  return { type, location: bounded(locationOf(type, config) ?? type, type) };
}

function bounded(location: string, type: string): string {
  const text = escapeUnprintable(location);
  return Buffer.byteLength(text) <= MAX_LOCATION_BYTES ? text : type;
}

function locationOf(type: string, config: JsonObject): string | undefined {
  switch (type) {
    case 's3':
      return joined('s3', [text(config, 'bucket'), text(config, 'key')]);
    case 'gcs':
      return joined('gs', [text(config, 'bucket'), text(config, 'prefix')]);
    case 'azurerm':
      return joined('azurerm', [
        text(config, 'storage_account_name'),
        text(config, 'container_name'),
        text(config, 'key'),
      ]);
    case 'http':
      return httpLocation(text(config, 'address'));
    case 'local':
      return text(config, 'path') ?? 'terraform.tfstate';
    case 'remote':
    case 'cloud':
      return workspaceLocation(type, config);
    case 'consul':
      return joined('consul', [hostOf(text(config, 'address')), text(config, 'path')]);
    case 'pg':
      return databaseLocation(text(config, 'conn_str'));
    default:
      return undefined;
  }
}

/** A non-empty string member; anything else is as good as absent here. */
function text(config: JsonObject, name: string): string | undefined {
  const value = member(config, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** `scheme://first/second`, up to the first part that is missing; undefined when that is the first. */
function joined(scheme: string, parts: readonly (string | undefined)[]): string | undefined {
  const missing = parts.indexOf(undefined);
  const present = missing === -1 ? parts : parts.slice(0, missing);
  return present.length === 0 ? undefined : `${scheme}://${present.join('/')}`;
}

/** Userinfo, query and fragment may carry credentials. */
function httpLocation(address: string | undefined): string | undefined {
  const url = toUrl(address);
  if (url === undefined || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  return `${url.protocol}//${url.host}${url.pathname}`;
}

function workspaceLocation(type: string, config: JsonObject): string | undefined {
  const host = text(config, 'hostname') ?? 'app.terraform.io';
  const workspaces = firstOf(member(config, 'workspaces'));
  const workspace = isJsonObject(workspaces) ? (text(workspaces, 'name') ?? text(workspaces, 'prefix')) : undefined;
  return joined(type, [host, text(config, 'organization'), workspace]);
}

/** Older versions wrote a nested block as a list of one. */
export function firstOf(value: Json | undefined): Json | undefined {
  return isJsonArray(value) ? value[0] : value;
}

/** Consul's address is host:port, with or without a scheme. */
export function hostOf(address: string | undefined): string | undefined {
  if (address === undefined) return undefined;
  const url = toUrl(address.includes('://') ? address : `http://${address}`);
  return url === undefined || url.host === '' ? undefined : url.host;
}

/** Only the URL form: the keyword form ("host=… password=…") is not worth the risk of a wrong cut. */
function databaseLocation(connection: string | undefined): string | undefined {
  const url = toUrl(connection);
  if (url === undefined || !/^postgres(?:ql)?:$/.test(url.protocol) || url.host === '') return undefined;
  return `pg://${url.host}${url.pathname}`;
}

/** An @ behind the host is most likely a password with a slash in it: such an address is not repeated at all. */
export function toUrl(address: string | undefined): URL | undefined {
  if (address === undefined || !URL.canParse(address)) return undefined;
  const url = new URL(address);
  return /@|%40/.test(url.pathname) ? undefined : url;
}

function malformed(expected: string, place: string): ParseError {
  return new ParseError('backend-malformed', `expected ${expected}, got something else at ${place}`, {
    hint: 'The file is not a backend pointer as `init` writes it: run init again.',
  });
}
