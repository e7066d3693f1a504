// The recorder's way from bytes to a committed transaction, against reading and parsing the same bytes: a first sight,
// 1 % of the instances changed by a run under a lock, and the same with the backup that Terraform leaves.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { openLogHarness, type LogHarness } from '../test/support/log-harness.ts';
import { generateState, type GeneratorOptions } from '../test/support/state-generator.ts';
import { toSighting } from './sighting.ts';
import { megabytes, timeMs, toRow, type BenchRow, type Turn } from './row.ts';

export interface ObserveOptions {
  readonly sizeBytes: number;
  readonly runs: number;
}

const AGAINST = 'read + JSON.parse of the same file';
const AIM = { atMost: 3 };
const CHANGED = 0.01;
const WARM_BYTES = 1_000_000;

/** Rows for one size. Each run takes its baseline first, on the same file, with a clean heap before both. */
export function measureObserve({ sizeBytes, runs }: ObserveOptions): BenchRow[] {
  const folder = mkdtempSync(join(tmpdir(), 'stateseal-bench-'));
  try {
    if (sizeBytes > WARM_BYTES) new Scene(join(folder, 'warm'), WARM_BYTES).firstSight();
    const scene = new Scene(join(folder, 'state'), sizeBytes);
    const size = megabytes(sizeBytes);
    const row = (name: string, turns: readonly Turn[], against = AGAINST): BenchRow =>
      toRow({ name, size, unit: 'ms', against }, turns, AIM);
    return [
      row(
        'state, first sight',
        repeat(runs, () => scene.firstSight()),
      ),
      row('state, 1 % changed', scene.changes(runs, false)),
      row('state, 1 % changed, with backup', scene.changes(runs, true), 'read + JSON.parse of both files'),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Two contents of one state, written in turn as versions of rising serial. */
class Scene {
  readonly #path: string;
  readonly #contents: readonly Buffer[];
  #serial = 0;

  constructor(path: string, sizeBytes: number) {
    const options: GeneratorOptions = { seed: 1, sizeBytes, serial: SERIAL_PLACE, lineage: LINEAGE };
    this.#path = path;
    this.#contents = [options, { ...options, changedFraction: CHANGED }].map((of) => Buffer.from(generateState(of)));
  }

  firstSight(): Turn {
    const paths = [this.#write(0)];
    const baseline = parseTime(paths);
    const harness = openLogHarness();
    try {
      collectGarbage();
      return { baseline, value: timeMs(() => observe(harness, paths, undefined)) };
    } finally {
      harness.close();
    }
  }

  /** One database for all runs: the first version is a first sight and is not measured, nor is the second. */
  changes(runs: number, isWithBackup: boolean): Turn[] {
    const harness = openLogHarness();
    try {
      observe(harness, [this.#write(0)], undefined);
      const turns = repeat(runs + 1, (run) => {
        const before = this.#path;
        const backup = `${this.#path}.backup`;
        if (isWithBackup) writeFileSync(backup, readFileSync(before));
        const paths = [this.#write(1 - (run % 2)), ...(isWithBackup ? [backup] : [])];
        const baseline = parseTime(paths);
        collectGarbage();
        harness.clock.ms += 60_000;
        return { baseline, value: timeMs(() => observe(harness, paths, this.#serial)) };
      });
      return turns.slice(1);
    } finally {
      harness.close();
    }
  }

  #write(content: number): string {
    this.#serial += 1;
    const bytes = this.#contents[content] ?? Buffer.alloc(0);
    const at = bytes.indexOf(SERIAL_KEY) + SERIAL_KEY.length;
    bytes.write(String(SERIAL_BASE + this.#serial), at);
    writeFileSync(this.#path, bytes);
    return this.#path;
  }
}

const LINEAGE = '3f7c1a2e-5b6d-4c8e-9f01-23456789abcd';
const SERIAL_KEY = '"serial": ';
/** As many digits as every serial that is written in its place. */
const SERIAL_PLACE = 1_000_000;
const SERIAL_BASE = 2_000_000;

function observe(harness: LogHarness, [path = '', backup]: readonly string[], run: number | undefined): void {
  const sighting = toSighting(readFileSync(path), {
    nowMs: harness.clock.ms,
    run,
    backup: backup === undefined ? undefined : readFileSync(backup),
  });
  const context = { source: 'directory', nameCandidates: ['bench'], isInitial: true, isFinalAttempt: true };
  const { verdict } = harness.methods.observe(sighting, context);
  if (verdict !== 'recorded') throw new Error(`expected a record, got ${verdict}`);
}

function parseTime(paths: readonly string[]): number {
  collectGarbage();
  return timeMs(() => paths.map((path) => JSON.parse(readFileSync(path, 'utf8')) as unknown));
}

function repeat<T>(runs: number, run: (index: number) => T): T[] {
  return Array.from({ length: runs }, (_, index) => run(index));
}

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

if (import.meta.main) {
  const [megabyteCount = '10', runs = '3'] = process.argv.slice(2);
  console.table(measureObserve({ sizeBytes: Number(megabyteCount) * 1e6, runs: Number(runs) }));
}
