// Names, widths and entry bundles of C2SP tlog-tiles. Knows nothing of who stores or serves them.
import { ParseError } from '../errors.ts';
import { assertSize } from './tree.ts';
import { parseDecimal } from './text.ts';

/** Hashes or entries in a full tile. */
export const TILE_WIDTH = 256;
/** Longest entry a bundle can hold: its length is a u16. */
export const MAX_ENTRY_BYTES = 65_535;
const maxLevel = 63;

export interface TilePath {
  /** `hashes`: node hashes of `level`; `entries`: the leaves themselves, level 0. */
  readonly kind: 'hashes' | 'entries';
  /** Tile level: 0 = leaf hashes, 1 = subtrees of 256 leaves, … */
  readonly level: number;
  readonly index: number;
  /** 256 for a full tile, 1 … 255 for a partial one. */
  readonly width: number;
}

/** `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`. Throws RangeError when a number is out of range. */
export function formatTilePath({ kind, level, index, width }: TilePath): string {
  const isLevel = Number.isInteger(level) && level >= 0 && level <= (kind === 'entries' ? 0 : maxLevel);
  const isWidth = Number.isInteger(width) && width >= 1 && width <= TILE_WIDTH;
  if (!isLevel || !isWidth) throw new RangeError('expected a tile level and width in range, got others');
  const suffix = width === TILE_WIDTH ? '' : `.p/${width}`;
  return `tile/${kind === 'entries' ? kind : level}/${formatTileIndex(index)}${suffix}`;
}

/** Throws ParseError `tile-path-invalid` unless the path is exactly what formatTilePath gives. */
export function parseTilePath(path: string): TilePath {
  const parts = /^tile\/(entries|\d{1,2})\/((?:x\d{3}\/){0,5}\d{3})(?:\.p\/(\d{1,3}))?$/.exec(path);
  const [, place = '', indexText = '', widthText] = parts ?? [];
  const kind = place === 'entries' ? 'entries' : 'hashes';
  const level = kind === 'entries' ? 0 : parseDecimal(place);
  const width = widthText === undefined ? TILE_WIDTH : parseDecimal(widthText);
  const index = Number(indexText.replace(/[x/]/g, ''));
  if (parts === null || level === undefined || level > maxLevel || !Number.isSafeInteger(index)) throw invalidPath();
  const isWidth = width !== undefined && width >= 1 && (widthText === undefined || width < TILE_WIDTH);
  // Leading groups of zeros would be a second name of the same tile.
  if (!isWidth || formatTileIndex(index) !== indexText) throw invalidPath();
  return { kind, level, index, width };
}

/** Width of the partial tile at the right edge of `level` for a tree of `size` leaves; 0 = there is none. */
export function partialWidth(level: number, size: number): number {
  return nodeCount(level, size) % TILE_WIDTH;
}

/** How many hashes tile `index` of `level` has in a tree of `size` leaves: 0 (no such tile) … 256. */
export function tileWidth(level: number, index: number, size: number): number {
  return Math.min(TILE_WIDTH, Math.max(0, nodeCount(level, size) - index * TILE_WIDTH));
}

/** (u16be length ‖ bytes)*. Throws RangeError for an entry over 65,535 bytes or more than 256 of them. */
export function encodeEntryBundle(entries: readonly Uint8Array[]): Uint8Array {
  if (entries.length > TILE_WIDTH)
    throw new RangeError(`expected at most ${TILE_WIDTH} entries, got ${entries.length}`);
  return Buffer.concat(entries.flatMap((entry) => [lengthPrefix(entry.length), entry]));
}

/** The entries, as views. Throws ParseError `entry-bundle-malformed`: cut short, empty, or more than 256 entries. */
export function decodeEntryBundle(bundle: Uint8Array): Uint8Array[] {
  const view = new DataView(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  const entries: Uint8Array[] = [];
  let position = 0;
  while (position < bundle.length) {
    const end = position + 2 <= bundle.length ? position + 2 + view.getUint16(position) : Infinity;
    if (end > bundle.length || entries.length === TILE_WIDTH) throw malformedBundle();
    entries.push(bundle.subarray(position + 2, end));
    position = end;
  }
  if (entries.length === 0) throw malformedBundle();
  return entries;
}

/** Groups of three digits, all but the last prefixed "x": 1234067 → `x001/x234/067`. */
function formatTileIndex(index: number): string {
  assertSize(index);
  const digits = String(index);
  const groups = digits.padStart(Math.ceil(digits.length / 3) * 3, '0').match(/\d{3}/g) ?? [];
  return groups.map((group, position) => (position < groups.length - 1 ? `x${group}` : group)).join('/');
}

/** Hashes at tile level `level`; dividing by a power of two is exact at any size. */
function nodeCount(level: number, size: number): number {
  assertSize(size);
  return Math.floor(size / 256 ** level);
}

function lengthPrefix(length: number): Uint8Array {
  if (length > MAX_ENTRY_BYTES) throw new RangeError(`expected at most ${MAX_ENTRY_BYTES} entry bytes, got ${length}`);
  return Uint8Array.of(Math.floor(length / 256), length % 256);
}

function invalidPath(): ParseError {
  return new ParseError(
    'tile-path-invalid',
    'expected tile/<level>/<index> or tile/entries/<index>, got another path',
    {
      hint: 'see tlog-tiles: groups of three digits, all but the last prefixed x, `.p/<width>` for a partial tile',
    },
  );
}

function malformedBundle(): ParseError {
  return new ParseError('entry-bundle-malformed', 'expected 1 to 256 entries with their lengths, got other bytes', {
    hint: 'the bundle was cut or changed in transit: fetch it again',
  });
}
