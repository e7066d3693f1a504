// A state that no source watches, as runs show it: its names, its sighting, and how its row is told from a watched one.
// Pure.
import { BARE_SIGHTING, type StateSighting } from '../sources/source.ts';
import { formatReferenceUri } from '../sources/reference.ts';
import type { StateRow } from '../store/states.ts';
import type { SightingContext } from './parts.ts';

/** Name of the source in vantages, and prefix of its versions. */
export const RUN_SOURCE = 'run';
const VERSION_PREFIX = `${RUN_SOURCE}:`;

/** Only runs have shown this state so far. A source that begins to watch it takes the row over with its first version. */
export function isOfRuns({ sourceVersion }: Pick<StateRow, 'sourceVersion'>): boolean {
  return sourceVersion.startsWith(VERSION_PREFIX);
}

/** `key`: of the delivery. No lock was seen beside it, and nothing is known of versions in between. */
export function toRunSighting(
  reference: StateSighting['reference'],
  bytes: Uint8Array,
  effectiveTime: string,
  key: string,
): StateSighting {
  return {
    ...BARE_SIGHTING,
    reference,
    condition: 'state',
    sourceVersion: `${VERSION_PREFIX}${key}`,
    bytes,
    effectiveTime,
    timeBasis: 'run',
  };
}

export function toRunContext(uri: string, workspace: string): SightingContext {
  return { source: RUN_SOURCE, nameCandidates: toNames(uri, workspace), isInitial: true, isFinalAttempt: true };
}

/** "s3://bucket/infra/network.tfstate" → network, infra/network, bucket/infra/network; as a folder's file is named. */
function toNames(uri: string, workspace: string): readonly string[] {
  const segments = uri
    .replace(/^[a-z0-9+.-]+:\/*/u, '')
    .split('/')
    .filter((segment) => segment !== '' && !segment.startsWith('env:'));
  const last = (segments.at(-1) ?? '').replace(/\.(?:tfstate|json)$/u, '');
  // A backend that ends in the workspace's name has its own name before it.
  const isTold = last === 'terraform' || last === '' || last === workspace;
  const path = isTold ? segments.slice(0, -1) : [...segments.slice(0, -1), last];
  const suffix = workspace === '' || workspace === 'default' ? '' : `@${workspace}`;
  const names = path.map((_, index) => path.slice(path.length - 1 - index).join('/') + suffix);
  return names.length > 0 ? names : [uri];
}

/** A client's clock ahead of ours by more than this is not believed. */
const MAX_AHEAD_MS = 5 * 60 * 1000;

/** A time by a client's clock; '' where that is ahead of ours, which then stands for it. */
export function believedTime(time: string, nowMs: number): string {
  return Date.parse(time) > nowMs + MAX_AHEAD_MS ? '' : time;
}

export interface LocalRoot {
  readonly label: string;
  readonly path: string;
}

/** The `dir:` reference of an absolute path below a watched root, or of a root that is a file; '' below none. */
export function toLocalReference(path: string, roots: readonly LocalRoot[]): string {
  if (!path.startsWith('/') || path.split('/').some((segment) => segment === '..' || segment === '.')) return '';
  for (const { label, path: rootPath } of roots) {
    const directory = rootPath.replace(/\/$/u, '');
    if (path === directory) return formatReferenceUri(label, path.slice(path.lastIndexOf('/') + 1));
    if (path.startsWith(`${directory}/`)) return formatReferenceUri(label, path.slice(directory.length + 1));
  }
  return '';
}
