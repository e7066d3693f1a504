// Verified batches → rows of a database. The newest batch is held back until it is known to be the newest: its receipts
// were never sealed, so that the normal code looks at its objects once more and writes them down.
import { parseJson } from '../json/parse.ts';
import { isJsonObject, member, type Json } from '../json/value.ts';
import type { Checkpoint } from '../merkle/checkpoint.ts';
import { formatNote } from '../merkle/note.ts';
import type { Adopt, AdoptedBatch } from '../store/adopt.ts';
import type { Accepted } from '../verify/chain.ts';
import type { LoadedGroup } from '../verify/group.ts';
import type { Signed } from '../verify/signed-objects.ts';

export interface Takeover {
  add(accepted: Accepted, loaded: LoadedGroup): void;
  finish(): void;
  /** Key epochs that stand in the lines. */
  readonly kids: ReadonlySet<string>;
}

const KID = /"kid":"(e[1-9][0-9]{0,8})"/gu;

export function createTakeover(adopt: Adopt): Takeover {
  const kids = new Set<string>();
  let newest: AdoptedBatch | undefined;
  return {
    kids,
    add(accepted, loaded) {
      if (newest !== undefined)
        adopt({ ...newest, phase: newest.checkpoint === undefined ? 'committed' : 'published' });
      newest = toBatch(accepted, loaded);
      for (const line of newest.lines ?? []) collectKids(line, kids);
    },
    finish() {
      if (newest === undefined) return;
      const isWhole = newest.body !== undefined;
      const phase = newest.checkpoint === undefined ? 'committed' : isWhole ? 'signed' : 'published';
      adopt({ ...newest, phase });
      newest = undefined;
    },
  };
}

function toBatch({ manifest, sealedMs }: Accepted, { seals, checkpoints, content }: LoadedGroup): AdoptedBatch {
  const { prev, size, root, batch, leaves, kept, blobs } = manifest;
  const bodies = content?.bodies ?? new Map<string, Uint8Array>();
  const seal = seals[0];
  const checkpoint = checkpoints.find(({ value }: Signed<Checkpoint>) => value.size === size);
  return {
    prev,
    size,
    root,
    manifest: seal === undefined ? '' : formatNote({ text: seal.note.text, signatures: seal.note.verified }),
    checkpoint: checkpoint && formatNote({ text: checkpoint.note.text, signatures: checkpoint.note.verified }),
    leaves,
    body: content?.lines === undefined ? undefined : bodies.get(batch.sha256),
    bodySha256: batch.sha256,
    lines: content?.lines,
    kept,
    blobs: blobs.flatMap(({ sha256 }) => {
      const body = bodies.get(sha256);
      return body === undefined ? [] : [{ sha256, body }];
    }),
    sealedMs: Number.isFinite(sealedMs) ? sealedMs : 0,
    phase: 'published',
  };
}

/** An attribute of a user may look the same: what is new is read where the log itself writes it. */
function collectKids(line: Uint8Array, kids: Set<string>): void {
  const text = Buffer.from(line.buffer, line.byteOffset, line.length).toString('latin1');
  const isNew = [...text.matchAll(KID)].some(([, kid = '']) => !kids.has(kid));
  if (isNew) for (const kid of kidsOf(parseJson(line))) kids.add(kid);
}

/** Beside a commitment, outside of the values of a state. */
function kidsOf(value: Json): readonly string[] {
  if (Array.isArray(value)) return value.flatMap(kidsOf);
  if (!isJsonObject(value)) return [];
  const kid = member(value, 'kid');
  const own = typeof kid === 'string' && typeof member(value, 'commitment') === 'string' ? [kid] : [];
  const inner = Object.entries(value).filter(([name]) => name !== 'before' && name !== 'after');
  return [...own, ...inner.flatMap(([, item]) => kidsOf(item))];
}
