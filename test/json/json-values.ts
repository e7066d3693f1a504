// Generators of JSON values for properties: awkward keys and strings come often.
import fc from 'fast-check';
import type { Json, JsonObject } from '../../daemon/json/value.ts';

const AWKWARD = [
  '',
  '__proto__',
  'constructor',
  'toString',
  '10',
  '9',
  '0',
  '-1',
  'é',
  'e\u0301',
  '😀',
  '\u{ffff}',
  '"',
  '\\',
  '\n',
];

export const anyKey = fc.oneof(
  fc.constantFrom(...AWKWARD),
  fc.string({ maxLength: 8 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

/** Strings with control characters, pairs and lone surrogates. */
export const anyText = fc.oneof(
  fc.constantFrom(...AWKWARD, '\ud800', '\udc00\ud800', 'x\u0000\u001f\u007f\u009f\u00a0y', '\u2028'),
  fc.string({ maxLength: 100 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

const anyNumber = fc.oneof(
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
);

/** Trees of plain JavaScript values: no NumberText, no negative zero. */
export const anyJson: fc.Arbitrary<Json> = fc.letrec<{ tree: Json }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    fc.constantFrom(null, true, false),
    anyNumber,
    anyText,
    fc.array(tie('tree'), { maxLength: 5 }),
    fc.array(fc.tuple(anyKey, tie('tree')), { maxLength: 5 }).map((entries): JsonObject => Object.fromEntries(entries)),
  ),
})).tree;

/** JSON number tokens of every spelling. */
export const anyNumberToken = fc
  .tuple(
    fc.constantFrom('', '-'),
    fc.oneof(fc.constantFrom('0', '1', '10', '900'), fc.stringMatching(/^[1-9][0-9]{0,24}$/)),
    fc.oneof(fc.constant(''), fc.stringMatching(/^\.[0-9]{1,20}$/), fc.constantFrom('.0', '.50', '.001', '.0001')),
    fc.oneof(
      fc.constant(''),
      fc.stringMatching(/^[eE][+-]?[0-9]{1,4}$/),
      fc.constantFrom('e-320', 'e-324', 'e-330', 'e400'),
    ),
  )
  .map((parts) => parts.join(''));

/** The same data with the members of every object in another order. */
export function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, child]) => [key, reversed(child)]),
  );
}

function isPlain(value: object): value is JsonObject {
  return Object.getPrototypeOf(value) === Object.prototype;
}
