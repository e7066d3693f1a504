// A process that does nothing but read damaged files: arguments are seed, first and number of mutations. A line of JSON
// when one begins, so that whoever waits knows which one hangs; one with the tally and the peak of memory at the end.
import { readPeakMegabytes } from '../../bench/peak-memory.ts';
import { openHostileFiles } from './hostile-files.ts';

export interface HostileReport {
  /** Mutations by kind and outcome. */
  readonly tally: Readonly<Record<string, number>>;
  readonly slowest: { readonly index: number; readonly kind: string; readonly ms: number };
  readonly peakMegabytes: number;
}

const [seed = 0, count = 0] = process.argv.slice(2).map(Number);
const TELL_EVERY = 20;

const mutate = await openHostileFiles(seed);
const tally: Record<string, number> = {};
let slowest = { index: -1, kind: '', ms: 0 };
for (let index = 0; index < count; index += 1) {
  if (index % TELL_EVERY === 0) process.stdout.write(`${JSON.stringify({ at: index })}\n`);
  const { kind, outcome, ms } = await mutate(index);
  tally[`${kind}: ${outcome}`] = (tally[`${kind}: ${outcome}`] ?? 0) + 1;
  if (ms > slowest.ms) slowest = { index, kind, ms };
}
const report: HostileReport = { tally, slowest, peakMegabytes: readPeakMegabytes() };
process.stdout.write(`${JSON.stringify(report)}\n`);
