// The "who" of a change or a lock: every claim with how it is known, and where claims contradict one another. Pure.
import { bestActors } from '../record/actors.ts';
import type { Claim } from '../record/observation.ts';
import { escapeText, padRight, textWidth, type Palette } from '../terminal.ts';
import { toolOf } from '../terraform/command-line.ts';
import { actorsOf } from './render-change.ts';

/** Best known first, then all claims side by side, then contradictions. Nothing is chosen between them. */
export function formatWho(claims: readonly Claim[], palette: Palette): string[] {
  if (claims.length === 0) return ['nobody is named by what was seen'];
  const isBeyondClaims = bestActors(claims).some(({ known }) => known === 'observed' || known === 'verified');
  const differs = differences(claims).map((text) => palette.warning(`differs: ${escapeText(text)}`));
  return [...(isBeyondClaims ? [actorsOf(claims).join(', ')] : []), ...formatRows(mergeParents(claims)), ...differs];
}

function formatRows(claims: readonly Claim[]): string[] {
  const rows = claims.map(({ field, value, known, by }) => [`${field} ${value}`, known, by].map(escapeText));
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => textWidth(row[column] ?? ''))));
  const limits = [64, 8];
  return rows.map((row) =>
    row
      .map((cell, column) => padRight(cell, Math.min(widths[column] ?? 0, limits[column] ?? 0)))
      .join('   ')
      .trimEnd(),
  );
}

/** "parent-1" and "parent-1-program" as one line: "bash, uid:1001 since …". */
function mergeParents(claims: readonly Claim[]): readonly Claim[] {
  const programs = new Map(claims.map((claim) => [claim.field, claim]));
  return claims.flatMap((claim) => {
    if (/^parent-\d+-program$/.test(claim.field)) return [];
    const program = /^parent-\d+$/.test(claim.field) ? programs.get(`${claim.field}-program`) : undefined;
    if (program === undefined) return [claim];
    const name = program.known === claim.known ? program.value : `${program.value} (${program.known})`;
    return [{ ...claim, value: `${name}, ${claim.value}` }];
  });
}

/** What cannot all be true, or is not what it calls itself. Empty where there is nothing to compare. */
export function differences(claims: readonly Claim[]): readonly string[] {
  const value = (field: string, known: Claim['known'], prefix = ''): string =>
    claims.find((claim) => claim.field === field && claim.known === known && claim.value.startsWith(prefix))?.value ??
    '';
  const found: string[] = [];
  const names = claims.filter(({ known, by }) => known === 'observed' && by === 'passwd').map((claim) => claim.value);
  const said = claims.find(({ field, by }) => field === 'actor' && by === 'lock-info')?.value ?? '';
  if (said !== '' && names.length > 0 && !names.includes(said)) {
    found.push(`the lock file names ${said}, the system ${[...new Set(names)].join(', ')}`);
  }
  const account = value('effective', 'observed') || value('actor', 'observed', 'uid:');
  const owner = value('owner', 'observed', 'uid:');
  if (account !== '' && owner !== '' && account !== owner) {
    found.push(`the lock file belongs to ${owner}, the kernel's lock was held by ${account}`);
  }
  const program = value('program', 'observed');
  const command = value('command', 'claimed');
  const isTool = toolOf(command.split(' ')[0] ?? '') !== undefined;
  if (program !== '' && isTool && toolOf(program) === undefined) {
    found.push(`the holder calls itself ${command.split(' ')[0] ?? ''}, the file that runs is ${program}`);
  }
  if (command !== '' && !isTool) found.push('the holder of the lock calls itself neither terraform nor tofu');
  return found;
}
