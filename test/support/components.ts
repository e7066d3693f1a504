// Real components a suite may need: run with them, skip without them on a workstation, fail without them in CI.
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

const announced = new Set<string>();

/**
 * In a `before` hook: does nothing when the component is there. Else throws when CI=true, and otherwise skips the
 * suite after one printed line that says what is missing and how to install it.
 */
export function requireComponent(context: Mocha.Context, name: string, isThere: boolean, howToInstall: string): void {
  if (isThere) return;
  const message = `missing ${name}: ${howToInstall}`;
  if (process.env['CI'] === 'true') throw new Error(message);
  if (!announced.has(name)) console.log(`    skipped, ${message}`);
  announced.add(name);
  context.skip();
}

/** The path of a program, looked for on PATH and where daemons are installed; undefined when it is not there. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/local/sbin', '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
