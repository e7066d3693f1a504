// The promise: no sensitive value that the rules cover appears in anything written, whatever the secret looks like,
// wherever else it stands, and whenever its mark comes or goes.
import { expect } from 'chai';
import fc from 'fast-check';
import type { Json, JsonObject } from '../../daemon/json/value.ts';
import type { InstanceBody } from '../../daemon/record/observation.ts';
import { redactAgain } from '../../daemon/redaction/again.ts';
import { isCoverable } from '../../daemon/redaction/public-words.ts';
import type { SensitivePath, TerraformState } from '../../daemon/terraform/state.ts';
import { instance, keys, newTaint, observe, openPolicy, policy, stateOf, textsOf } from './support.ts';

/** Text that no fixed part of an observation holds by chance. */
const odd = fc.string({ unit: fc.constantFrom(...'QXZ#!7$%~{}"\\\n\u00e9\u{1f511} '), minLength: 4, maxLength: 7 });
const long = fc
  .string({ unit: fc.constantFrom(...'QXZJK#!79"\\$%{/+ \u00e9'), minLength: 8, maxLength: 30 })
  .filter(isCoverable);
const secret = fc.oneof(
  odd,
  long,
  long.map((text) => `${text}\n${text}-second-line`),
);

interface Planted {
  readonly secrets: readonly string[];
  readonly attributes: JsonObject;
  readonly sensitivePaths: readonly SensitivePath[];
}

/** One attribute per secret, marked, under a secret-like key, or in a sensitive map; prefixes of one another among them. */
const planted: fc.Arbitrary<Planted> = fc
  .array(fc.tuple(secret, fc.constantFrom('mark', 'key', 'map')), { minLength: 1, maxLength: 4 })
  .map((parts) => {
    const all = parts.flatMap(([text, way]) => [[text, way] as const, [`${text}Q7`, way] as const]);
    const attributes: Record<string, Json> = {};
    const sensitivePaths: SensitivePath[] = [];
    for (const [index, [text, way]] of all.entries()) {
      const name = way === 'key' ? `db_password_${index}x` : `a${index}`;
      attributes[name] = way === 'map' ? { k: [text] } : text;
      if (way !== 'key') sensitivePaths.push([name]);
    }
    return { secrets: all.map(([text]) => text), attributes, sensitivePaths };
  });

/** The secret alone, inside text, as a map key, as an index key, encoded. */
function echo(secrets: readonly string[]): JsonObject {
  const coverable = secrets.filter(isCoverable);
  return {
    name: secrets[0] ?? '',
    list: [...secrets],
    inside: coverable.map((text) => `pre-${text}-post`),
    encoded: coverable.map((text) => JSON.stringify({ text })),
    keys: Object.fromEntries(coverable.map((text) => [text, 1])),
  };
}

function assertNone(value: unknown, secrets: readonly string[]): void {
  const texts = textsOf(value as Json);
  for (const text of secrets) {
    expect(
      texts.filter((shown) => shown === text),
      'whole',
    ).to.deep.equal([]);
    if (isCoverable(text))
      expect(
        texts.filter((shown) => shown.includes(text)),
        'inside',
      ).to.deep.equal([]);
  }
}

describe('redaction: the promise', () => {
  for (const rules of [policy, openPolicy]) {
    it(`shows no known secret anywhere in its state (${rules.values})`, () => {
      fc.assert(
        fc.property(planted, ({ secrets, attributes, sensitivePaths }) => {
          const each = secrets
            .filter(isCoverable)
            .map((key, index) =>
              instance(
                { n: index },
                { address: `fake_thing.each[${JSON.stringify(key).replace(/[$%](?=\{)/g, '$&$&')}]` },
              ),
            );
          const state = stateOf(
            [instance(echo(secrets), { address: 'a.first' }), instance(attributes, { sensitivePaths }), ...each],
            { outputs: [{ name: 'o', value: echo(secrets), type: 'dynamic', sensitive: false }] },
          );
          const result = observe(state, { policy: rules });
          assertNone(result.observed, secrets);
          assertNone(result.learned, secrets);
        }),
        { numRuns: 150 },
      );
    });
  }

  it('shows none in any step of a sequence in which marks come and go', () => {
    const steps = fc.array(fc.boolean(), { minLength: 2, maxLength: 5 });
    const value = fc.oneof(secret, fc.integer({ min: 0, max: 9999 }), fc.boolean());
    fc.assert(
      fc.property(value, steps, (planted, marks) => {
        const first = marks.indexOf(true);
        fc.pre(first !== -1);
        const taint = newTaint();
        let before: InstanceBody | undefined;
        for (const [index, isMarked] of marks.entries()) {
          const state = stateOf([
            instance({ field: planted, serial: index }, { sensitivePaths: isMarked ? [['field']] : [] }),
          ]);
          const last = before;
          const { observed } = observe(state, {
            policy: openPolicy,
            taint,
            ...(last ? { bodyBefore: () => last } : {}),
          });
          const after = observed.instances[0]?.body;
          if (after === undefined) throw new Error('expected a body, got none');
          const again =
            last &&
            redactAgain(last, {
              other: after,
              policy: openPolicy,
              taint,
              keys,
              stateId: 'state-1',
              address: 'fake_thing.a',
            });
          if (index >= first) {
            expect(after.attributes['field']).to.equal(null);
            if (again) expect(again.attributes['field']).to.equal(null);
            if (again) expect(again.hidden.map(({ tag }) => tag)).to.deep.equal(after.hidden.map(({ tag }) => tag));
          }
          before = after;
        }
      }),
      { numRuns: 200 },
    );
  });

  it('hides short, numeric and boolean secrets by their path', () => {
    const small = fc.oneof(
      fc.string({ maxLength: 3, minLength: 1 }),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(small, (value) => {
        const state = stateOf([
          instance({ a: value, b: { c: [value] }, api_key: value }, { sensitivePaths: [['a'], ['b', 'c', 0]] }),
        ]);
        const body = observe(state, { policy: openPolicy }).observed.instances[0]?.body;
        expect(body?.attributes).to.deep.equal({ a: null, b: { c: [null] }, api_key: null });
      }),
    );
  });

  it('redacts any tree without a throw, keeps its shape, and is stable', () => {
    const state = (value: Json): TerraformState =>
      stateOf([instance({ a: value })], { outputs: [{ name: 'o', value, type: 'dynamic', sensitive: false }] });
    fc.assert(
      fc.property(fc.jsonValue(), (json) => {
        const value = json as Json;
        const result = observe(state(value), { policy: openPolicy });
        expect(observe(state(value), { policy: openPolicy }).observed).to.deep.equal(result.observed);
        const hidden = new Set(result.observed.instances[0]?.body?.hidden.map(({ path }) => path));
        assertSameShape({ a: value }, result.observed.instances[0]?.body?.attributes ?? null, '', hidden);
      }),
      { numRuns: 200 },
    );
  });
});

function assertSameShape(raw: Json, shown: Json, path: string, hidden: ReadonlySet<string>): void {
  if (hidden.has(path)) return void expect(shown).to.equal(null);
  if (raw === null || typeof raw !== 'object') return void expect(shown).to.equal(raw);
  expect(Object.keys(shown ?? {})).to.deep.equal(Object.keys(raw));
  for (const [key, part] of Object.entries(raw)) {
    const step = key.replaceAll('~', '~0').replaceAll('/', '~1');
    assertSameShape(part as Json, (shown as JsonObject)[key] ?? null, `${path}/${step}`, hidden);
  }
}
