// Damage by a seed: to bytes, to JSON text, to protobuf as the tree it is, and to the msgpack in it. Each takes bytes and
// gives others; whether they still mean something is up to who reads them.
import { BinaryReader, BinaryWriter, WireType } from '@bufbuild/protobuf/wire';

export type Random = () => number;
export type Mutation = (bytes: Uint8Array, random: Random) => Uint8Array;

const below = (random: Random, limit: number): number => Math.floor(random() * limit);

function pick<T>(random: Random, list: readonly T[]): T {
  const found = list[below(random, list.length)];
  if (found === undefined) throw new Error('expected something to pick from, got nothing');
  return found;
}

function splice(bytes: Uint8Array, start: number, end: number, ...middle: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([bytes.subarray(0, start), ...middle, bytes.subarray(end)]);
}

function span(bytes: Uint8Array, random: Random, most: number): readonly [number, number] {
  const start = below(random, bytes.length + 1);
  return [start, Math.min(bytes.length, start + 1 + below(random, most))];
}

const anyBytes = (random: Random, most: number): Uint8Array =>
  Uint8Array.from({ length: 1 + below(random, most) }, () => below(random, 256));

const byteSteps: readonly Mutation[] = [
  (bytes, random) => {
    const copy = Buffer.from(bytes);
    const at = below(random, copy.length);
    if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << below(random, 8));
    return copy;
  },
  (bytes, random) => {
    const [start, end] = span(bytes, random, 8);
    return splice(bytes, start, end, anyBytes(random, 8));
  },
  (bytes, random) => bytes.subarray(0, below(random, bytes.length + 1)),
  (bytes, random) => splice(bytes, ...span(bytes, random, 64)),
  (bytes, random) => {
    const [start, end] = span(bytes, random, 64);
    return splice(bytes, end, end, bytes.subarray(start, end));
  },
  (bytes, random) => {
    const [start, end] = span(bytes, random, 16);
    return splice(bytes, start, end, Buffer.alloc(end - start, pick(random, [0, 0x7f, 0x80, 0xff])));
  },
];

/** One to four steps. */
export const mutateBytes: Mutation = (bytes, random) => {
  let mutated = bytes;
  for (let steps = 1 + below(random, 4); steps > 0; steps -= 1) mutated = pick(random, byteSteps)(mutated, random);
  return mutated;
};

const ODD_JSON = [
  'null',
  'true',
  '-1',
  '0.1',
  '1e999',
  '1e-999',
  '123456789012345678901234567890',
  '-0',
  '1E+2',
  'NaN',
  '""',
  '[]',
  '{}',
  '"\\ud800"',
  '"\\u0000"',
  '"__proto__"',
  '{"__proto__":{"a":1}}',
  '{"a":1,"a":2}',
  '{"value":1,"type":"string"}',
  '"a\\nb"',
  '99999999999999999999',
  '"2026"',
  '[[[[[[1]]]]]]',
  '{"constructor":null}',
  '{"":""}',
] as const;

const nested = (random: Random): string => {
  const levels = pick(random, [63, 200, 300, 511, 512, 513, 5000, 200_000]);
  const [open, close] = pick(random, [
    ['[', ']'],
    ['{"a":', '}'],
    ['{"CANARY":[', ']}'],
  ] as const);
  return `${open.repeat(levels)}1${random() < 0.8 ? close.repeat(levels) : ''}`;
};

/** Where values of JSON text stand: after a colon, a comma or a bracket. */
export const mutateJson: Mutation = (bytes, random) => {
  if (random() < 0.4) return mutateBytes(bytes, random);
  const text = Buffer.from(bytes).toString();
  const tokens = [...text.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?|-?\d[\d.eE+-]*|true|false|null/g)];
  const places = tokens.filter(([, colon]) => colon === undefined);
  const place = pick(random, places);
  const [start, end] = [place.index, place.index + place[0].length];
  const value = pick(random, [() => pick(random, ODD_JSON), () => pick(random, places)[0], () => nested(random)])();
  return Buffer.from(text.slice(0, start) + value + text.slice(end));
};

/** Names of members changed, doubled and swapped. */
export const mutateMembers: Mutation = (bytes, random) => {
  const text = Buffer.from(bytes).toString();
  const tokens = [...text.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?/g)];
  const names = tokens.filter(([, , colon]) => colon !== undefined);
  const name = pick(random, names);
  const other = pick(random, [
    () => pick(random, names)[0],
    () => '"__proto__"',
    () => '"\\u005f_proto__"',
    () => '""',
  ]);
  return Buffer.from(text.slice(0, name.index) + other() + text.slice(name.index + (name[1] ?? '').length));
};

export const mutateLines: Mutation = (bytes, random) => {
  const lines = Buffer.from(bytes)
    .toString()
    .split('\n')
    .filter((line) => line !== '');
  const at = below(random, lines.length);
  const mutated = pick(random, [mutateJson, mutateMembers, mutateBytes])(Buffer.from(lines[at] ?? ''), random);
  const text = lines.map((line, index) => (index === at ? '' : `${line}\n`));
  return Buffer.concat([Buffer.from(text.slice(0, at).join('')), mutated, Buffer.from(`\n${text.slice(at).join('')}`)]);
};

interface Node {
  field: number;
  wire: number;
  value: number | Uint8Array | Node[];
}

/** Protobuf as a tree, changed in one to three places, with the lengths around them set right. */
export const mutateProtobuf: Mutation = (bytes, random) => {
  const root = readTree(bytes, 0) ?? [];
  for (let steps = 1 + below(random, 3); steps > 0; steps -= 1) mutateTree(root, random);
  return writeTree(root);
};

function readTree(bytes: Uint8Array, depth: number): Node[] | undefined {
  const reader = new BinaryReader(bytes);
  const nodes: Node[] = [];
  try {
    while (reader.pos < reader.len) {
      const [field, wire] = reader.tag();
      if (field > 40) return undefined;
      if (wire === WireType.Varint) nodes.push({ field, wire, value: Number(reader.uint64()) });
      else if (wire === WireType.LengthDelimited) {
        const value = reader.bytes();
        nodes.push({ field, wire, value: (depth < 8 && value.length > 1 && readTree(value, depth + 1)) || value });
      } else return undefined;
    }
  } catch {
    return undefined;
  }
  return nodes;
}

function mutateTree(root: Node[], random: Random): void {
  let list = root;
  for (;;) {
    const inner = list.flatMap(({ value }) => (Array.isArray(value) && value.length > 0 ? [value] : []));
    if (inner.length === 0 || random() < 0.15) break;
    list = pick(random, inner);
  }
  const at = below(random, list.length);
  const node = list[at];
  if (node === undefined) return;
  pick(random, [
    () => void (node.field = 1 + below(random, 30)),
    () => void (node.wire = below(random, 8)),
    () => void list.splice(at, 1),
    () => void list.push({ ...node }),
    () => void list.push({ ...pick(random, list), field: node.field }),
    () => void (node.value = pick(random, [0, 1, 9, 10, 2 ** 31, 2 ** 53])),
    () => void (node.value = mutateLeaf(leafOf(node), random)),
    () => void (node.value = mutateLeaf(leafOf(node), random)),
    () => void (node.value = nestedMessage(node.field, pick(random, [10, 1000, 20_000]))),
  ])();
}

/** A message in a message, from the inside out: each head is a tag and the length of all that follows. */
function nestedMessage(field: number, levels: number): Uint8Array {
  const heads: Uint8Array[] = [];
  let length = 0;
  for (let level = 0; level < levels; level += 1) {
    const head = new BinaryWriter().tag(field, 2).uint32(length).finish();
    heads.push(head);
    length += head.length;
  }
  return Buffer.concat(heads.reverse());
}

function leafOf({ value }: Node): Uint8Array {
  return Array.isArray(value) ? writeTree(value) : typeof value === 'number' ? Uint8Array.of(value & 0xff) : value;
}

const HEADS: readonly (readonly number[])[] = [
  [0xdd, 0xff, 0xff, 0xff, 0xff],
  [0xdf, 0xff, 0xff, 0xff, 0xff],
  [0xdb, 0xff, 0xff, 0xff, 0xff],
  [0xc6, 0xff, 0xff, 0xff, 0xff],
  [0xc9, 0xff, 0xff, 0xff, 0xff, 0x0c],
  [0xdd, 0x00, 0x10, 0x00, 0x00],
  [0xdc, 0xff, 0xff],
  [0xcb, 0x7f, 0xf8, 0, 0, 0, 0, 0, 0],
  [0xcb, 0x7f, 0xf0, 0, 0, 0, 0, 0, 0],
  [0xca, 0xff, 0x80, 0, 0],
  [0xd4, 0x00, 0x00],
  [0xd4, 0x05, 0x00],
  [0xc7, 0x02, 0x0c, 0x81, 0x01],
  [0xd6, 0xff, 0, 0, 0, 0],
  [0xa2, 0xc3, 0x28],
  [0xa3, 0xed, 0xa0, 0x80],
  [0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff],
  [0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0],
  [0xc1],
  [0x80],
  [0x90],
  [0xc0],
  [0x92, 0xc4, 0x01, 0x7b, 0xc0],
  [0x81, 0xa9, ...Buffer.from('__proto__'), 0x01],
  [0x81, 0xc0, 0xc0],
];

/** A leaf is msgpack, text or an opaque: all of it, or a piece, becomes something else. */
function mutateLeaf(bytes: Uint8Array, random: Random): Uint8Array {
  const head = Uint8Array.from(pick(random, HEADS));
  const levels = pick(random, [100, 199, 201, 1000, 100_000]);
  const deep = pick(random, [[0x91], [0x81, 0xa1, 0x61], [0x92, 0xc4, 0x08, ...Buffer.from('"string"')]]);
  return pick(random, [
    () => mutateBytes(bytes, random),
    () => head,
    () => splice(bytes, below(random, bytes.length + 1), bytes.length, head),
    () => {
      const [start, end] = span(bytes, random, 4);
      return splice(bytes, start, end, head);
    },
    () => Buffer.concat([Buffer.alloc(levels * deep.length, Uint8Array.from(deep)), Uint8Array.of(0xc0)]),
  ])();
}

function writeTree(nodes: readonly Node[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { field, wire, value } of nodes) {
    writer.uint32(((field << 3) | wire) >>> 0);
    if (typeof value === 'number') writer.uint64(value);
    else writer.bytes(Array.isArray(value) ? writeTree(value) : value);
  }
  return writer.finish();
}
