// MessagePack as cty writes it, read strictly: UTF-8 that is none, lengths beyond the end, extensions that cty has not, and
// more nesting than honest values have are refused. The usual library refuses a key `__proto__`, loses a byte order mark
// at the head of long text and takes invalid UTF-8: a plan's values must come out as they are, or not at all.
import { Buffer } from 'node:buffer';
import { planMalformed } from './plan-error.ts';

export const UNKNOWN = Symbol('unknown');

/** Integers beyond 2^53 are bigint; what is not known is UNKNOWN; objects are maps, whatever their keys. */
export type Raw =
  null | boolean | number | bigint | string | Uint8Array | typeof UNKNOWN | readonly Raw[] | ReadonlyMap<string, Raw>;

const WHERE = 'a value';
const MAX_DEPTH = 200;
/** cty's unknown: extension 0, or 12 with what is known about it all the same. */
const UNKNOWN_TYPES: ReadonlySet<number> = new Set([0, 12]);

/** Exactly one value. Throws ParseError `plan-malformed`. */
export function decodeMsgpack(bytes: Uint8Array): Raw {
  const reader = new MsgpackReader(bytes);
  const value = reader.value(0);
  if (!reader.isAtEnd) throw malformed();
  return value;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

class MsgpackReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): Raw {
    if (depth > MAX_DEPTH) throw planMalformed(`at most ${MAX_DEPTH} levels`, WHERE);
    const head = this.#unsigned(1);
    if (head <= 0x7f) return head;
    if (head >= 0xe0) return head - 0x100;
    if (head <= 0x8f) return this.#map(head & 0x0f, depth);
    if (head <= 0x9f) return this.#array(head & 0x0f, depth);
    if (head <= 0xbf) return this.#text(head & 0x1f);
    return this.#long(head, depth);
  }

  #long(head: number, depth: number): Raw {
    switch (head) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#take(this.#unsigned(1 << (head - 0xc4)));
      case 0xca:
        return this.#take(4).readFloatBE();
      case 0xcb:
        return this.#take(8).readDoubleBE();
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.#unsigned(1 << (head - 0xcc));
      case 0xcf:
        return narrow(this.#take(8).readBigUInt64BE());
      case 0xd0:
      case 0xd1:
      case 0xd2: {
        const length = 1 << (head - 0xd0);
        return this.#take(length).readIntBE(0, length);
      }
      case 0xd3:
        return narrow(this.#take(8).readBigInt64BE());
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.#text(this.#unsigned(1 << (head - 0xd9)));
      case 0xdc:
      case 0xdd:
        return this.#array(this.#unsigned(2 << (head - 0xdc)), depth);
      case 0xde:
      case 0xdf:
        return this.#map(this.#unsigned(2 << (head - 0xde)), depth);
      default:
        return this.#extension(head);
    }
  }

  #array(count: number, depth: number): Raw {
    this.#assertRest(count);
    const list: Raw[] = [];
    for (let index = 0; index < count; index += 1) list.push(this.value(depth + 1));
    return list;
  }

  #map(count: number, depth: number): Raw {
    this.#assertRest(count * 2);
    const map = new Map<string, Raw>();
    for (let index = 0; index < count; index += 1) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string') throw planMalformed('text as a key', WHERE);
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  #text(length: number): string {
    const end = this.#at + length;
    this.#assertRest(length);
    const start = this.#at;
    this.#at = end;
    for (let index = start; index < end; index += 1) {
      if ((this.#bytes[index] ?? 0) > 0x7f) return this.#wideText(start, end);
    }
    return this.#bytes.toString('latin1', start, end);
  }

  #wideText(start: number, end: number): string {
    try {
      return utf8.decode(this.#bytes.subarray(start, end));
    } catch {
      throw planMalformed('UTF-8', WHERE);
    }
  }

  /** fixext 1 to 16, ext 8 to 32: what stands in them is not needed. */
  #extension(head: number): typeof UNKNOWN {
    const isFixed = head >= 0xd4 && head <= 0xd8;
    if (!isFixed && (head < 0xc7 || head > 0xc9)) throw malformed();
    const length = isFixed ? 1 << (head - 0xd4) : this.#unsigned(1 << (head - 0xc7));
    const type = this.#unsigned(1);
    this.#take(length);
    if (!UNKNOWN_TYPES.has(type)) throw planMalformed('a value that cty writes', WHERE);
    return UNKNOWN;
  }

  #unsigned(length: number): number {
    return this.#take(length).readUIntBE(0, length);
  }

  #take(length: number): Buffer {
    this.#assertRest(length);
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** Every element is a byte at least: a forged length allocates nothing. */
  #assertRest(length: number): void {
    if (length > this.#bytes.length - this.#at) throw malformed();
  }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function malformed() {
  return planMalformed('msgpack', WHERE);
}
