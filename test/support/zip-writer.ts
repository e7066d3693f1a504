// Zip archives as a hostile writer makes them: every field can be a lie. Deflate and plain zip, no library: what reads
// archives must not be tested with what it is built on.
import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Lies, each of its own field. */
  readonly claimedBytes?: number;
  readonly claimedCrc?: number;
  readonly method?: number;
  readonly flags?: number;
  /** The central directory points there instead of at its own data: index of another entry. */
  readonly pointsAt?: number;
}

export function writeZip(entries: readonly ZipEntry[], claimedCount = entries.length): Buffer {
  const locals: Buffer[] = [];
  const directory: Buffer[] = [];
  const offsets: number[] = [];
  let at = 0;
  for (const entry of entries) {
    const method = entry.method ?? 8;
    const data = method === 8 ? deflateRawSync(entry.bytes, { level: 9 }) : Buffer.from(entry.bytes);
    const name = Buffer.from(entry.name);
    const fields = fieldsOf(entry, method, data.length, name.length);
    const local = Buffer.concat([Buffer.from([0x50, 0x4b, 3, 4, 20, 0]), fields, Buffer.alloc(2), name, data]);
    offsets.push(at);
    locals.push(local);
    at += local.length;
    const place = Buffer.alloc(16);
    place.writeUInt32LE(offsets[entry.pointsAt ?? offsets.length - 1] ?? 0, 12);
    directory.push(Buffer.concat([Buffer.from([0x50, 0x4b, 1, 2, 20, 0, 20, 0]), fields, place, name]));
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(claimedCount, 8);
  end.writeUInt16LE(claimedCount, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...locals, listing, end]);
}

/** Flags, method, time, checksum, lengths, length of the name: the same in both headers. */
function fieldsOf(entry: ZipEntry, method: number, storedBytes: number, nameBytes: number): Buffer {
  const fields = Buffer.alloc(22);
  fields.writeUInt16LE(entry.flags ?? 0, 0);
  fields.writeUInt16LE(method, 2);
  fields.writeUInt32LE(entry.claimedCrc ?? crc32(entry.bytes), 8);
  fields.writeUInt32LE(storedBytes, 12);
  fields.writeUInt32LE(entry.claimedBytes ?? entry.bytes.length, 16);
  fields.writeUInt16LE(nameBytes, 20);
  return fields;
}
