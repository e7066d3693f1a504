// The scenarios of docs/VERDICTS.md as tests: two lanes, one `it` per row, and what they come to in all.
import { expect } from 'chai';
import type { JsonObject } from '../../daemon/json/value.ts';
import type { Told, Verdict, VerdictCase } from './verdict-scene.ts';

const LANES = 2;
const AS_PROMISED: readonly string[] = ['as-planned', 'partly-applied'] satisfies readonly Verdict[];

/** What the rows came to: one verdict per change, by row; a row that could not be run is left out. */
export interface Verdicts {
  /** In a `before` hook: begins them all. */
  start(): void;
  /** Declares the tests. */
  declare(): void;
  /** Ends when all have ended. */
  all(): Promise<ReadonlyMap<number, readonly string[]>>;
}

export function createVerdicts(cases: readonly VerdictCase[]): Verdicts {
  const running = new Map<VerdictCase, Promise<readonly Told[]>>();
  return {
    start() {
      for (let lane = 0; lane < LANES; lane += 1) {
        let last: Promise<unknown> = Promise.resolve();
        for (const given of cases.filter((_, index) => index % LANES === lane)) {
          const told = last.then(() => given.run());
          last = told.catch(() => undefined);
          running.set(given, told);
        }
      }
    },
    declare() {
      for (const given of cases) {
        it(`${given.row}. ${given.name}`, async () => {
          expectVerdicts(given, (await running.get(given)) ?? expect.fail('not started'));
        });
      }
    },
    async all() {
      const verdicts = new Map<number, readonly string[]>();
      for (const given of cases) {
        const ended = await running.get(given)?.catch(() => undefined);
        if (ended !== undefined) verdicts.set(given.row, ended.map(verdictOf));
      }
      return verdicts;
    },
  };
}

/** Whether a change was done as the plan said, or in part; true of a row without any change. */
export function isAsPromised(verdicts: readonly string[]): boolean {
  return verdicts.every((verdict) => AS_PROMISED.includes(verdict));
}

function expectVerdicts({ allowed, also }: VerdictCase, told: readonly Told[]): void {
  expect(told.length, 'changes').to.equal(allowed.length);
  for (const [index, one] of told.entries()) {
    if (one.judged === undefined) throw new Error(`expected a change.judged of change ${index + 1}, got none`);
    expect(verdictOf(one), `change ${index + 1}: ${JSON.stringify(one.judged)}`).to.be.oneOf([
      ...(allowed[index] ?? []),
    ]);
    also?.(one.judged, one);
  }
}

function verdictOf({ judged }: Told): string {
  const verdict = judged?.['verdict'];
  return typeof verdict === 'string' ? verdict : 'not judged';
}

/** At least one reason of a change is the provider's doing, and is counted. */
export function expectNormalised(judged: JsonObject): void {
  expect(countOf(judged, 'providerNormalised'), JSON.stringify(judged)).to.be.greaterThanOrEqual(1);
}

export function expectDrift(judged: JsonObject): void {
  expect(countOf(judged, 'drift'), JSON.stringify(judged)).to.be.greaterThanOrEqual(1);
}

/** All plans of the scenario are candidates. */
export function expectCandidates(judged: JsonObject, { plans }: Told): void {
  const candidates = (judged['candidates'] ?? []) as readonly JsonObject[];
  expect(candidates.map(({ plan }) => plan)).to.have.members([...plans]);
}

function countOf(judged: JsonObject, name: string): number {
  const counts = judged['counts'] as JsonObject | undefined;
  return Number(counts?.[name] ?? 0);
}
