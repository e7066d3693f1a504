// The file that OpenTofu writes its lines of JSON to, beside its usual output (-json-into, from 1.12). Read after the run.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { readBounded } from './bounded-file.ts';

const FLAG = /^--?json-into(?:=(.*))?$/su;
const MAX_STREAM_BYTES = 64 * 1024 * 1024;
/** Of a file's time; what was written before the run is of another one. */
const SLACK_MS = 1_000;

/** The path as typed; undefined without the flag. */
export function jsonIntoOf(argv: readonly string[]): string | undefined {
  for (const [index, word] of argv.entries()) {
    const match = FLAG.exec(word);
    if (match === null) continue;
    const path = match[1] ?? argv[index + 1];
    return path === '' ? undefined : path;
  }
  return undefined;
}

/** What this run wrote there; undefined where that is no file, too large, or older than the run. */
export async function readJsonInto(
  argv: readonly string[],
  directory: string,
  startedAt: string,
): Promise<Uint8Array | undefined> {
  const typed = jsonIntoOf(argv);
  if (typed === undefined) return undefined;
  const path = resolve(directory, typed);
  const writtenMs = await stat(path).then(
    ({ mtimeMs }) => mtimeMs,
    () => undefined,
  );
  if (writtenMs === undefined || writtenMs < Date.parse(startedAt) - SLACK_MS) return undefined;
  const bytes = await readBounded(path, MAX_STREAM_BYTES);
  return bytes instanceof Uint8Array && bytes.length > 0 ? bytes : undefined;
}
