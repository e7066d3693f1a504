// Where a run keeps its state, from `.terraform/terraform.tfstate` and the name of the workspace. The file holds secrets
// in clear: type, bucket, key, prefix of workspaces and the local paths are read, and nothing else.
import { parseJson } from '../json/parse.ts';
import { isJsonObject, member, type JsonObject } from '../json/value.ts';

export interface BackendPlace {
  readonly type: string;
  /** Of an s3 backend: bucket and key of this workspace; undefined for other types, and where a part is missing. */
  readonly object: { readonly bucket: string; readonly key: string } | undefined;
  /** Of a local backend: the state's path, relative to the working directory; else ''. */
  readonly statePath: string;
}

const MAX_PART_UNITS = 1024;

/** Without a pointer, or without a backend in it, a run is local. */
export function localPlace(workspace: string, path?: string, workspaceDir?: string): BackendPlace {
  const file = path ?? 'terraform.tfstate';
  const folder = workspaceDir ?? 'terraform.tfstate.d';
  const statePath = workspace === 'default' ? file : `${folder}/${workspace}/terraform.tfstate`;
  return { type: 'local', object: undefined, statePath };
}

/** Undefined for bytes that are no pointer. Never throws. */
export function parseBackendPlace(bytes: Uint8Array, workspace: string): BackendPlace | undefined {
  const backend = readBackend(bytes);
  if (backend === undefined) return undefined;
  const type = member(backend, 'type');
  if (typeof type !== 'string' || !/^[a-z][a-z0-9_-]{0,63}$/.test(type)) return undefined;
  const config = member(backend, 'config');
  const text = (name: string): string | undefined => (isJsonObject(config) ? shortText(config, name) : undefined);
  if (type === 'local') return localPlace(workspace, text('path'), text('workspace_dir'));
  return { type, object: type === 's3' ? toObject(text, workspace) : undefined, statePath: '' };
}

/** The backend's own naming: `env:/<workspace>/<key>` unless workspace_key_prefix says otherwise. */
function toObject(text: (name: string) => string | undefined, workspace: string): BackendPlace['object'] {
  const [bucket, key] = [text('bucket'), text('key')];
  if (bucket === undefined || key === undefined) return undefined;
  const prefix = workspace === 'default' ? '' : `${text('workspace_key_prefix') ?? 'env:'}/${workspace}/`;
  return { bucket, key: prefix + key };
}

function readBackend(bytes: Uint8Array): JsonObject | undefined {
  try {
    const root = parseJson(bytes);
    const backend = isJsonObject(root) ? member(root, 'backend') : undefined;
    return isJsonObject(backend) ? backend : undefined;
  } catch {
    return undefined; // Its message says nothing that a run's record needs.
  }
}

function shortText(config: JsonObject, name: string): string | undefined {
  const value = member(config, name);
  return typeof value === 'string' && value !== '' && value.length <= MAX_PART_UNITS ? value : undefined;
}
