// What `stateseal import` prints: one line of progress where somebody looks, and the counts at the end. Every figure is of
// the log.
import type { ImportProgress } from '../history-import.ts';
import type { KindCounts } from '../importing.ts';
import { escapeText } from '../terminal.ts';
import type { CommandContext } from './command.ts';

export interface ImportScreen {
  progress(progress: ImportProgress): void;
  problem(problem: { readonly code: string; readonly message: string; readonly hint: string }): void;
  note(text: string): void;
  /** Returns the exit code. */
  done(progress: ImportProgress, counts: KindCounts | undefined, what: 'imported' | 'counted'): number;
}

const PROGRESS_MS = 200;
const MAX_NAMED = 10;

export function createImportScreen(context: CommandContext): ImportScreen {
  let shownMs = 0;
  let isLineOpen = false;
  let lastProblem = '';
  const endLine = (): void => {
    if (isLineOpen) context.stderr('\r\x1b[K');
    isLineOpen = false;
  };
  return {
    progress({ done, states, versions }) {
      if (!context.isTerminal || context.json || context.quiet || context.now() - shownMs < PROGRESS_MS) return;
      shownMs = context.now();
      isLineOpen = true;
      context.stderr(`\r\x1b[K  ${versions} versions, ${done} of ${states} states`);
    },
    problem({ code, message, hint }) {
      if (lastProblem === `${code} ${message}`) return;
      lastProblem = `${code} ${message}`;
      endLine();
      context.stderr(`problem   ${escapeText(message)} [${code}]\n          hint: ${escapeText(hint)}\n`);
    },
    note: (text) => context.stderr(`${text}\n`),
    done(progress, counts, what) {
      endLine();
      const { isStopped } = progress;
      if (context.json) context.stdout(`${JSON.stringify({ ...progress, what, ...counts })}\n`);
      else if (!context.quiet) context.stdout(formatReport(progress, counts, what));
      return isStopped ? 2 : 0;
    },
  };
}

function formatReport(progress: ImportProgress, counts: KindCounts | undefined, what: 'imported' | 'counted'): string {
  const { states, versions, from, to, skipped, strangers, isStopped, records } = progress;
  const days = from === '' ? '' : `, ${from.slice(0, 10)} .. ${to.slice(0, 10)}`;
  const lines = [`${count(states, 'state')}, ${count(versions, 'version')}${days}`];
  if (counts !== undefined) lines.push(formatCounts(counts));
  if (counts !== undefined && counts.open > 0)
    lines.push(`${count(counts.open, 'run')} still holding the lock: recorded when it ends`);
  if (skipped.length > 0) lines.push(`left alone, recorded before: ${nameSome(skipped)}`);
  if (strangers > 0) lines.push(`${count(strangers, 'object')} named like a state, and none`);
  if (isStopped) lines.push('stopped before the end: run it again to go on');
  const next =
    what === 'imported'
      ? `imported: ${count(records, 'record')}; look at them: stateseal log`
      : 'counted only: nothing was kept';
  return [...lines, next].map((line) => `  ${line}\n`).join('');
}

function formatCounts({ changes, kinds, gaps }: KindCounts): string {
  const parts = Object.entries(kinds).sort(([, a], [, b]) => b - a);
  const named = parts.map(
    ([kind, number]) =>
      `${number} ${kind === 'manual' ? count(number, 'manual edit').slice(String(number).length + 1) : kind}`,
  );
  const list = named.length === 0 ? '' : `: ${named.join(', ')}`;
  return `${count(changes, 'change')}${list}${gaps === 0 ? '' : `; ${count(gaps, 'gap')} in the serials`}`;
}

function nameSome(names: readonly string[]): string {
  const shown = names.slice(0, MAX_NAMED).map(escapeText).join(', ');
  return names.length > MAX_NAMED ? `${shown} and ${names.length - MAX_NAMED} more` : shown;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
