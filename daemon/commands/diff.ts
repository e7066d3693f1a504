// `stateseal diff`: two state files compared, without daemon, data directory or key. Writes nothing.
import { compareFiles, comparisonJson, type Comparison } from '../answers/compare-states.ts';
import type { Subject } from '../answers/subject.ts';
import { createPalette, escapeText, type Palette } from '../terminal.ts';
import { parseArguments, usageError } from './arguments.ts';
import type { Command } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import { readStateFiles } from './observe-files.ts';
import { formatSubjects } from './render-change.ts';
import { formatTally } from './symbols.ts';

const VERB = 'diff';

export const diffCommand: Command = {
  name: VERB,
  summary: 'compare two state files',
  usage: `Usage: stateseal diff <old state> <new state>

Compares two Terraform or OpenTofu state files, resource instance by resource instance. Needs no recorder, writes
nothing, shows no secret that Terraform marks or the rules match; other strings not known to be harmless are hidden.

--json  one {"object":"resource"|"output","address","previousAddress"?,"actions","values":[{"path","before"?,"after"?,
        "hidden"?}]} per line, then {"object":"summary","counts","before":{"serial","lineage"},"after":{…}}

Exit codes: 0 no difference · 1 differences · 2 could not compare
A state cannot tell a removed block from a destroy, nor an import block from a create: they show as - and +.
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, {});
    if (given.has('help')) {
      context.stdout(diffCommand.usage);
      return 0;
    }
    const [before, after, ...more] = given.positionals;
    if (before === undefined || after === undefined || more.length > 0) {
      throw usageError(VERB, 'expected two state files, got another count');
    }
    const comparison = compareFiles(await readStateFiles([before, after], context));
    const isJson = context.json || given.has('json');
    if (isJson) comparisonJson(comparison).forEach((line) => context.stdout(formatJsonLine(line)));
    else context.stdout(formatComparison(comparison, createPalette(context.color)));
    return comparison.subjects.length === 0 ? 0 : 1;
  },
};

/** Ends with a newline. */
export function formatComparison({ before, after, subjects, counts }: Comparison, palette: Palette): string {
  const isSameLineage = before.lineage === after.lineage;
  const short = (lineage: string): string => escapeText(lineage.slice(0, 8));
  const lineage = isSameLineage ? short(after.lineage) : `${short(before.lineage)} -> ${short(after.lineage)}`;
  const serial = before.serial === after.serial ? after.serial : `${before.serial} -> ${after.serial}`;
  const lines = formatSubjects(withoutWhole(subjects), { palette, isFull: true }, '');
  return [...lines, `${formatTally(counts)}.   serial ${escapeText(serial)}, lineage ${lineage}`, ''].join('\n');
}

/** What was created or destroyed as a whole is named, not spelled out: `show` of the file does that. */
function withoutWhole(subjects: readonly Subject[]): Subject[] {
  return subjects.map((subject) => {
    const isWhole = subject.actions.length === 1 && ['create', 'delete'].includes(subject.actions[0] ?? '');
    const isScalar = subject.values.length === 1 && subject.values[0]?.path === '';
    return isWhole && !isScalar ? { ...subject, values: [] } : subject;
  });
}
