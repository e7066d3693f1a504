// What Terraform's working directory says of a run: the backend, the workspace, where a local state lies.
import { realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { readHttpAddress, type RunEnvironment } from '../config-environment.ts';
import type { RunBackend, TerraformCommand } from '../record/run.ts';
import { formatRemoteUri } from '../sources/reference.ts';
import { localPlace, parseBackendPlace, parseWorkspace } from '../terraform/backend-place.ts';
import { readBounded, readBoundedText } from './bounded-file.ts';

/** A pointer with every setting of every backend is far below this. */
const MAX_POINTER_BYTES = 256 * 1024;

/** Where Terraform itself stands: -chdir counts from where it was called. */
export function workingDirectoryOf(command: TerraformCommand, cwd: string): string {
  return resolve(cwd, command.chdir);
}

/** Never throws; the type is '' where there is no such directory. `argv` may name another state of a local backend. */
export async function readBackend(
  directory: string,
  environment: RunEnvironment,
  argv: readonly string[],
  httpAddress = readHttpAddress(),
): Promise<RunBackend> {
  const dataDir = resolve(directory, environment.TF_DATA_DIR ?? '.terraform');
  const workspace = await readWorkspace(dataDir, environment);
  if ((await realPathOf(directory)) === '') return { type: '', workspace, reference: '', statePath: '' };
  const pointer = await readBounded(join(dataDir, 'terraform.tfstate'), MAX_POINTER_BYTES);
  const named =
    pointer instanceof Uint8Array
      ? parseBackendPlace(pointer, workspace, { ...environment, TF_HTTP_ADDRESS: httpAddress })
      : undefined;
  const place = named ?? localPlace(workspace);
  const path = place.type === 'local' ? (stateFlagOf(argv) ?? place.statePath) : '';
  return {
    type: place.type,
    workspace,
    reference: place.remote === undefined ? '' : formatRemoteUri(place.remote),
    statePath: path === '' ? '' : await realPathOf(resolve(directory, path)),
  };
}

async function readWorkspace(dataDir: string, environment: RunEnvironment): Promise<string> {
  return parseWorkspace(environment.TF_WORKSPACE ?? (await readBoundedText(join(dataDir, 'environment'), 1024)) ?? '');
}

/** -state-out is where a run writes; -state alone is read and written. */
function stateFlagOf(argv: readonly string[]): string | undefined {
  return flagValue(argv, 'state-out') ?? flagValue(argv, 'state');
}

function flagValue(argv: readonly string[], name: string): string | undefined {
  const at = argv.findLastIndex((word) => word.replace(/^--/, '-').split('=', 1)[0] === `-${name}`);
  const word = argv[at];
  if (word === undefined) return undefined;
  const equals = word.indexOf('=');
  const value = equals < 0 ? argv[at + 1] : word.slice(equals + 1);
  return value === '' ? undefined : value;
}

/** Also of a file that is not there yet; '' where not even its folder is. */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    try {
      return join(await realpath(dirname(path)), basename(path));
    } catch {
      return '';
    }
  }
}
