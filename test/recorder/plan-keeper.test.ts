// Plans as records: what they say, which state they are for, each once, and nothing of what they hide.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'chai';
import { formatStoredRecord } from '../../daemon/commands/render-record.ts';
import { applyChanges } from '../../daemon/recorder/diff.ts';
import type { ValueChange } from '../../daemon/record/data.ts';
import { textAt } from '../../daemon/store/queries-fields.ts';
import type { ParsedRecord } from '../../daemon/record/record.ts';
import { openPlanArchive } from '../../daemon/sources/plan-archive.ts';
import { contentOf } from '../../daemon/sources/plan-files.ts';
import type { PlanSighting } from '../../daemon/sources/source.ts';
import { createPalette } from '../../daemon/terminal.ts';
import { openLogHarness, type LogHarness } from '../support/log-harness.ts';
import { dataOf, recordsOf, storeSighting } from '../support/run-scene.ts';
import { readFixture } from '../terraform/fixtures.ts';

const SECRETS = ['VAR-SENSITIVE-PW', 'EPHEMERAL-VAR', 'ENV-SENSITIVE', 'tok-ec7297c8c7072c34', 'data-secret-check'];

describe('plans as records', () => {
  let log: LogHarness;
  beforeEach(() => (log = openLogHarness()));
  afterEach(() => log.close());

  const sightingOf = async (bytes: Buffer, reference = 'dir:infra/rich/tfplan'): Promise<PlanSighting> => ({
    reference,
    sourceVersion: '1',
    effectiveTime: '2026-06-23T13:59:00.000Z',
    timeBasis: 'mtime',
    bytes,
    ownerUid: 1001,
    ...(await contentOf(bytes)),
  });
  const record = async (name: string, reference?: string): Promise<string> =>
    log.methods.observePlan(await sightingOf(readFixture(`plans/${name}`), reference)).verdict;
  const planned = (): readonly ParsedRecord[] => recordsOf(log, 'resource.planned');

  it('an errored one is shown as what cannot be applied, another is not', async () => {
    for (const name of ['errored.tfplan', 'rich-replace.tfplan']) {
      await record(name);
      const shown = log.read(({ queries }) => {
        const stored = queries.readRecord(recordsOf(log, 'plan.recorded').at(-1)?.id ?? '');
        if (stored === undefined) throw new Error('expected a plan');
        return formatStoredRecord(stored, queries.evidence(stored.leafIndex), createPalette(false));
      });
      expect(shown.includes('errored: it is not complete and cannot be applied'), name).to.equal(
        name === 'errored.tfplan',
      );
    }
  });

  it('say what the plan is for, what it would do, and who owns the file', async () => {
    expect(await record('rich-replace.tfplan')).to.equal('recorded');
    const [plan] = recordsOf(log, 'plan.recorded');
    expect(plan?.subject).to.equal('terraform 1.11.4');
    expect(plan?.data).to.deep.include({
      reference: 'dir:infra/rich/tfplan',
      form: 'saved',
      tool: 'terraform',
      errored: false,
      applyable: true,
      madeAt: '2026-11-23T01:59:29Z',
      prior: { lineage: 'cfccde5f-69df-cce9-7707-efd09230043a', serial: '19' },
      counts: { add: 2, change: 1, destroy: 2, import: 0, forget: 0, move: 0, drift: 0, deferred: 0, output: 0 },
      claims: [{ field: 'owner', value: 'uid:1001', known: 'observed', by: 'plan-file' }],
    });
    expect(planned().map(({ data }) => [data['address'], data['role'], data['actions'], data['reason']])).to.deep.equal(
      [
        ['data.fake_lookup.c', 'planned', ['read'], 'read_because_check_nested'],
        ['fake_thing.cbd', 'planned', ['create', 'delete'], 'replace_because_cannot_update'],
        ['fake_thing.secretful', 'planned', ['update'], undefined],
        ['terraform_data.td', 'planned', ['delete', 'create'], 'replace_because_cannot_update'],
      ],
    );
    for (const { data } of planned()) expect(data['plan']).to.equal(plan?.id);
  });

  it('are valid by the schema', async () => {
    for (const name of ['rich-replace', 'aws-create', 'errored', 'refresh-only-drift', 'create-from-empty']) {
      await record(`${name}.tfplan`);
    }
    await record('rich-replace.show.json', 'dir:infra/rich/plan.json');
    const ajv = new Ajv2020({ strict: false, validateFormats: false });
    const validate = ajv.compile(JSON.parse(readFileSync('schemas/record.schema.json', 'utf8')) as object);
    for (const line of lines(log))
      expect(validate(JSON.parse(line)), JSON.stringify(validate.errors?.[0])).to.equal(true);
    expect(recordsOf(log, 'plan.recorded')).to.have.length(6);
  });

  it('are for the state whose version they name, and commit to hidden values as that state does', async () => {
    const { state } = await openPlanArchive(readFixture('plans/rich-replace.tfplan'));
    const sighting = storeSighting(Buffer.from(state ?? []), log.clock.ms, 'dir:infra/rich/terraform.tfstate');
    const context = { source: 'directory', nameCandidates: ['rich'], isInitial: true, isFinalAttempt: true };
    log.methods.observe(sighting, context);
    await record('rich-replace.tfplan');
    const [plan] = recordsOf(log, 'plan.recorded');
    expect(plan?.data).to.have.nested.property('state.name', 'rich');
    const snapshot = snapshotOf(log);
    const compared = planned().flatMap(({ data }) => {
      const hidden = data['hidden'] as unknown as readonly { path: string; commitment: string }[];
      const changes = data['changes'] as unknown as readonly ValueChange[];
      const gone = hidden.filter(({ path }) => changes.some((change) => change.path === path && !('after' in change)));
      return gone.map(({ path, commitment }) => [`${textAt(data, 'address')} ${path}`, commitment] as const);
    });
    expect(compared.map(([place]) => place)).to.include('fake_thing.cbd /token');
    for (const [place, commitment] of compared) expect(snapshot.get(place), place).to.equal(commitment);
  });

  it('give the redacted after when their changes are applied to the redacted before', async () => {
    await record('create-from-empty.tfplan');
    const [first] = planned();
    const changes = first?.data['changes'] as unknown as readonly ValueChange[];
    expect(applyChanges(undefined, changes)).to.include({ name: 'a', secret: null });
    expect(first?.data['unknown']).to.deep.equal(['/arn', '/id', '/note', '/token']);
  });

  it('are recorded once, wherever the same plan turns up', async () => {
    await record('errored.tfplan');
    expect(await record('errored.tfplan', 'dir:elsewhere/plan.out')).to.equal('nothing');
    log.reopen();
    expect(await record('errored.tfplan')).to.equal('nothing');
    expect(recordsOf(log, 'plan.recorded')).to.have.length(1);
  });

  it('name what cannot be read, and pass over what is only called a plan', async () => {
    const encrypted = readFixture('opentofu-synthetic/encrypted.tfplan');
    log.methods.observePlan(await sightingOf(encrypted));
    const damaged = readFixture('plans/errored.tfplan').subarray(0, 3000);
    log.methods.observePlan(await sightingOf(damaged, 'dir:infra/x/tfplan'));
    expect(dataOf(log, 'plan.unreadable').map(({ reference, code }) => [reference, code])).to.deep.equal([
      ['dir:infra/rich/tfplan', 'plan-encrypted'],
      ['dir:infra/x/tfplan', 'plan-archive-malformed'],
    ]);
    for (const text of ['# Plan\n', '{"version":4}', '[]', '']) {
      expect(log.methods.observePlan(await sightingOf(Buffer.from(text))).verdict).to.equal('nothing');
    }
  });

  it('of a run whose clock is ahead carry our time', async () => {
    const run = { id: '01900000-0000-7000-8000-000000000001', uid: 'uid:1001' };
    const sighting = await sightingOf(readFixture('plans/errored.tfplan'), `run:${run.id}`);
    log.methods.observePlan({ ...sighting, run, timeBasis: 'run', effectiveTime: '2031-01-01T00:00:00.000Z' });
    expect(dataOf(log, 'plan.recorded')[0]).to.include({
      effectiveTime: new Date(log.clock.ms).toISOString(),
      timeBasis: 'clock',
    });
  });

  it('leave no secret of the plan anywhere in the data directory', async () => {
    for (const name of ['rich-replace', 'errored', 'create-from-empty', 'refresh-only-drift'])
      await record(`${name}.tfplan`);
    for (const file of readdirSync(log.dataDir)) {
      const bytes = readFileSync(join(log.dataDir, file));
      for (const secret of SECRETS) expect(bytes.includes(secret), `${secret} in ${file}`).to.equal(false);
    }
  });

  it('teach the taint: what one plan marks is hidden in every state after it', async () => {
    await record('rich-replace.tfplan');
    const state = {
      version: 4,
      terraform_version: '1.11.4',
      serial: 1,
      lineage: 'other',
      outputs: { id: { value: 'VAR-SENSITIVE-PW', type: 'string' } },
      resources: [],
    };
    const context = { source: 'bucket', nameCandidates: ['b'], isInitial: true, isFinalAttempt: true };
    log.methods.observe(storeSighting(Buffer.from(`${JSON.stringify(state)}\n`), log.clock.ms), context);
    expect(lines(log).join('\n')).not.to.include('VAR-SENSITIVE-PW');
  });
});

function lines(log: LogHarness): readonly string[] {
  return log.read(({ entries }) =>
    Array.from(entries.range(0, entries.size()), ({ line }) => Buffer.from(line).toString()),
  );
}

/** "address pointer" → commitment, of the newest baseline. */
function snapshotOf(log: LogHarness): ReadonlyMap<string, string> {
  const [baseline] = dataOf(log, 'state.baselined');
  const { sha256 } = baseline?.['snapshot'] as unknown as { readonly sha256: string };
  const body = log.read(({ batches }) => batches.blob(sha256));
  const lines = gunzipSync(body ?? new Uint8Array())
    .toString()
    .trimEnd()
    .split('\n');
  const rows = lines.map((line) => JSON.parse(line) as SnapshotLine);
  return new Map(
    rows.flatMap(({ address = '', hidden }) =>
      hidden.map(({ path, commitment }) => [`${address} ${path}`, commitment]),
    ),
  );
}

interface SnapshotLine {
  readonly address?: string;
  readonly hidden: readonly { readonly path: string; readonly commitment: string }[];
}
