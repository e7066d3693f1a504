// `stateseal secret check`: was this value ever in a state, and where? The value comes by standard input and never
// leaves this process; what is printed names places and times only.
import { withLog } from '../answers/open-log.ts';
import { ConfigError } from '../errors.ts';
import { readRedactionKeys } from '../keys.ts';
import { createPalette } from '../terminal.ts';
import { parseArguments, usageError } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import { formatSightings, sightingJson } from './render-secret.ts';
import { searchSecret } from './secret-search.ts';

const VERB = 'secret';

export const secretCommand: Command = {
  name: VERB,
  summary: 'was this value ever in a state?',
  usage: `Usage: stateseal secret check --stdin < file

Answers where and when a value stood in a state, without ever having stored it: the recorder's keys turn the value
into the tags and commitments that were recorded. Reads the value from standard input (one newline at its end is
dropped), prints places and times, never the value. Needs the recorder's keys, so it runs where the recorder runs.

Finds the value where it was a whole value, hidden or shown; and says when it is known as part of secrets. Not found:
parts of longer hidden values, values in states encrypted by OpenTofu, in data sources, and in versions nobody saw.

--json  {"object":"sighting","where":"state"|"change"|"baseline","state","address","path","number","time","shown"} per line,
        then {"object":"summary","sightings","knownAsSecret","unchecked"}

Exit codes: 0 it was never seen · 1 it was · 2 could not look
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, { stdin: { type: 'boolean' } });
    if (given.has('help')) {
      context.stdout(secretCommand.usage);
      return 0;
    }
    const [action, ...more] = given.positionals;
    if (action !== 'check' || more.length > 0) {
      throw usageError(
        VERB,
        'expected the word check alone, got something else',
        'pipe the value: stateseal secret check --stdin',
      );
    }
    if (!given.has('stdin')) {
      throw usageError(
        VERB,
        'expected --stdin, got none',
        'a value in the arguments would stand in the process list: pipe it',
      );
    }
    return check(context, context.json || given.has('json'));
  },
};

async function check(context: CommandContext, isJson: boolean): Promise<number> {
  const value = decodeValue(await context.readStdin());
  const keys = await readRedactionKeys(context.dataDir);
  const result = await withLog(context, ({ database, queries }) =>
    queries.atOneMoment(() => searchSecret(database, keys, value)),
  );
  if (isJson) {
    result.sightings.forEach((sighting) => context.stdout(formatJsonLine(sightingJson(sighting))));
    const { isKnownSecret, uncheckedCount } = result;
    const summary = { sightings: result.sightings.length, knownAsSecret: isKnownSecret, unchecked: uncheckedCount };
    context.stdout(formatJsonLine({ object: 'summary', ...summary }));
  } else context.stdout(formatSightings(result, createPalette(context.color)));
  return result.sightings.length > 0 || result.isKnownSecret ? 1 : 0;
}

function decodeValue(bytes: Uint8Array): string {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes).replace(/\r?\n$/, '');
  } catch {
    throw new ConfigError('secret-input', 'expected utf-8 on standard input, got other bytes', {
      hint: 'states hold text: give the value as it would stand in one, binary values in base64',
    });
  }
  if (text !== '') return text;
  throw new ConfigError('secret-input', 'expected a value on standard input, got nothing', {
    hint: 'for example: stateseal secret check --stdin < leaked.txt',
  });
}
