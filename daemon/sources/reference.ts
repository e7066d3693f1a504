// Where one local state lives: its canonical reference, the names people may call it by, and the files beside it.
// Text only; opens nothing. Names are hostile: what people see is escaped.
import { join } from 'node:path';
import { backupPathOf, lockPathOf, namingSegments, workspaceOf } from './layout.ts';
import type { StateReference } from './source.ts';

const KEPT = 'backend:';

/** A watched root after its path was resolved. */
export interface SourceRoot {
  readonly label: string;
  /** As the user typed it. */
  readonly typedPath: string;
  readonly kind: 'directory' | 'file';
  /** Real path of the directory everything must stay in: the root itself, or the parent of a file given by name. */
  readonly directory: string;
  /** The file's name when `kind` is 'file', else ''. */
  readonly fileName: string;
}

/** One state file and its companions, all absolute. */
export interface StatePlace {
  readonly reference: StateReference;
  readonly root: SourceRoot;
  /** '/'-separated, inside `root.directory`. */
  readonly relativePath: string;
  readonly path: string;
  readonly lockPath: string;
  readonly backupPath: string;
  /** Escaped for a terminal. */
  readonly displayPath: string;
}

export function toPlace(root: SourceRoot, relativePath: string): StatePlace {
  const path = join(root.directory, relativePath);
  return {
    reference: { uri: formatReferenceUri(root.label, relativePath), workspace: workspaceOf(path) },
    root,
    relativePath,
    path,
    lockPath: lockPathOf(path),
    backupPath: backupPathOf(path),
    displayPath: formatDisplayText(root.kind === 'file' ? root.typedPath : join(root.typedPath, relativePath)),
  };
}

/** `dir:<label>/<relative path>`, percent-encoded (RFC 3986 §2.1) where a byte is not plain printable ASCII. */
export function formatReferenceUri(label: string, relativePath: string): string {
  return `dir:${encodeSegment(label)}/${relativePath.split('/').map(encodeSegment).join('/')}`;
}

/** The label and relative path of a canonical reference; undefined for anything else, `..` and empty segments included. */
export function parseReferenceUri(uri: string): { readonly label: string; readonly relativePath: string } | undefined {
  if (!uri.startsWith('dir:')) return undefined;
  const segments = uri.slice('dir:'.length).split('/').map(decodeSegment);
  if (segments.length < 2 || segments.some(isUnusableSegment)) return undefined;
  const [label = '', ...path] = segments;
  const relativePath = path.join('/');
  return formatReferenceUri(label, relativePath) === uri ? { label, relativePath } : undefined;
}

/**
 * Names for a state, shortest first: its folder, then with ever more of the folders above, at last the root's label.
 * Another workspace than the default one follows after '@'.
 */
export function toNameCandidates(place: StatePlace): readonly string[] {
  const { workspace } = place.reference;
  const suffix = workspace === 'default' ? '' : `@${workspace}`;
  const segments = [place.root.label, ...namingSegments(place.relativePath)];
  const names = segments.slice(1).map((_, index) => segments.slice(segments.length - 1 - index).join('/'));
  const all = [...names, segments.join('/'), `${place.root.label}/${place.relativePath}`];
  return [...new Set(all.map((name, index) => formatDisplayText(index < all.length - 1 ? name + suffix : name)))];
}

/** Text that is safe on a terminal: control, format, bidirectional, separator and ill-formed characters as \u{hex}. */
export function formatDisplayText(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** `backend:<name>`: a state that the recorder keeps itself, as Terraform's http backend. */
export function formatKeptUri(name: string): string {
  return `${KEPT}${name}`;
}

export function isKeptUri(uri: string): boolean {
  return uri.startsWith(KEPT);
}

/** What a state backend of this kind calls the state behind an address; undefined where it is no such address. */
export function toKeptUri(address: string): string | undefined {
  const name = /^https?:\/\/[^/]+\/state\/([^/]+)$/u.exec(address)?.[1];
  return name === undefined ? undefined : formatKeptUri(name);
}

/** `s3://bucket/key`, `https://host/path`: scheme and segments of a place elsewhere, encoded alike. */
export function formatRemoteUri([scheme = '', ...segments]: readonly string[]): string {
  return `${scheme}://${segments.map(encodeSegment).join('/')}`;
}

export function encodeSegment(segment: string): string {
  return Array.from(Buffer.from(segment, 'utf8'), encodeByte).join('');
}

function encodeByte(byte: number): string {
  const character = String.fromCharCode(byte);
  const isPlain = byte > 0x20 && byte < 0x7f && !'%/"<>\\^`{|}#?'.includes(character);
  return isPlain ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/** '' for a segment that is no percent-encoding of UTF-8. */
function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return '';
  }
}

function isUnusableSegment(segment: string | undefined, index: number): boolean {
  if (segment === undefined || segment === '' || segment.includes('\0')) return true;
  return index > 0 && (segment === '.' || segment === '..' || segment.includes('/'));
}
