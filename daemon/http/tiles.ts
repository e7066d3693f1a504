// The log for tools that know no stateseal: C2SP tlog-tiles under /tlog. Tiles hold what a signed checkpoint covers,
// nothing newer; a hash never changes, so every tile may be kept for ever.
import type { RequestHandler } from 'express';
import type { OpenLog } from '../answers/open-log.ts';
import { ParseError } from '../errors.ts';
import { encodeEntryBundle, parseTilePath, tileWidth, TILE_WIDTH, type TilePath } from '../merkle/tile.ts';
import type { Read } from './answer.ts';
import { RECORD_EXPIRED, sendProblem, TILE_UNKNOWN } from './problem.ts';
import { checkpoint } from './proofs.ts';
import { parseQuery, Refusal } from './question.ts';

export const tileCheckpoint: Read = checkpoint;

/** The path is no name of parameters: a tile's own grammar says what it is. */
export function createTileHandler(log: OpenLog): RequestHandler<Record<string, string>> {
  return (request, response) => {
    parseQuery(request.url, {});
    const path = parsePath(request.path.slice('/tlog/'.length));
    const bytes = path && log.queries.atOneMoment(() => readTile(log, path));
    if (bytes === undefined) return sendProblem(response, TILE_UNKNOWN);
    response.setHeader('cache-control', 'private, max-age=31536000, immutable');
    response.type('application/octet-stream').send(Buffer.from(bytes));
  };
}

function parsePath(path: string): TilePath | undefined {
  try {
    return parseTilePath(path);
  } catch (error) {
    if (error instanceof ParseError) return undefined;
    throw error;
  }
}

/** Undefined for what the newest checkpoint does not cover; a partial tile is cut from what has grown since. */
function readTile({ entries, leaves }: OpenLog, { kind, level, index, width }: TilePath): Uint8Array | undefined {
  const size = leaves.newestCheckpoint()?.size ?? 0;
  if (tileWidth(level, index, size) < width) return undefined;
  if (kind === 'hashes') return entries.tile(level, index).subarray(0, width * 32);
  const from = index * TILE_WIDTH;
  const lines = [...entries.range(from, from + width)].map(({ line }) => line);
  if (lines.some(({ length }) => length === 0)) throw new Refusal(RECORD_EXPIRED);
  return encodeEntryBundle(lines);
}
