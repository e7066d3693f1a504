// Key epochs that the snapshots of a database were redacted under: an id that stands here belongs to one key for ever.
import { existsSync } from 'node:fs';
import { openDatabaseReadOnly } from './database.ts';

/** Empty where there is no database yet. */
export function readUsedEpochs(path: string): ReadonlySet<string> {
  if (!existsSync(path)) return new Set();
  const database = openDatabaseReadOnly(path);
  try {
    const rows = database.prepare<[], [string, string]>('SELECT knowledge, content_tag FROM state').raw().all();
    // "<policy>:<epoch>:<taint>", or "committed:<epoch>:<commitment>" where it was rebuilt from the log.
    return new Set(rows.flat().flatMap((text) => text.split(':').filter((part) => /^e[1-9][0-9]*$/u.test(part))));
  } finally {
    database.close();
  }
}
