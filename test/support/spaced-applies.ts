// Three applies in a row, so far apart, again and again in one directory; what each left in the state, by its own list;
// and what the log made of each of them. The judge: it trusts the list, never the log.
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ChangeDetail } from '../../daemon/store/queries-change.ts';
import type { Terraform } from './terraform.ts';

const APPLIES = 3;

export const spacedConfiguration = `variable "n" { type = string }
resource "terraform_data" "a" { input = var.n }
resource "terraform_data" "b" { input = "b-\${terraform_data.a.output}" }
output "n" { value = var.n }
`;

/** What one apply left. */
export interface Final {
  readonly serial: string;
  readonly value: string;
}

/**
 * How an apply came out: alone; from the backup; within a change of several; split into several changes. 'lost': no
 * change and no record tells of it.
 */
export type Fate = 'single' | 'recovered' | 'merged' | 'split' | 'lost';

export interface Judgement {
  readonly fates: readonly Fate[];
  /** Links that are not true, and steps over an apply that claim to know of nothing between: must be empty. */
  readonly lies: readonly string[];
}

/** Pause after each apply of round `round`, 0 to 200 ms. */
export function spacingOf(seed: number, round: number): number {
  return createHash('sha256').update(`${seed}/${round}`).digest().readUInt32BE() % 201;
}

/** Applies three times; each final state as Terraform left it, read before the next begins. */
export async function applySpaced(terraform: Terraform, round: number, spacingMs: number): Promise<readonly Final[]> {
  const finals: Final[] = [];
  for (let turn = 1; turn <= APPLIES; turn += 1) {
    const value = `r${round}-${turn}`;
    await terraform.apply([], { env: { TF_VAR_n: value } });
    const { serial } = await terraform.readState();
    finals.push({ serial: String(serial), value });
    if (turn < APPLIES) await delay(spacingMs);
  }
  return finals;
}

/** `before` is what stood before the first of `finals`; `changes` all that was recorded since. */
export function judge(before: Final, finals: readonly Final[], changes: readonly ChangeDetail[]): Judgement {
  const serials = [before, ...finals].map(({ serial }) => serial);
  const fates = finals.map((_, index) => fateOf(serials, index, changes));
  return { fates, lies: changes.flatMap((change) => liesOf(serials, change)) };
}

function fateOf(serials: readonly string[], index: number, changes: readonly ChangeDetail[]): Fate {
  const [from = 0n, to = 0n] = [serials[index], serials[index + 1]].map((serial) => BigInt(serial ?? '0'));
  const spans = changes.map(({ summary }) => ({
    from: BigInt(summary.before?.serial ?? '0'),
    to: BigInt(summary.serial),
    isRecovered: summary.recovered !== '',
  }));
  const exact = spans.find((span) => span.from === from && span.to === to);
  if (exact !== undefined) return exact.isRecovered ? 'recovered' : 'single';
  if (spans.some((span) => span.from <= from && span.to >= to)) return 'merged';
  return spans.some((span) => span.from < to && span.to > from) ? 'split' : 'lost';
}

/** A link says that nothing lies between the version before and the run: then that version is a final one, the last. */
function liesOf(serials: readonly string[], { summary }: ChangeDetail): string[] {
  const { before, serial, continuity } = summary;
  if (continuity === 'monotonic-only') return [];
  const start = serials.indexOf(before?.serial ?? '');
  const next = BigInt(serials[start + 1] ?? '0');
  const isTrue = continuity === 'linked-by-backup' && start >= 0 && BigInt(serial) <= next;
  return isTrue ? [] : [`${before?.serial ?? 'none'}..${serial} ${continuity}, of ${serials.join(', ')}`];
}
