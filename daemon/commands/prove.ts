// `stateseal prove`: one leaf's inclusion proof under the newest signed checkpoint, as a C2SP tlog-proof file.
import { withLog } from '../answers/open-log.ts';
import { proveLeaf } from '../answers/proof.ts';
import { writeFile } from 'node:fs/promises';
import { ConfigError, describeForeign } from '../errors.ts';
import { parseArguments, parseCount, usageError } from './arguments.ts';
import type { Command } from './command.ts';
import { formatJsonLine } from './json-output.ts';

const VERB = 'prove';

export const proveCommand: Command = {
  name: VERB,
  summary: 'write an inclusion proof',
  usage: `Usage: stateseal prove <n> [--out FILE]

Writes a tlog-proof for record n: its place in the log, checkable offline with the record and the log's public key:
  stateseal prove 13 --out 13.tlog-proof
  stateseal verify 13.tlog-proof --record 13.json --key log.vkey

--out FILE  write to a new file instead of standard output; an existing file is never overwritten
--json      {"object":"proof","number","size","proof"}: the text of the file as "proof"

The record must be sealed: when it is not yet, run stateseal seal first.
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, { out: { type: 'string' } });
    if (given.has('help')) {
      context.stdout(proveCommand.usage);
      return 0;
    }
    const [target, ...more] = given.positionals;
    if (target === undefined || more.length > 0)
      throw usageError(VERB, 'expected one record number, got another count');
    const leafIndex = parseCount(VERB, VERB, target.replace(/^#/, ''));
    const { text, size } = await withLog(context, (log) => log.queries.atOneMoment(() => proveLeaf(log, leafIndex)));
    const out = given.text('out');
    const isJson = context.json || given.has('json');
    const printed = isJson ? formatJsonLine({ object: 'proof', number: leafIndex, size, proof: text }) : text;
    if (out === undefined) context.stdout(printed);
    else await writeNew(out, text);
    return 0;
  },
};

async function writeNew(path: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: 'wx' });
  } catch (error) {
    throw new ConfigError('output-failed', `could not write the proof: ${describeForeign(error)}`, {
      hint: 'give --out the name of a file that does not exist yet, in a folder you may write to',
    });
  }
}
