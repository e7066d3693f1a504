// The symbols and tallies of changes, as Terraform prints them, and the words of verdicts. Pure.
import type { ChangeCounts } from '../record/data.ts';
import { escapeText, type Palette } from '../terminal.ts';

export type ActionSymbol = '+' | '~' | '-' | '-/+' | '+/-' | '<=' | '.' | ' ';

/** The symbol of one instance's actions, in their order: delete before create is -/+. */
export function toSymbol(actions: readonly string[]): ActionSymbol {
  const create = actions.indexOf('create');
  const remove = actions.indexOf('delete');
  if (create >= 0 && remove >= 0) return remove < create ? '-/+' : '+/-';
  if (create >= 0 || actions.includes('import')) return '+';
  if (remove >= 0) return '-';
  if (actions.includes('forget')) return '.';
  if (actions.includes('read') || actions.includes('open')) return '<=';
  return actions.some((action) => action === 'update' || action === 'taint' || action === 'untaint') ? '~' : ' ';
}

export function paintSymbol(symbol: ActionSymbol, palette: Palette): string {
  if (symbol === '+') return palette.added(symbol);
  if (symbol === '~' || symbol === '<=') return palette.changed(symbol);
  if (symbol === ' ') return symbol;
  return palette.removed(symbol);
}

/** What a symbol does not say: "(imported)", "(tainted)"; '' when it says all. */
export function toRemark(actions: readonly string[]): string {
  if (actions.includes('import')) return '(imported)';
  if (actions.includes('taint')) return '(tainted)';
  if (actions.includes('untaint')) return '(untainted)';
  if (actions.includes('forget')) return '(forgotten, not destroyed)';
  return '';
}

/** "+3 ~1 -/+1", for tables; '' when nothing is counted. */
export function formatCounts(counts: ChangeCounts): string {
  const parts: [string, number][] = [
    ['+', counts.create],
    ['~', counts.update],
    ['-/+', counts.replace],
    ['-', counts.delete],
    ['.', counts.forget],
    ['moved ', counts.move],
    ['imported ', counts.import],
    ['tainted ', counts.taint],
    ['outputs ', counts.output],
  ];
  return parts
    .filter(([, count]) => count > 0)
    .map(([symbol, count]) => `${symbol}${count}`)
    .join(' ');
}

/** "0 added, 2 changed, 1 destroyed", a replacement counted as both, then what else there is. */
export function formatTally(counts: Omit<ChangeCounts, 'taint' | 'output'> & Partial<ChangeCounts>): string {
  const more: [number, string][] = [
    [counts.move, 'moved'],
    [counts.import, 'imported'],
    [counts.forget, 'forgotten'],
    [counts.taint ?? 0, 'tainted or untainted'],
    [counts.output ?? 0, counts.output === 1 ? 'output changed' : 'outputs changed'],
  ];
  return [
    `${counts.create + counts.replace} added`,
    `${counts.update} changed`,
    `${counts.delete + counts.replace} destroyed`,
    ...more.filter(([count]) => count > 0).map(([count, word]) => `${count} ${word}`),
  ].join(', ');
}

/** "as planned"; '' where nothing was judged. */
export function describeVerdict(verdict: string): string {
  return escapeText(verdict.replaceAll('-', ' '));
}
