// What every entry of the program does at its edges: no core files, and errors as text.
import { writeFileSync } from 'node:fs';
import { StatesealError, describeForeign } from './errors.ts';
import { escapeText } from './terminal.ts';

/** Secrets pass through this process's memory: no core file holds them. */
export function hardenProcess(): void {
  try {
    // A core file leaves out every mapping; the limit itself is the service unit's (LimitCORE=0).
    writeFileSync('/proc/self/coredump_filter', '0');
  } catch (error) {
    // Not Linux, or /proc is hidden: nothing to set.
    if (!(error instanceof Error)) throw error;
  }
}

/** What the user is told; never the text of a foreign error. */
export function formatError(error: unknown): string {
  if (error instanceof StatesealError) {
    return `stateseal: ${escapeText(error.message)} [${error.code}]\nhint: ${escapeText(error.hint)}\n`;
  }
  return `stateseal: unexpected failure: ${describeForeign(error)} [unexpected]\n${placesOf(error)}`;
}

/** Where an unexpected failure came from, without its message, which may quote input. */
function placesOf(error: unknown): string {
  if (!(error instanceof Error)) return '';
  const places = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return places.length === 0 ? '' : `${places.slice(0, 6).join('\n')}\n`;
}
