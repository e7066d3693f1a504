// stateseal note: attaches an explanation to an earlier record, for a gap above all; through the running daemon.
import { join } from 'node:path';
import { callDaemon } from '../control.ts';
import { parseArguments, parseCount, usageError } from './arguments.ts';
import type { Command } from './command.ts';

export const noteCommand: Command = {
  name: 'note',
  summary: 'attach an explanation to a record or a gap',
  usage: `Usage: stateseal note <n> <text> [--ticket ID] [--class emergency|exception|false-alarm]

Appends a note about record <n> to the log. A gap with a note counts as explained, a problem with a note is no longer in
log --unexplained. What is written stays: put no secret and no name of a person into it that must be forgotten one day.

  --ticket ID   where more is written about it: stateseal log --ticket 'INC-*'
  --class C     emergency: it had to be done at once (log --emergency); exception: accepted against the rule;
                false-alarm: nothing was wrong
  --json        print {"leafIndex": <number of the note>} instead of a line
Exit codes: 0 noted · 2 could not, for example because no daemon runs on this data directory
`,
  async run(args, context) {
    const given = parseArguments('note', args, { ticket: { type: 'string' }, class: { type: 'string' } });
    const [number = '', text = '', ...more] = given.positionals;
    if (more.length > 0 || text === '')
      throw usageError('note', 'expected a number and one quoted text, got something else');
    const target = parseCount('note', '<n>', number);
    const payload = { target, text, ticket: given.text('ticket'), class: given.text('class') };
    const { leafIndex } = (await callDaemon(join(context.dataDir, 'control.sock'), 'note', 10_000, payload)) as {
      leafIndex: number;
    };
    if (!context.quiet)
      context.stdout(context.json ? `{"leafIndex":${leafIndex}}\n` : `noted     #${leafIndex} about #${target}\n`);
    return 0;
  },
};
