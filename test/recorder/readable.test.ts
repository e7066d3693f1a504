// The converse of the hunt for secrets: through the whole daemon, with one taint for all, at least nine in ten values
// that are no planted secrets can be read by the default policy.
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { readBlobLines } from '../../daemon/recorder/snapshot-blob.ts';
import { createBatches } from '../../daemon/store/batches.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { corpus } from '../redaction/corpus.ts';
import { formatState } from '../support/canary-states.ts';
import { openWatched, type Watched } from '../support/watched.ts';

const STATES = join(import.meta.dirname, '../fixtures/terraform/states');
/** What the fixtures call the secrets that were planted in them. */
const PLANTED = /SENS|SECRET|PRIVATE|API_TOKEN|hunter|passw/i;

type Tree = null | boolean | number | string | readonly Tree[] | { readonly [key: string]: Tree };
type MarkValue = string | { readonly value: string | number };
interface RawInstance {
  readonly attributes: Tree;
  readonly sensitive_attributes?: readonly (readonly { readonly value: MarkValue }[])[];
}
interface RawState {
  readonly resources: readonly { readonly mode: string; readonly instances: readonly RawInstance[] }[];
}

/** Non-empty scalars, by path. */
function scalarsOf(tree: Tree, path = ''): (readonly [string, string])[] {
  if (tree === null || tree === '') return [];
  if (typeof tree !== 'object') return [[path, String(tree)]];
  return Object.entries(tree).flatMap(([key, part]) => scalarsOf(part, `${path}/${key}`));
}

function nameOf(step: MarkValue): string {
  return String(typeof step === 'string' ? step : step.value);
}

/** Scalars of managed instances that no mark covers and that hold no planted secret. */
function countInnocent(state: RawState): number {
  const instances = state.resources.filter(({ mode }) => mode === 'managed').flatMap((resource) => resource.instances);
  return instances.reduce((count, { attributes, sensitive_attributes = [] }) => {
    const marked = sensitive_attributes.map((steps) => steps.map((step) => `/${nameOf(step.value)}`).join(''));
    const isMarked = (path: string): boolean => marked.some((mark) => path === mark || path.startsWith(`${mark}/`));
    return count + scalarsOf(attributes).filter(([path, text]) => !isMarked(path) && !PLANTED.test(text)).length;
  }, 0);
}

describe('what can be read, through the daemon', function () {
  this.timeout(20_000);
  let folder: string;
  let watched: Watched | undefined;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stateseal-readable-'));
    for (const name of ['aws-like-10', 'rich-1', 'corpus']) await mkdir(join(folder, name));
    for (const name of ['aws-like-10', 'rich-1']) {
      await copyFile(join(STATES, `${name}.tfstate`), join(folder, name, 'terraform.tfstate'));
    }
    const instances = [...corpus].map(([type, attributes]) => ({ type, name: 'x', attributes }));
    const text = formatState({ serial: 1, lineage: 'corpus', instances });
    await writeFile(join(folder, 'corpus', 'terraform.tfstate'), text);
    watched = await openWatched({ roots: [folder] });
    await watched.settled();
  });
  after(async () => {
    await watched?.close();
    await rm(folder, { recursive: true });
  });

  function shownIn(name: string): number {
    const record = watched?.records('state.baselined').find((stored) => stored.record.subject === name)?.record;
    const { sha256 } = record?.data['snapshot'] as unknown as { readonly sha256: string };
    const database = openDatabaseReadOnly(join(watched?.dataDir ?? '', 'log.sqlite'));
    try {
      const blob = createBatches(database)
        .blobs(0, Number.MAX_SAFE_INTEGER)
        .find((found) => found.sha256 === sha256);
      const lines = readBlobLines(blob?.body ?? new Uint8Array()).map(
        (line) => JSON.parse(line) as { attributes?: Tree },
      );
      return lines.reduce((count, { attributes = null }) => count + scalarsOf(attributes).length, 0);
    } finally {
      database.close();
    }
  }

  for (const name of ['aws-like-10', 'rich-1', 'corpus']) {
    it(`nine in ten values of ${name}`, async () => {
      const raw = JSON.parse(await readFile(join(folder, name, 'terraform.tfstate'), 'utf8')) as RawState;
      const innocent = countInnocent(raw);
      const shown = shownIn(name);
      expect(innocent).to.be.greaterThan(50);
      expect(shown / innocent, `${shown} of ${innocent}`).to.be.within(0.9, 1);
    });
  }
});
