// stateseal exec: runs a command as if nobody were there, and has the run recorded. Loads nothing that reads the log, and
// never touches the streams of standard input and output: they belong to the command.
import { resolveSpoolDir, wantsTalk } from '../config-environment.ts';
import { ConfigError } from '../errors.ts';
import type { IgnoredSignal } from '../run/child-start.ts';
import { endAs } from '../run/child-end.ts';
import { listInheritedDescriptors } from '../run/inherited-descriptors.ts';
import { runWrapped, type WrapperOptions } from '../run/wrapper.ts';
import { assertOneOf, parseArguments, usageError } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { parseDuration } from './duration.ts';

const VERB = 'exec';
const OPTIONS = {
  spool: { type: 'string' },
  'fail-closed': { type: 'boolean' },
  budget: { type: 'string' },
  pull: { type: 'string' },
  argv0: { type: 'string' },
  ignored: { type: 'string' },
} as const;

export const execCommand: Command = {
  name: VERB,
  summary: 'run terraform or tofu and record the run',
  usage: `Usage: stateseal exec [--spool DIR] [--fail-closed] [--budget 2s] -- <command…>

Runs the command with this terminal, these files and signals, and ends as it ends. Who, commit, pull request and job,
the plan file, the -json stream and, on a remote backend, the state afterwards go to the recorder, sealed to its key.
If they cannot be left there the command runs all the same.

--spool DIR    where to leave them; default: $STATESEAL_SPOOL, /var/spool/stateseal, or the one of the data directory
--fail-closed  start nothing unless the start of the run is on disk: exit 2 then
--budget TIME  the longest wait for our own work after the command; default 2s
--pull TIME    the longest wait for a remote backend to give the state afterwards, on top of it; default 15s
--quiet        no word about what could not be recorded, unless STATESEAL_VERBOSE is set
For the shim: --argv0 NAME (what the command sees as its name), --ignored HUP,INT,QUIT,TERM,PIPE (signals it ignores)

Exit codes: those of the command; 126 and 127 when it cannot be run or found; 2 wrong flags, or not started
`,
  async run(args, context) {
    // Before anything else is opened.
    const descriptors = listInheritedDescriptors();
    const options = toOptions(args, context, descriptors);
    try {
      const { code, signal, delivery } = await runWrapped(options);
      if (delivery?.outcome === 'refused' && (!context.quiet || wantsTalk())) {
        context.stderr(`stateseal: this run is not recorded (${delivery.reason}): ${delivery.hint}\n`);
      }
      return await endAs(code, signal);
    } catch (error) {
      const status = error instanceof ConfigError ? START_FAILURES.get(error.code) : undefined;
      if (status === undefined || !(error instanceof ConfigError)) throw error;
      context.stderr(`stateseal: ${error.message} [${error.code}]\n`);
      return status;
    }
  },
};

/** As shells answer. */
const START_FAILURES: ReadonlyMap<string, number> = new Map([
  ['command-unusable', 126],
  ['command-missing', 127],
]);

const IGNORABLE = ['HUP', 'INT', 'QUIT', 'TERM', 'PIPE'] as const satisfies readonly IgnoredSignal[];

function toOptions(args: readonly string[], context: CommandContext, descriptors: readonly number[]): WrapperOptions {
  const end = args.indexOf('--');
  const argv = end < 0 ? [] : args.slice(end + 1);
  const given = parseArguments(VERB, end < 0 ? args : args.slice(0, end), OPTIONS);
  if (argv.length === 0 || given.positionals.length > 0) {
    const hint = 'for example: stateseal exec -- terraform apply';
    throw usageError(VERB, 'expected a command after --, got none', hint);
  }
  const ignored = given.list('ignored') ?? [];
  if (ignored.length > 0) assertOneOf(VERB, '--ignored', ignored, IGNORABLE);
  const cwd = process.cwd();
  return {
    argv,
    argv0: given.text('argv0'),
    cwd,
    spoolDir: resolveSpoolDir(given.text('spool'), cwd, context),
    isFailClosed: given.has('fail-closed'),
    budgetMs: parseDuration(VERB, '--budget', given.text('budget') ?? '2s'),
    pullMs: parseDuration(VERB, '--pull', given.text('pull') ?? '15s'),
    ignored: IGNORABLE.filter((name) => ignored.includes(name)),
    descriptors,
  };
}
