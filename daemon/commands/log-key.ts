// The verifier key of a log, from a flag, a file, or the data directory: what every verb needs that judges an archive.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, ParseError } from '../errors.ts';
import { createVerifier, type Verifier } from '../merkle/note.ts';
import type { CommandContext } from './command.ts';

/** `given` is the value of --key. Throws ConfigError `verify-key-missing`. */
export async function readLogVerifier(given: string | undefined, context: CommandContext): Promise<Verifier> {
  if (given?.includes('+') === true && !existsSync(given)) return toVerifier(given);
  const path = given ?? join(context.dataDir, 'keys', 'log.vkey');
  if (given === undefined && !existsSync(path)) throw keyMissing('expected the key of the log, got none');
  return toVerifier(Buffer.from(await context.readFile(path)).toString('utf8'));
}

function toVerifier(text: string): Verifier {
  try {
    return createVerifier(text.trim());
  } catch (error) {
    if (!(error instanceof ParseError)) throw error;
    throw keyMissing('expected a verifier key <name>+<key id>+<base64>, got something else');
  }
}

function keyMissing(message: string): ConfigError {
  return new ConfigError('verify-key-missing', message, {
    hint: 'give --key with the line that `stateseal watch` prints, or the file keys/log.vkey of its data directory',
  });
}
