// Where a run keeps its state, from `.terraform/terraform.tfstate` and the name of the workspace. The file holds secrets
// in clear: the members named here are read, which say where, and nothing else.
import { parseJson } from '../json/parse.ts';
import { isJsonObject, member, type Json, type JsonObject } from '../json/value.ts';
import { firstOf, hostOf, toUrl } from './backend-pointer.ts';

export interface BackendPlace {
  readonly type: string;
  /** Of a remote state: scheme, then segments, of this workspace. Undefined where a part of it is missing or not known. */
  readonly remote: readonly string[] | undefined;
  /** Of a local backend: the state's path, relative to the working directory; else ''. */
  readonly statePath: string;
}

const MAX_PART_UNITS = 1024;
const DEFAULT = 'default';

/** Without a pointer, or without a backend in it, a run is local. */
export function localPlace(workspace: string, path?: string, workspaceDir?: string): BackendPlace {
  const file = path ?? 'terraform.tfstate';
  const folder = workspaceDir ?? 'terraform.tfstate.d';
  const statePath = workspace === DEFAULT ? file : `${folder}/${workspace}/terraform.tfstate`;
  return { type: 'local', remote: undefined, statePath };
}

/** `environment`: what Terraform takes from it where the file is silent. Undefined for bytes that are no pointer. Never throws. */
export function parseBackendPlace(
  bytes: Uint8Array,
  workspace: string,
  environment: Variables = {},
): BackendPlace | undefined {
  const backend = readBackend(bytes);
  if (backend === undefined) return undefined;
  const type = member(backend, 'type');
  if (typeof type !== 'string' || !/^[a-z][a-z0-9_-]{0,63}$/.test(type)) return undefined;
  const config = member(backend, 'config');
  const text = textsOf(config);
  if (type === 'local') return localPlace(workspace, text('path'), text('workspace_dir'));
  if (type === 'http')
    return { type, remote: webPlace(given(environment, 'TF_HTTP_ADDRESS') ?? text('address')), statePath: '' };
  const named = REMOTE[type]?.(text, workspace, config, environment);
  const isWhole = named?.every((part) => part !== undefined && part !== '') === true;
  return { type, remote: isWhole ? named?.flatMap((part) => (part ?? '').split('/')) : undefined, statePath: '' };
}

/** What `.terraform/environment` or TF_WORKSPACE says; `default` for what can be no name of a workspace. */
export function parseWorkspace(text: string): string {
  const name = text.trim();
  return /^[A-Za-z0-9_.~-]{1,90}$/u.test(name) ? name : DEFAULT;
}

type Texts = (name: string) => string | undefined;
type Parts = readonly (string | undefined)[];
type Variables = Readonly<Record<string, string | undefined>>;
type Namer = (text: Texts, workspace: string, config: Json | undefined, environment: Variables) => Parts;

/** Each backend's own naming of workspaces (docs/TERRAFORM.md §5). */
const REMOTE: Readonly<Record<string, Namer>> = {
  s3: (text, workspace) => {
    const prefix = workspace === DEFAULT ? [] : [text('workspace_key_prefix') ?? 'env:', workspace];
    return ['s3', text('bucket'), ...prefix, text('key')];
  },
  gcs: (text, workspace) => ['gs', text('bucket'), ...trimmed(text('prefix')), `${workspace}.tfstate`],
  azurerm: (text, workspace) => [
    'azurerm',
    text('storage_account_name'),
    text('container_name'),
    suffixed(text('key'), 'env:', workspace),
  ],
  consul: (text, workspace) => ['consul', hostOf(text('address')), suffixed(text('path'), '-env:', workspace)],
  pg: (text, workspace, _, environment) => {
    const url = toUrl(text('conn_str'));
    const isDatabase = url !== undefined && /^postgres(?:ql)?:$/.test(url.protocol);
    const place = isDatabase ? [url.host, url.pathname.slice(1)] : [undefined];
    return [
      'pg',
      ...place,
      text('schema_name') ?? given(environment, 'PG_SCHEMA_NAME') ?? 'terraform_remote_state',
      workspace,
    ];
  },
  kubernetes: (text, workspace, _, environment) => {
    const suffix = text('secret_suffix');
    const namespace = text('namespace') ?? given(environment, 'KUBE_NAMESPACE') ?? 'default';
    return ['kubernetes', namespace, suffix && `tfstate-${workspace}-${suffix}`];
  },
  remote: platformPlace('remote'),
  cloud: platformPlace('cloud'),
};

/** HCP Terraform and Enterprise: a workspace by name, by prefix, or the selected one of several. */
function platformPlace(scheme: string): Namer {
  return (text, workspace, config, environment) => {
    const workspaces = textsOf(isJsonObject(config) ? firstOf(member(config, 'workspaces')) : undefined);
    const name = workspaces('name') ?? `${workspaces('prefix') ?? ''}${workspace}`;
    const host = text('hostname') ?? given(environment, 'TF_CLOUD_HOSTNAME') ?? 'app.terraform.io';
    return [scheme, host, text('organization') ?? given(environment, 'TF_CLOUD_ORGANIZATION'), name];
  };
}

/** User information, query and fragment are where tokens stand. */
function webPlace(address: string | undefined): readonly string[] | undefined {
  const url = toUrl(address);
  if (url === undefined || !/^https?:$/u.test(url.protocol)) return undefined;
  try {
    const path = url.pathname.split('/').filter((segment) => segment !== '');
    return [url.protocol.slice(0, -1), url.host, ...path.map(decodeURIComponent)];
  } catch {
    return undefined;
  }
}

function given(environment: Variables, name: string): string | undefined {
  return environment[name] === '' ? undefined : environment[name];
}

function suffixed(name: string | undefined, mark: string, workspace: string): string | undefined {
  return name === undefined || workspace === DEFAULT ? name : `${name}${mark}${workspace}`;
}

function trimmed(prefix: string | undefined): readonly string[] {
  const inner = (prefix ?? '').replaceAll(/^\/+|\/+$/gu, '');
  return inner === '' ? [] : [inner];
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

function textsOf(config: Json | undefined): Texts {
  return (name) => {
    const value = isJsonObject(config) ? member(config, name) : undefined;
    return typeof value === 'string' && value !== '' && value.length <= MAX_PART_UNITS ? value : undefined;
  };
}
