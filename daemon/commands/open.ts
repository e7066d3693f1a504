// `stateseal open`: a browser session for whoever owns the data directory. The address is printed and not handed to a
// browser: what stands in a command line every account of the host can read.
import { join } from 'node:path';
import { callDaemon } from '../control.ts';
import { parseArguments, usageError } from './arguments.ts';
import type { Command } from './command.ts';
import { formatJsonLine } from './json-output.ts';

const VERB = 'open';
const TIMEOUT_MS = 5_000;

export const openCommand: Command = {
  name: VERB,
  summary: 'address of the page, good once',
  usage: `Usage: stateseal open

Prints an address of the running recorder's page, good once and for a minute: open it in a browser of this host, or of
yours through  ssh -L 7373:127.0.0.1:7373 <host>. It becomes a session of twelve hours that may read everything and
seal; a restart of the recorder ends it.

--json  {"object":"session","url"}

Exit codes: 0 · 2 no recorder runs on this data directory, or its API is closed
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, {});
    if (given.has('help')) {
      context.stdout(openCommand.usage);
      return 0;
    }
    if (given.positionals.length > 0) throw usageError(VERB, 'expected no further words, got some');
    const answer = await callDaemon(join(context.dataDir, 'control.sock'), VERB, TIMEOUT_MS);
    const url = 'url' in answer ? String(answer.url) : '';
    if (context.json || given.has('json')) context.stdout(formatJsonLine({ object: 'session', url }));
    else context.stdout(`${url}\n`);
    return 0;
  },
};
