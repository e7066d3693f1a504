// The snapshot blob of a baseline: one line per instance, then one per output; commitments, never tags.
import { gunzipSync } from 'node:zlib';
import { formatJson } from '../json/format.ts';
import type { Json } from '../json/value.ts';
import type { InstanceBody, ObservedInstance, ObservedOutput } from '../record/observation.ts';
import { compressBlob } from './appender.ts';

/** Instances sorted by address, then deposed key; those without a body are left out. */
export function formatSnapshot(
  instances: Iterable<Pick<ObservedInstance, 'address' | 'deposed' | 'body'>>,
  outputs: Iterable<ObservedOutput>,
): Buffer {
  return compressBlob(snapshotLines(instances, outputs));
}

function* snapshotLines(...[instances, outputs]: Parameters<typeof formatSnapshot>): Generator<string> {
  const publish = (hidden: InstanceBody['hidden']): Json =>
    hidden.map(({ path, by, kid, commitment }) => ({ path, by, kid, commitment }));
  for (const { address, deposed, body } of instances) {
    if (body === undefined) continue;
    const { type, provider, tainted, attributes } = body;
    yield formatJson({ address, deposed, type, provider, tainted, attributes, hidden: publish(body.hidden) });
  }
  for (const { name, sensitive, value, hidden } of outputs) {
    yield formatJson({ output: name, sensitive, value, hidden: publish(hidden) });
  }
}

/** Lines of a blob body. */
export function readBlobLines(body: Uint8Array): string[] {
  return gunzipSync(body).toString('utf8').trimEnd().split('\n');
}
