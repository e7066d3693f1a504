// Every sample state that real runs left, shown to the recorder in the order it was written: kinds, net actions and
// continuity are those of the runs. Net actions are compared with the files themselves, read without our own parser.
import { expect } from 'chai';
import { lockOf, openFilm, readLockSample, readSample, type Film } from '../support/film.ts';
import { countsOf, factsOf, netOf } from '../support/change-facts.ts';

const apply = (id: string) => lockOf('OperationTypeApply', id);
const long = (serial: number) => readSample(`sequences/long-apply/serial-${String(serial).padStart(2, '0')}.tfstate`);
const state = (name: string) => readSample(`states/${name}.tfstate`);
const linked = { kind: 'apply', kindBasis: 'lock', continuity: 'linked-by-backup' };

describe('recorder, with the sample states', () => {
  let film: Film;

  beforeEach(() => {
    film = openFilm();
  });
  afterEach(() => film.close());

  it('a long apply that creates, then one that updates, every version seen', () => {
    const serials = (from: number) => [0, 1, 2, 3, 4, 5].map((index) => from + index);
    film.run(apply('one'), serials(1).map(long));
    film.run(apply('two'), serials(7).map(long), long(6));
    const [created, updated, ...rest] = film.changes();
    if (created === undefined || updated === undefined) return expect.fail('expected two changes');
    expect(rest).to.deep.equal([]);
    expect(factsOf(created)).to.deep.equal({ kind: 'apply', kindBasis: 'lock', continuity: 'contiguous' });
    expect(netOf(created)).to.deep.equal(differenceOf(undefined, long(6)));
    expect(created.summary).to.deep.include({ serials: serials(1).map(String), before: undefined });
    expect(factsOf(updated)).to.deep.equal(linked);
    expect(netOf(updated)).to.deep.equal(differenceOf(long(6), long(12)));
    expect(updated.summary).to.deep.include({ serials: serials(7).map(String), steps: 5 });
    expect(updated.actions.flatMap(({ values }) => values.map(({ path }) => path))).to.deep.equal(
      Array(5).fill('/size'),
    );
  });

  it('the snapshots of two runs, some versions unseen, with the locks that stood beside them', () => {
    const snap = (name: string) => readSample(`sequences/snaps-t3/${name}`);
    const lock = (name: string) => readLockSample(`sequences/snaps-t3/${name}`);
    const first = [
      '002.440-terraform.tfstate-fb98e4a6',
      '003.960-terraform.tfstate-4c7a254e',
      '005.487-terraform.tfstate-43e01b59',
    ];
    film.run(lock('000.875-.terraform.tfstate.lock.info-6ea61c60'), first.map(snap));
    const second = [
      '002.481-terraform.tfstate-b8813a04',
      '005.515-terraform.tfstate-aef386fc',
      '005.518-terraform.tfstate-ae21a76b',
    ];
    const backup = snap('002.480-terraform.tfstate.backup-43e01b59');
    film.run(lock('000.884-.terraform.tfstate.lock.info-21992ad3'), second.map(snap), backup);
    const changes = film.changes();
    expect(changes.map((change) => [factsOf(change).continuity, change.summary.serial])).to.deep.equal([
      ['contiguous', '6'],
      ['linked-by-backup', '12'],
    ]);
    expect(changes.map(netOf)).to.deep.equal([differenceOf(undefined, long(6)), differenceOf(long(6), long(12))]);
    expect(changes[1]?.summary.claims.map(({ value, known }) => [value, known])).to.deep.equal([
      ['user:root', 'claimed'],
      ['host:vm', 'claimed'],
    ]);
  });

  it('a run missed as a whole is recovered from the backup, and linked to nothing', () => {
    film.run(apply('one'), [long(6)]);
    const missed = {
      lockHoldsSince: -1,
      backup: { sourceVersion: 'b', bytes: long(9), modifiedMs: Date.UTC(2026, 5, 24) },
    };
    film.show(long(12), missed);
    film.quiet();
    const [, recovered, last] = film.changes();
    expect(recovered?.summary).to.deep.include({ recovered: 'backup', continuity: 'monotonic-only', serial: '9' });
    expect(last?.summary).to.deep.include({ serial: '12', before: { lineage: last?.summary.lineage, serial: '9' } });
  });

  it('an apply without changes moves the serial and nothing else', () => {
    film.begin(state('noop-before'));
    film.run(apply('one'), [state('noop-after-serial-bumped')], state('noop-before'));
    film.quiet();
    expect(film.changes()).to.deep.equal([]);
    const [unchanged] = film.records('state.unchanged');
    expect(unchanged?.record.data).to.deep.include({ reason: 'serial-moved' });
  });

  it('moves, forgets and imports in one run; then everything is destroyed', () => {
    film.begin(state('create-after'));
    film.run(apply('one'), [state('after-move-forget-import')], state('create-after'));
    film.run(apply('two'), [state('after-destroy')]);
    const [moved, destroyed] = film.changes();
    if (moved === undefined || destroyed === undefined) return expect.fail('expected two changes');
    expect(factsOf(moved)).to.deep.equal(linked);
    expect(netOf(moved)).to.deep.equal({
      'fake_thing.a': ['update'],
      'fake_thing.b[1]': ['delete'],
      'fake_thing.c': ['move', 'update'],
      'fake_thing.imp': ['create'],
    });
    expect(moved.actions.find(({ address }) => address === 'fake_thing.c')?.previousAddress).to.equal(
      'fake_thing.b[0]',
    );
    expect(factsOf(destroyed)).to.deep.equal({ kind: 'destroy', kindBasis: 'lock', continuity: 'monotonic-only' });
    expect(netOf(destroyed)).to.deep.equal(differenceOf(state('after-move-forget-import'), state('after-destroy')));
    expect(countsOf(destroyed)).to.deep.equal({ delete: 3, output: 1 });
  });

  it('a provisioner that fails leaves its object tainted: the run failed', () => {
    film.begin(state('after-move-forget-import'));
    film.run(apply('one'), [state('tainted-by-provisioner')], state('after-move-forget-import'));
    const [failed] = film.changes();
    if (failed === undefined) return expect.fail('expected a change');
    expect(factsOf(failed)).to.deep.equal({ ...linked, kind: 'failed' });
    expect(netOf(failed)).to.deep.equal({
      'fake_thing.a': ['delete', 'create'],
      'fake_thing.c': ['delete'],
      'fake_thing.imp': ['delete'],
      'fake_thing.slow': ['create'],
      'terraform_data.p': ['create'],
    });
  });

  it('modules, for_each with strange keys, secrets in every place', () => {
    film.begin(state('rich-1'));
    film.run(apply('one'), [state('rich-2-fail-armed')], state('rich-1'));
    const [change] = film.changes();
    if (change === undefined) return expect.fail('expected a change');
    expect(factsOf(change)).to.deep.equal(linked);
    expect(netOf(change)).to.deep.equal(differenceOf(state('rich-1'), state('rich-2-fail-armed')));
    expect(countsOf(change)).to.deep.equal({ update: 3, output: 1 });
  });

  it('a backup that could not be written whole links nothing; the dump of a failed write is a state of its own', () => {
    film.begin(state('errored'));
    expect(film.records('state.baselined').map(({ record }) => record.data['instances'])).to.deep.equal([4]);
    film.show(readSample('torn/enospc-partial.tfstate.backup'));
    film.quiet();
    const [replaced] = film.changes();
    expect(replaced && factsOf(replaced)).to.deep.equal({
      kind: 'replaced',
      kindBasis: 'content',
      continuity: 'new-lineage',
    });
  });

  for (const name of ['empty', 'errored', 'truncated', 'enospc-partial']) {
    it(`torn/${name} never deletes anything, and is said once`, () => {
      film.begin(state('create-after'));
      film.show(readSample(`torn/${name}.tfstate`));
      film.quiet();
      film.quiet();
      expect(film.changes()).to.deep.equal([]);
      expect(film.records('state.unreadable').length).to.equal(1);
      film.show(state('create-after'));
      film.quiet();
      expect(film.changes()).to.deep.equal([]);
      film.run(apply('one'), [state('after-move-forget-import')], state('create-after'));
      expect(film.changes().map(factsOf)).to.deep.equal([linked]);
    });
  }

  it('an encrypted state is told by lineage and serial; what it holds is not guessed', () => {
    const encrypted = readSample('opentofu-synthetic/encrypted.tfstate').toString();
    const sealedAnew = encrypted.replace('"encrypted_data":"', '"encrypted_data":"AAAA');
    film.begin(Buffer.from(encrypted));
    expect(film.records('state.baselined').map(({ record }) => record.data['form'])).to.deep.equal(['opaque']);
    film.show(Buffer.from(sealedAnew));
    film.quiet();
    expect(film.changes()).to.deep.equal([]);
    film.run(apply('one'), [Buffer.from(sealedAnew.replace('"serial":4', '"serial":5'))]);
    const [change] = film.changes();
    if (change === undefined) return expect.fail('expected a change');
    expect(factsOf(change)).to.deep.equal({ kind: 'apply', kindBasis: 'lock', continuity: 'monotonic-only' });
    expect([change.summary.form, netOf(change)]).to.deep.equal(['opaque', {}]);
  });

  it('encryption turned on, and off again: nothing came or went', () => {
    film.begin(state('create-after'));
    film.run(apply('one'), [readSample('opentofu-synthetic/encrypted.tfstate')], state('create-after'));
    film.run(apply('two'), [state('create-after')]);
    film.quiet();
    expect(film.changes()).to.deep.equal([]);
    const baselines = film
      .records('state.baselined')
      .map(({ record: { data } }) => [data['reason'], data['form'], data['instances']]);
    expect(baselines).to.deep.equal([
      ['first-sight', 'clear', 3],
      ['renewed', 'opaque', 0],
      ['renewed', 'clear', 3],
    ]);
    film.run(apply('three'), [state('after-move-forget-import')], state('create-after'));
    expect(film.changes().map((change) => countsOf(change))).to.deep.equal([
      { create: 1, update: 2, delete: 1, move: 1 },
    ]);
  });

  it('a newer Terraform adds identities: no change', () => {
    film.begin(state('create-after'));
    film.run(apply('one'), [state('synthetic-tf-1.12-identity')], state('create-after'));
    film.quiet();
    expect(film.changes()).to.deep.equal([]);
    expect(film.records('state.unchanged').map(({ record }) => record.data['reason'])).to.deep.equal(['metadata']);
  });

  it('OpenTofu takes over, with a provider for each instance', () => {
    film.begin(state('create-after'));
    film.run(apply('one'), [readSample('opentofu-synthetic/provider-for-each.tfstate')], state('create-after'));
    const [change] = film.changes();
    expect(change && netOf(change)).to.deep.equal({
      'fake_thing.a': ['update'],
      'fake_thing.b[0]': ['update'],
      'fake_thing.b[1]': ['update'],
    });
    const steps = film.records('resource.changed').map(({ record: { data } }) => data);
    const from = 'provider["registry.terraform.io/example/fake"]';
    const to = 'provider["registry.opentofu.org/example/fake"]';
    expect(steps.map(({ previousProvider }) => previousProvider)).to.deep.equal([from, from, from]);
    expect(steps.map(({ provider }) => provider)).to.deep.equal([to, `${to}.by_region["r0"]`, `${to}.by_region["r1"]`]);
  });

  it('the shapes of a real cloud provider, taken as they are', () => {
    film.begin(state('aws-like-10'));
    const [baseline] = film.records('state.baselined');
    expect(baseline?.record.data['instances']).to.equal(instancesOf(state('aws-like-10')).size);
    film.show(state('aws-like-10'));
    film.quiet();
    expect(film.changes()).to.deep.equal([]);
  });
});

interface SampleState {
  readonly resources: readonly {
    readonly module?: string;
    readonly mode: string;
    readonly type: string;
    readonly name: string;
    readonly instances: readonly { readonly index_key?: string | number; readonly attributes: unknown }[];
  }[];
}

/** Attributes by address, without our parser: keys as Terraform writes them. */
function instancesOf(bytes: Uint8Array): ReadonlyMap<string, string> {
  const { resources } = JSON.parse(Buffer.from(bytes).toString()) as SampleState;
  const managed = resources.filter(({ mode }) => mode === 'managed');
  return new Map(
    managed.flatMap(({ module, type, name, instances }) =>
      instances.map(({ index_key: key, attributes }): [string, string] => {
        const index = key === undefined ? '' : `[${JSON.stringify(key).replaceAll('${', '$${')}]`;
        return [`${module === undefined ? '' : `${module}.`}${type}.${name}${index}`, JSON.stringify(attributes)];
      }),
    ),
  );
}

/** Creates, updates and deletes between two files. */
function differenceOf(before: Uint8Array | undefined, after: Uint8Array): Record<string, readonly string[]> {
  const old = before === undefined ? new Map<string, string>() : instancesOf(before);
  const now = instancesOf(after);
  const all = [...new Set([...old.keys(), ...now.keys()])].filter((address) => old.get(address) !== now.get(address));
  const actionOf = (address: string) => (!old.has(address) ? 'create' : now.has(address) ? 'update' : 'delete');
  return Object.fromEntries(all.map((address) => [address, [actionOf(address)]]));
}
