// A spool as a recorder leaves it for its clients, with the private key at hand: what was delivered can be read.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ClientObservation } from '../../daemon/record/run.ts';
import { openBox } from '../../daemon/spool/box.ts';
import { createIngestKey, formatIngestPub } from '../../daemon/spool/ingest-key.ts';
import { INGEST_PUB, keyOfBoxName, NEW, TMP } from '../../daemon/spool/layout.ts';
import { unpackParcel, type Parcel } from '../../daemon/spool/parcel.ts';

export interface Delivered {
  readonly observation: ClientObservation;
  readonly attachments: Parcel['attachments'];
}

export interface ClientSpool {
  readonly dir: string;
  /** Everything that lies in it, opened, oldest first. */
  read(): Promise<readonly Delivered[]>;
  /** Waits until so many observations are there. */
  until(count: number): Promise<readonly Delivered[]>;
}

const DEADLINE_MS = 30_000;

export async function makeClientSpool(dir: string): Promise<ClientSpool> {
  const key = await createIngestKey(new Uint8Array(32).fill(7));
  for (const name of [dir, join(dir, TMP), join(dir, NEW)]) mkdirSync(name, { recursive: true, mode: 0o700 });
  writeFileSync(join(dir, INGEST_PUB), formatIngestPub(key.public), { mode: 0o644 });
  const read = async (): Promise<Delivered[]> => {
    const names = readdirSync(join(dir, NEW)).sort();
    return Promise.all(
      names.map(async (name) => {
        const bytes = await openBox(key, keyOfBoxName(name) ?? '', readFileSync(join(dir, NEW, name)));
        const { observation, attachments } = unpackParcel(bytes);
        return { observation: observation as unknown as ClientObservation, attachments };
      }),
    );
  };
  return {
    dir,
    read,
    async until(count) {
      for (const deadlineMs = Date.now() + DEADLINE_MS; Date.now() < deadlineMs;) {
        const found = await read();
        if (found.length >= count) return found;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      throw new Error(`expected ${count} observations within ${DEADLINE_MS} ms, got ${(await read()).length}`);
    },
  };
}
