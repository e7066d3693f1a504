// Logs of any size, written batch after batch: one of 100,000 batches is made in the memory of one.
import { createHash } from 'node:crypto';
import { formatCheckpoint } from '../../daemon/merkle/checkpoint.ts';
import { leafHash } from '../../daemon/merkle/hash.ts';
import { formatManifest } from '../../daemon/merkle/manifest.ts';
import { signNote, type Signer } from '../../daemon/merkle/note.ts';
import { appendLeaves, EMPTY_EDGE, rootOfEdge } from '../../daemon/merkle/tree.ts';
import { formatRecord } from '../../daemon/record/record.ts';
import { createPackedArchive } from './packed-archive.ts';
import { compressLines, sampleLine, sampleOrigin, sampleStartMs, sha256Hex } from './sample-archive.ts';

export interface ScalePlan {
  readonly batchCount: number;
  /** Records per batch. */
  readonly batchSize: number;
}

/** Writes the log of `signer` into one packed file. */
export function writeScaleLog(path: string, { batchCount, batchSize }: ScalePlan, signer: Signer): void {
  const packed = createPackedArchive(path);
  let edge = EMPTY_EDGE;
  for (let batch = 0; batch < batchCount; batch += 1) {
    const prev = edge.size;
    const lines = benchLines(prev, batchSize);
    const body = compressLines(lines);
    const leaves = lines.map((line) => leafHash(Buffer.from(line)));
    const after = appendLeaves(edge, leaves);
    const root = rootOfEdge(after);
    const lineBytes = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    const manifest = formatManifest({
      origin: signer.name,
      prev,
      size: after.size,
      root,
      batch: { sha256: sha256Hex(body), storedBytes: body.length, lineBytes },
      contentDays: 400,
      edge: edge.hashes,
      blobs: [],
      kept: prev === 0 ? [{ leafIndex: 0, line: lines[0] ?? '' }] : [],
      leaves,
    });
    const checkpoint = formatCheckpoint({ origin: signer.name, size: after.size, root });
    packed.add(prev, {
      batch: body,
      checkpoint: Buffer.from(signNote(checkpoint, [signer])),
      seal: Buffer.from(signNote(manifest, [signer])),
    });
    edge = after;
  }
  packed.close();
}

/** About 1 KiB each: a change of five values, three of them hidden, as most records are. */
export function benchLines(first: number, count: number): string[] {
  return Array.from({ length: count }, (_, offset) => {
    const index = first + offset;
    if (index === 0) return sampleLine(0, { type: 'log.created', atSeconds: 0, data: { heartbeatSeconds: 300 } });
    return formatRecord({
      id: `019b7600-0000-7000-8000-${index.toString(16).padStart(12, '0')}`,
      type: 'resource.changed',
      source: 'dir:infra/network/terraform.tfstate',
      subject: `aws_instance.web[${index}]`,
      time: new Date(sampleStartMs + index * 1000).toISOString(),
      data: benchData(index),
    });
  });
}

function benchData(index: number): object {
  const digest = (text: string): string => createHash('sha256').update(`${text}${index}`).digest('base64url');
  return {
    address: `aws_instance.web[${index}]`,
    actions: ['update'],
    changes: Array.from({ length: 5 }, (_, at) => ({
      path: `/tags/k${at}`,
      before: digest(`b${at}`).slice(0, 12),
      after: index,
    })),
    hidden: Array.from({ length: 3 }, (_, at) => ({
      path: `/x/${at}`,
      by: 'default',
      kid: 'e2026',
      commitment: digest(`h${at}`),
      changed: true,
    })),
    vantage: { recorder: sampleOrigin, host: 'bastion', source: 'directory' },
  };
}
