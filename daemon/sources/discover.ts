// Lists the states in one directory, and walks a tree of them: bounded, ordered, never through a link.
// Names only; it opens backend pointers, for type and location, and the name of the workspace beside one.
import { opendir } from 'node:fs/promises';
import { join } from 'node:path';
import { describeForeign } from '../errors.ts';
import type { UnwatchedKind } from '../record/inventory.ts';
import { parseBackendPlace, parseWorkspace } from '../terraform/backend-place.ts';
import { parseBackendPointer } from '../terraform/backend-pointer.ts';
import type { BackendPointer } from '../terraform/state.ts';
import { openContained, readAtMost } from './contained-file.ts';
import type { IgnoreRules } from './ignore-rules.ts';
import { dataFolder, isPlanName, pointerName, stateNameKind, workspaceName } from './layout.ts';
import {
  formatDisplayText,
  formatRemoteUri,
  toNameCandidates,
  toPlace,
  type SourceRoot,
  type StatePlace,
} from './reference.ts';
import type { DiscoveredState, SourceProblem } from './source.ts';

export interface FoundState {
  readonly place: StatePlace;
  /** Why it is not watched; '' when it is. */
  readonly reason: string;
  readonly kind?: UnwatchedKind;
  readonly backend?: BackendPointer;
  readonly elsewhere?: string;
}

/** What one directory holds. `directories` are relative to the root, and only those that may be entered. */
export interface Listing {
  readonly found: readonly FoundState[];
  /** Files whose names are those of plans. */
  readonly plans: readonly StatePlace[];
  readonly directories: readonly string[];
  readonly entries: number;
  readonly problem: SourceProblem | undefined;
}

export interface ScanRules {
  readonly ignore: IgnoreRules;
  /** Absolute paths that belong to another root: neither entered nor listed. */
  readonly foreign: ReadonlySet<string>;
}

const maxPointerBytes = 1_048_576;
const maxWorkspaceBytes = 1024;

/** Never throws: a directory that is gone is empty, one that cannot be read is a problem. */
export async function listDirectory(root: SourceRoot, relative: string, rules: ScanRules): Promise<Listing> {
  const found: FoundState[] = [];
  const plans: StatePlace[] = [];
  const directories: string[] = [];
  let entries = 0;
  try {
    for await (const entry of await opendir(join(root.directory, relative), { bufferSize: 256 })) {
      entries += 1;
      const path = relative === '' ? entry.name : `${relative}/${entry.name}`;
      if (rules.foreign.has(join(root.directory, path))) continue;
      if (entry.isDirectory() && entry.name === dataFolder) found.push(...(await readPointer(root, path)));
      else if (entry.isDirectory() && !rules.ignore.prunes(path)) directories.push(path);
      const state = toFound(root, path, entry.name, rules.ignore);
      if (state !== undefined) found.push(state);
      else if (entry.isFile() && isPlanName(entry.name) && !rules.ignore.hides(path)) plans.push(toPlace(root, path));
    }
  } catch (error) {
    return { found, plans, directories: directories.sort(), entries, problem: toProblem(root, relative, error) };
  }
  return { found, plans, directories: directories.sort(), entries, problem: undefined };
}

/** Every directory of a root, level by level, each level in order. Ends early after `maxEntries` names, with a problem. */
export async function* walkRoot(
  root: SourceRoot,
  rules: ScanRules,
  maxEntries: number,
): AsyncGenerator<readonly [relativeDirectory: string, listing: Listing]> {
  let level: readonly string[] = [''];
  let entries = 0;
  while (level.length > 0) {
    const next: string[] = [];
    for (const relative of level) {
      const listing = await listDirectory(root, relative, rules);
      entries += listing.entries;
      const problem = entries > maxEntries ? tooManyEntries(root, maxEntries) : listing.problem;
      yield [relative, { ...listing, problem }];
      if (entries > maxEntries) return;
      next.push(...listing.directories);
    }
    level = next;
  }
}

/** The only place of a root that is one file. */
export function listFileRoot(root: SourceRoot): FoundState {
  return { place: toPlace(root, root.fileName), reason: '' };
}

export function toDiscovered({ place, ...why }: FoundState): DiscoveredState {
  const { reference, displayPath } = place;
  return { reference, displayPath, nameCandidates: toNameCandidates(place), isWatched: why.reason === '', ...why };
}

function toFound(root: SourceRoot, path: string, name: string, ignore: IgnoreRules): FoundState | undefined {
  const kind = stateNameKind(name);
  if (kind === 'other') return undefined;
  const place = toPlace(root, path);
  if (kind === 'errored')
    return { place, kind: 'leftover', reason: 'left by a failed write to a remote backend: not a state of its own' };
  // Node gives U+FFFD for bytes that are no UTF-8: the name it shows cannot be opened.
  if (path.includes('\uFFFD')) return { place, kind: 'refused', reason: 'its name is not valid utf-8' };
  return ignore.hides(path) ? { place, kind: 'ignored', reason: 'ignored' } : { place, reason: '' };
}

/** A backend pointer beside the configuration: the state it names lives elsewhere (docs/TERRAFORM.md §1.1). */
async function readPointer(root: SourceRoot, dataPath: string): Promise<readonly FoundState[]> {
  const place = toPlace(root, `${dataPath}/${pointerName}`);
  const { path, displayPath } = place;
  const opening = await openContained({ directory: root.directory, path, displayPath, maxBytes: maxPointerBytes });
  const refuse = (reason: string): FoundState[] => [{ place, kind: 'refused', reason }];
  if (opening.outcome === 'refused') return refuse(formatDisplayText(opening.problem.message));
  if (opening.outcome !== 'opened') return [];
  try {
    const bytes = await readAtMost(opening.handle, maxPointerBytes);
    const backend = parseBackendPointer(bytes);
    const remote = parseBackendPlace(bytes, await readWorkspace(root, dataPath))?.remote;
    const elsewhere = remote === undefined ? {} : { elsewhere: formatRemoteUri(remote) };
    return [{ place, kind: 'backend', reason: formatDisplayText(backend.location), backend, ...elsewhere }];
  } catch {
    return refuse('a backend pointer that cannot be read');
  } finally {
    await opening.handle.close();
  }
}

/** The workspace that is selected beside a pointer; `default` where nothing says otherwise. */
async function readWorkspace(root: SourceRoot, dataPath: string): Promise<string> {
  const { path, displayPath } = toPlace(root, `${dataPath}/${workspaceName}`);
  const opening = await openContained({ directory: root.directory, path, displayPath, maxBytes: maxWorkspaceBytes });
  if (opening.outcome !== 'opened') return 'default';
  try {
    return parseWorkspace(Buffer.from(await readAtMost(opening.handle, maxWorkspaceBytes)).toString());
  } finally {
    await opening.handle.close();
  }
}

function toProblem(root: SourceRoot, relative: string, error: unknown): SourceProblem | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : '';
  if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
  const message = `${formatDisplayText(join(root.typedPath, relative))}: expected a readable directory, got ${describeForeign(error)}`;
  return { code: 'directory-unreadable', message };
}

function tooManyEntries(root: SourceRoot, maxEntries: number): SourceProblem {
  const message = `${formatDisplayText(root.typedPath)}: expected at most ${maxEntries} names in the tree, got more: the rest is not scanned`;
  return { code: 'scan-truncated', message };
}
