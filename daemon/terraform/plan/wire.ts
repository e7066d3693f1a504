// One protobuf message as its fields, by number. What a field means stands in the table of its reader; fields nobody
// asks for are skipped unread.
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { decoding, planMalformed } from './plan-error.ts';

/** Every occurrence of each field, in order: varints as numbers, the rest as the bytes they are made of. */
type Fields = ReadonlyMap<number, readonly (number | Uint8Array)[]>;

export class Message {
  readonly #fields: Fields;
  readonly #name: string;

  /** Throws ParseError `plan-malformed` for what is no message. */
  constructor(bytes: Uint8Array, name: string) {
    this.#name = name;
    this.#fields = decoding('a protobuf message', name, () => readFields(bytes));
  }

  text(field: number): string {
    return this.texts(field).at(-1) ?? '';
  }

  texts(field: number): readonly string[] {
    return this.#bytes(field).map((bytes) => decoding('UTF-8', this.#name, () => utf8.decode(bytes)));
  }

  /** An enum or a small integer; 0 where it is absent. */
  integer(field: number): number {
    const value = this.#fields.get(field)?.at(-1) ?? 0;
    if (typeof value !== 'number') throw planMalformed(`an integer as field ${field}`, this.#name);
    return value;
  }

  flag(field: number): boolean {
    return this.integer(field) !== 0;
  }

  has(field: number): boolean {
    return this.#fields.has(field);
  }

  bytes(field: number): Uint8Array | undefined {
    return this.#bytes(field).at(-1);
  }

  message(field: number, name: string): Message | undefined {
    const bytes = this.bytes(field);
    return bytes && new Message(bytes, name);
  }

  messages(field: number, name: string): readonly Message[] {
    return this.#bytes(field).map((bytes) => new Message(bytes, name));
  }

  /** The same, read when it is asked for, so that a long list is never in memory decoded. */
  *eachMessage(field: number, name: string): Iterable<Message> {
    for (const bytes of this.#bytes(field)) yield new Message(bytes, name);
  }

  /** Every occurrence as it stands, undecoded. */
  #bytes(field: number): readonly Uint8Array[] {
    const values = this.#fields.get(field) ?? [];
    if (!values.every((value) => value instanceof Uint8Array)) {
      throw planMalformed(`bytes as field ${field}`, this.#name);
    }
    return values;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function readFields(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (number | Uint8Array)[]>();
  while (reader.pos < reader.len) {
    const [field, type] = reader.tag();
    const values = fields.get(field) ?? [];
    fields.set(field, values);
    if (type === WireType.Varint) values.push(Number(reader.uint64()));
    else if (type === WireType.LengthDelimited) values.push(reader.bytes());
    else reader.skip(type, field);
  }
  return fields;
}
