// What every measurement gives: one value beside its baseline, both of the same run on the same machine. Only the
// ratio means anything elsewhere.

export interface BenchRow {
  readonly name: string;
  readonly size: string;
  /** Medians, in `unit`. */
  readonly value: number;
  readonly unit: string;
  readonly baseline: number;
  /** What the baseline is. */
  readonly against: string;
  /** Median of value / baseline, each pair measured one after the other. */
  readonly ratio: number;
  readonly target: string;
  /** True also where there is no target. */
  readonly met: boolean;
}

/** Value and baseline of one turn, in the row's unit. */
export interface Turn {
  readonly value: number;
  readonly baseline: number;
}

export type Target = 'none' | { readonly atMost: number } | { readonly atLeast: number };

export function toRow(
  facts: Pick<BenchRow, 'name' | 'size' | 'unit' | 'against'>,
  turns: readonly Turn[],
  target: Target,
): BenchRow {
  const ratio = median(turns.map(({ value, baseline }) => value / baseline));
  return {
    name: facts.name,
    size: facts.size,
    value: rounded(median(turns.map(({ value }) => value))),
    unit: facts.unit,
    baseline: rounded(median(turns.map(({ baseline }) => baseline))),
    against: facts.against,
    ratio: rounded(ratio),
    target: formatTarget(target),
    met: isMet(ratio, target),
  };
}

/** The table a person reads. */
export function formatTable(rows: readonly BenchRow[]): string {
  const head = ['what', 'size', 'measured', 'baseline', 'ratio', 'aim', '', 'baseline is'];
  const body = rows.map(({ name, size, value, unit, baseline, ratio, target, met, against }) => {
    const verdict = target === 'none' ? '' : met ? 'met' : 'missed';
    return [name, size, `${value} ${unit}`, `${baseline} ${unit}`, `${ratio} x`, target, verdict, against];
  });
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => (cells[column] ?? '').length)));
  const isNumber = (column: number): boolean => column >= 2 && column <= 4;
  return [head, ...body]
    .map((cells) =>
      cells
        .map((cell, column) =>
          isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function timeMs(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

/** Three digits, whatever the magnitude. */
export function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

export function megabytes(sizeBytes: number): string {
  return `${rounded(sizeBytes / 1e6)} MB`;
}

function formatTarget(target: Target): string {
  if (target === 'none') return 'none';
  return 'atMost' in target ? `at most ${target.atMost} x` : `at least ${target.atLeast} x`;
}

function isMet(ratio: number, target: Target): boolean {
  if (target === 'none') return true;
  return 'atMost' in target ? ratio <= target.atMost : ratio >= target.atLeast;
}
