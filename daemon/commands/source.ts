// `stateseal source list`: what the sources find: watched states, states they can only name, and what they cannot look at.
// From the log alone: it needs no running recorder, and says how old its answer is.
import { findingsJson, readFindings, type Findings } from '../answers/findings.ts';
import { withLog } from '../answers/open-log.ts';
import { formatLabels, type Labels } from '../store/labels.ts';
import type { ListedState, SourceInventory } from '../store/inventory.ts';
import { escapeText } from '../terminal.ts';
import { formatDuration } from '../verify/render-count.ts';
import { parseArguments, usageError } from './arguments.ts';
import type { Command, CommandContext } from './command.ts';
import { formatJsonLine } from './json-output.ts';
import { styleOf } from './log-output.ts';
import { formatTable, type Cell } from './render-table.ts';

const VERB = 'source';

export const sourceCommand: Command = {
  name: VERB,
  summary: 'what the sources find, and which states nobody watches',
  usage: `Usage: stateseal source list [--unwatched]

Every source by its newest inventory in the log: its places, what it watches, what it can only name, what it cannot look
at, its problems. A remote backend is known by the pointer that terraform init leaves (.terraform/terraform.tfstate): type
and location are read of it, nothing else. Works while no recorder runs; the age of the answer is said.

--unwatched   only the states that nobody watches: backends elsewhere, ignored ones, files that cannot be opened, and
              states that were watched and that nobody can look at now (silent)
--json        {"object":"source"|"place"|"unwatched"|"silent"|"problem",…} per line

Exit codes: 0 · 2 there is no log, or it cannot be read
`,
  async run(args, context) {
    const given = parseArguments(VERB, args, { unwatched: { type: 'boolean' } });
    if (given.has('help')) {
      context.stdout(sourceCommand.usage);
      return 0;
    }
    if (given.positionals.length !== 1 || given.positionals[0] !== 'list') {
      throw usageError(VERB, 'expected the word list after source, got something else');
    }
    const isJson = context.json || given.has('json');
    return withLog(context, (log) => {
      const findings = log.queries.atOneMoment(() => readFindings(log, given.has('unwatched')));
      if (isJson) findingsJson(findings).forEach((line) => context.stdout(formatJsonLine(line)));
      else context.stdout(formatFindings(findings, context));
      return 0;
    });
  },
};

const KIND_WORDS: Readonly<Record<string, string>> = {
  backend: 'elsewhere',
  ignored: 'ignored',
  refused: 'not opened',
  leftover: 'leftover',
};

function formatFindings({ inventories, places, labelOf, nameOf }: Findings, context: CommandContext): string {
  const style = styleOf(context);
  const { palette } = style;
  const lines: string[] = [];
  const rows: Cell[][] = [];
  for (const inventory of inventories) {
    const age = formatDuration(Math.max(0, context.now() - Date.parse(inventory.time)));
    const counts = `${inventory.watched} watched, ${inventory.unwatchedCount} not, ${inventory.unseenCount} silent`;
    if (places !== undefined)
      lines.push(
        `${palette.bold(escapeText(inventory.source))}   ${counts}   as of ${age} ago, record #${inventory.leafIndex}`,
      );
    rows.push(
      ...inventory.unseen.map(({ reference, code, since }) =>
        toRow('silent', nameOf(reference) || reference, `${code}, since ${since}`, labelOf(reference)),
      ),
      ...inventory.unwatched.map((state) =>
        toRow(KIND_WORDS[state.kind] ?? state.kind, whereOf(state), whyOf(state), labelOf(state.reference)),
      ),
    );
    if (places === undefined) continue;
    for (const { code, message } of inventory.problems) rows.push(toRow('problem', message, code, {}));
    if (!inventory.isWhole) lines.push(palette.warning('its list is no longer here: restore it from the archive'));
  }
  const placeRows = (places ?? []).map(({ prefix, path, states, unwatched }): Cell[] => [
    { text: '  place' },
    { text: escapeText(prefix) },
    { text: `${states} ${states === 1 ? 'state' : 'states'} in the log` },
    { text: unwatched === 0 ? '' : `${unwatched} not watched` },
    { text: escapeText(path) },
  ]);
  lines.push(...formatTable(placeRows, style.columns), ...formatTable(rows, style.columns));
  if (inventories.length === 0) lines.push('no inventory in the log yet: it is recorded when a recorder starts');
  else if (places === undefined && !context.quiet)
    lines.push(...foot(inventories, context).map((text) => palette.dim(text)));
  return `${lines.join('\n')}\n`;
}

function toRow(word: string, where: string, why: string, labels: Labels): Cell[] {
  return [word, where, formatLabels(labels), why].map((text, index) => ({
    text: (index === 0 ? '  ' : '') + escapeText(text),
  }));
}

/** A backend by its location; a file by its place. */
function whereOf({ backend, reference }: ListedState): string {
  return backend?.location ?? reference;
}

function whyOf({ backend, reference, reason, kind }: ListedState): string {
  if (backend !== undefined) return `named by ${reference}`;
  return kind === 'ignored' ? '' : reason;
}

function foot(inventories: readonly SourceInventory[], context: CommandContext): string[] {
  const unwatched = inventories.reduce((sum, inventory) => sum + inventory.unwatchedCount, 0);
  const silent = inventories.reduce((sum, inventory) => sum + inventory.unseenCount, 0);
  const ages = inventories.map(({ time }) => Math.max(0, context.now() - Date.parse(time)));
  const what = `${unwatched} ${unwatched === 1 ? 'state' : 'states'} that nobody watches, ${silent} silent`;
  return ['', `${what}; found ${formatDuration(Math.max(...ages))} ago and unchanged since, as far as the log tells`];
}
