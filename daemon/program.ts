// What this program is: version and digest of its own files, for log.started.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** From package.json beside the program's folder. */
export function readVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return String((JSON.parse(text) as { version?: unknown }).version);
}

/** SHA-256 (hex) over names and bytes of all program files, in name order. */
export async function digestProgram(): Promise<string> {
  const names = (await readdir(import.meta.dirname, { recursive: true }))
    .filter((name) => /\.[jt]s$/.test(name))
    .sort();
  const hash = createHash('sha256');
  for (const name of names) hash.update(`${name}\0`).update(await readFile(join(import.meta.dirname, name)));
  return hash.digest('hex');
}
