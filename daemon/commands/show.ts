// `stateseal show`: a change or a record of the log in full, or a state file with its values redacted.
import { withLog } from '../answers/open-log.ts';
import { describeRecord } from '../answers/record-json.ts';
import { ConfigError } from '../errors.ts';
import type { Queries } from '../store/queries.ts';
import type { StoredRecord } from '../store/queries-summary.ts';
import { toRunEnd } from '../store/run-end.ts';
import { createPalette, type Palette } from '../terminal.ts';
import { parseArguments, usageError } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import { formatRecordedPlan } from './render-planned.ts';
import { formatStoredRecord, type Told } from './render-record.ts';
import { formatRunEnd } from './render-run.ts';
import { formatChange } from './render-show.ts';
import { showFile } from './show-file.ts';

const VERB = 'show';

export const showCommand: Command = {
  name: VERB,
  summary: 'one change or record in full; or a state or plan file, redacted',
  usage: `Usage: stateseal show <n|id|file>

<n>     number of a change or of any record: what, when, which kind and why we say so, who is named and how well
        that is known, and the evidence: batch, tree size, root, key, what the archive answered
<id>    the same, by the id of a record
<file>  a Terraform or OpenTofu state or plan (saved, or JSON): needs no log, no terraform and no provider; secrets and
        values not known to be harmless are hidden (a file whose name is a number: ./13)

--json  a change: the object of \`log --json\` with "evidence"; a record: {"object":"record","number","type","record",
        "evidence"}; a state: one {"object":"resource"|"output",…} per line, then {"object":"state","serial",…}; a plan:
        Terraform's JSON plan without planned values, prior state and configuration; hidden values are null and masked
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, {});
    if (given.has('help')) {
      context.stdout(showCommand.usage);
      return 0;
    }
    const [target, ...more] = given.positionals;
    if (target === undefined || more.length > 0)
      throw usageError(VERB, 'expected one number, id or file, got another count');
    const key = parseKey(target);
    if (key === undefined) return showFile(target, context, context.json || given.has('json'));
    return showRecord(key, context, context.json || given.has('json'));
  },
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** "12", "#12" → 12; a UUID → itself; anything else is a file. */
function parseKey(target: string): number | string | undefined {
  const number = /^#?([0-9]{1,15})$/.exec(target);
  if (number !== null) return Number(number[1]);
  return UUID.test(target) ? target.toLowerCase() : undefined;
}

function showRecord(key: number | string, context: CommandContext, isJson: boolean): Promise<number> {
  return withLog(context, ({ queries }) => {
    const stored = queries.readRecord(key);
    if (stored === undefined) throw missing(key, queries.size());
    if (isJson) {
      context.stdout(formatJsonLine(describeRecord(queries, stored)));
      return 0;
    }
    const palette = createPalette(context.color);
    const evidence = queries.evidence(stored.leafIndex);
    const detail = queries.readChange(stored.leafIndex);
    if (detail === undefined) {
      context.stdout(formatStoredRecord(stored, evidence, palette, toldBy(stored, queries, palette)));
    } else context.stdout(formatChange(detail, evidence, palette));
    return 0;
  });
}

/** What landed of a run and what did not; what a plan would change; nothing for another record. */
function toldBy(stored: StoredRecord, queries: Queries, palette: Palette): Told {
  const { type, data } = stored.record;
  if (type === 'run.finished')
    return { end: formatRunEnd(toRunEnd(stored), data, queries.runResources(stored), palette) };
  return type === 'plan.recorded' ? { plan: formatRecordedPlan(queries.plannedChanges(stored), palette) } : {};
}

function missing(key: number | string, size: number): ConfigError {
  const asked = typeof key === 'number' ? `record #${key}` : 'a record of that id';
  return new ConfigError('record-missing', `expected ${asked} in the log, got a log of ${size} records`, {
    hint: 'numbers stand at the end of each line of: stateseal log',
  });
}
