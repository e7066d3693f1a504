// The verifier key of a log, as verbs that check an archive take it.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError, ParseError } from '../errors.ts';
import { createVerifier, type Verifier } from '../merkle/note.ts';
import type { Arguments } from './arguments.ts';
import type { CommandContext } from './command.ts';

/** From --key, as text or as a file; else the data directory's own. Throws ConfigError `verify-key-missing`. */
export async function readVerifier(given: Arguments, context: CommandContext): Promise<Verifier> {
  const text = given.text('key');
  if (text?.includes('+') === true && !existsSync(text)) return toVerifier(text);
  const path = text ?? join(context.dataDir, 'keys', 'log.vkey');
  if (text === undefined && !existsSync(path)) throw keyMissing('expected the key of the log, got none');
  const content = Buffer.from(await context.readFile(path)).toString('utf8');
  return toVerifier(content);
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
