// The commands that work on a state itself, migrations and workspaces, beside what the log says of them.
import { copyFile, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { basesOf, countsOf, expectQuick, factsOf, netOf, valueOf } from '../support/change-facts.ts';
import { requireComponent } from '../support/components.ts';
import { formatThing } from '../support/provider/configuration.ts';
import { createThing } from '../support/provider/thing-store.ts';
import { terraformPath, type StateFile } from '../support/terraform.ts';
import { openScene, type Scene } from '../support/terraform-scene.ts';

const linked = { kindBasis: 'lock', continuity: 'linked-by-backup' };
const manual = { kind: 'manual', kindBasis: 'lock', continuity: 'monotonic-only' };

describe('commands on a real state, as changes', () => {
  let scene: Scene;

  before(function () {
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
  });
  beforeEach(async () => {
    scene = await openScene();
  });
  afterEach(() => scene.close());

  const terraform = (...args: readonly string[]) => scene.terraform.run([...args]);

  async function begin(body = formatThing('a', 'size = 1') + formatThing('b', 'name = "b"')): Promise<void> {
    await scene.apply(body);
    await scene.change();
  }

  async function edit(change: (state: StateFile) => object, path = 'terraform.tfstate'): Promise<void> {
    const state = await scene.terraform.readState();
    await scene.terraform.write({ [path]: `${JSON.stringify({ ...state, ...change(state) }, null, 2)}\n` });
  }

  describe('objects', () => {
    it('taints, then replaces', async () => {
      await begin();
      await terraform('taint', 'scripted_thing.a');
      const tainted = await scene.change();
      expectQuick(tainted, { ...linked, kind: 'manual' }, { kindBasis: 'content' });
      expect([netOf(tainted), countsOf(tainted)]).to.deep.equal([{ 'scripted_thing.a': ['taint'] }, { taint: 1 }]);
      const run = await scene.terraform.applyJson();
      const replaced = await scene.change();
      expect(run.actions.get('scripted_thing.a')).to.deep.equal(['delete', 'create']);
      expect(factsOf(replaced)).to.deep.equal({ ...linked, kind: 'apply' });
      expect(netOf(replaced)).to.deep.equal({ 'scripted_thing.a': ['delete', 'create'] });
    });

    it('untaints', async () => {
      await begin();
      await terraform('taint', 'scripted_thing.a');
      await scene.change();
      await terraform('untaint', 'scripted_thing.a');
      const change = await scene.change();
      expectQuick(change, { ...linked, kind: 'manual' }, { kindBasis: 'content' });
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.a': ['untaint'] });
      await scene.terraform.applyJson();
      await scene.noChange();
    });

    it('moves by state mv', async () => {
      await begin();
      await terraform('state', 'mv', 'scripted_thing.a', 'scripted_thing.c');
      const change = await scene.change();
      expectQuick(change, manual, { kindBasis: 'backup' });
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.c': ['move'] });
      expect(change.actions[0]?.previousAddress).to.equal('scripted_thing.a');
    });

    it('forgets by state rm, which destroys nothing', async () => {
      await begin();
      await terraform('state', 'rm', 'scripted_thing.a', 'scripted_thing.b');
      const change = await scene.change();
      expectQuick(change, manual, { kindBasis: 'backup' });
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.a': ['forget'], 'scripted_thing.b': ['forget'] });
      expect(countsOf(change)).to.deep.equal({ forget: 2 });
      expect(scene.provider.objects.size).to.equal(2);
    });

    it('imports by the command', async () => {
      await begin(formatThing('a'));
      scene.provider.objects.set('thing-77', createThing({ id: 'thing-77', name: 'found' }));
      await scene.configure(formatThing('a') + formatThing('got', 'name = "found"'));
      await terraform('import', 'scripted_thing.got', 'thing-77');
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ ...linked, kind: 'import' });
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.got': ['import'] });
      expect(basesOf(change)).to.deep.equal(['lock']);
    });

    it('hands objects to another provider', async () => {
      await begin(formatThing('a'));
      const other = 'example.com/test/other';
      await terraform('state', 'replace-provider', '-auto-approve', 'example.com/test/scripted', other);
      const change = await scene.change();
      expectQuick(change, manual, { kindBasis: 'backup' });
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.a': ['update'] });
      const data = change.records[0]?.record.data ?? {};
      expect(data['provider']).to.contain(other);
      expect(data['previousProvider']).to.contain('example.com/test/scripted');
    });
  });

  describe('whole states', () => {
    it('pushes: a higher serial', async () => {
      await begin();
      await edit(({ serial, resources }) => ({ serial: serial + 1, resources: resources.slice(1) }), 'new.json');
      await terraform('state', 'push', 'new.json');
      const change = await scene.change();
      expectQuick(change, { ...linked, kind: 'manual' }, { kind: 'apply', kindBasis: 'content' });
      expect(Object.values(netOf(change))).to.deep.equal([['delete']]);
    });

    it('pushes: the same content changes nothing', async () => {
      await begin();
      await edit(() => ({}), 'same.json');
      await terraform('state', 'push', 'same.json');
      await scene.noChange();
    });

    it('pushes: a lower serial by force, which is a rollback', async () => {
      await begin();
      await edit(() => ({}), 'old.json');
      await scene.apply(formatThing('a', 'size = 2') + formatThing('b', 'name = "b"'));
      await scene.change();
      await terraform('state', 'push', '-force', 'old.json');
      const change = await scene.change();
      expectQuick(
        change,
        { kind: 'rollback', kindBasis: 'lock', continuity: 'unordered' },
        { kindBasis: 'content', continuity: 'unordered' },
      );
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.a': ['update'] });
      expect(valueOf(change, 'scripted_thing.a', '/size')).to.deep.equal([2, 1]);
    });

    it('pushes: another lineage by force', async () => {
      await begin();
      const lineage = '00000000-1111-2222-3333-444444444444';
      await edit(({ resources }) => ({ lineage, serial: 50, resources: resources.slice(0, 1) }), 'other.json');
      await terraform('state', 'push', '-force', 'other.json');
      const change = await scene.change();
      expect(factsOf(change)).to.deep.include({ kind: 'replaced', continuity: 'new-lineage' });
      expect(Object.values(netOf(change))).to.deep.equal([['delete']]);
      expect(change.summary.lineage).to.equal(lineage);
    });

    it('migrates to another file', async () => {
      await begin();
      const { serial } = await scene.terraform.readState();
      await scene.terraform.write({
        'backend.tf': 'terraform {\n backend "local" { path = "states/prod.json.tfstate" }\n}\n',
      });
      await scene.terraform.init(['-migrate-state', '-force-copy']);
      const change = await scene.change();
      expect(change.summary).to.deep.include({ kind: 'migrated', serial: String(serial) });
      expect(change.summary.movedFrom).to.equal('dir:infra/terraform.tfstate');
      expect(change.summary.state.reference).to.equal('dir:infra/states/prod.json.tfstate');
      expect(netOf(change)).to.deep.equal({});
      expect((await scene.daemon.daemon.states()).length).to.equal(1);
      await scene.apply(formatThing('a', 'size = 2') + formatThing('b', 'name = "b"'));
      const next = await scene.change();
      expect(netOf(next)).to.deep.equal({ 'scripted_thing.a': ['update'] });
      expect(next.summary.state.id).to.equal(change.summary.state.id);
      expect(scene.daemon.records('state.unreadable', 'state.retired')).to.deep.equal([]);
    });

    it('keeps workspaces apart, and retires one that is deleted', async () => {
      await begin();
      await terraform('workspace', 'new', 'staging');
      await scene.noChange();
      await scene.apply(formatThing('a'));
      const inIt = await scene.change();
      expect(factsOf(inIt)).to.deep.include({ kind: 'apply', kindBasis: 'lock' });
      expect(inIt.summary.state).to.deep.include({ workspace: 'staging' });
      expect(inIt.summary.state.name).to.match(/@staging$/u);
      expect(netOf(inIt)).to.deep.equal({ 'scripted_thing.a': ['create'] });
      await terraform('workspace', 'select', 'default');
      await terraform('workspace', 'delete', '-force', 'staging');
      const [retired] = await scene.daemon.untilRecords('state.retired', 1);
      expect(retired?.record.data['reason']).to.equal('workspace-deleted');
      await scene.noChange();
    });
  });

  describe('by hand', () => {
    it('edited in place, at the same serial', async () => {
      await begin();
      await edit(({ resources }) => ({ resources: resources.slice(1) }));
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ kind: 'rewritten', kindBasis: 'content', continuity: 'unordered' });
      expect(Object.values(netOf(change))).to.deep.equal([['delete']]);
    });

    it('edited in place, with a higher serial', async () => {
      await begin();
      await edit(({ serial, resources }) => ({ serial: serial + 1, resources: resources.slice(1) }));
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ kind: 'unknown', kindBasis: 'none', continuity: 'monotonic-only' });
    });

    it('restored from the backup', async () => {
      await begin();
      await scene.apply(formatThing('a', 'size = 2') + formatThing('b', 'name = "b"'));
      await scene.change();
      await copyFile(join(scene.folder, 'terraform.tfstate.backup'), join(scene.folder, 'terraform.tfstate'));
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ kind: 'rollback', kindBasis: 'content', continuity: 'unordered' });
      expect(valueOf(change, 'scripted_thing.a', '/size')).to.deep.equal([2, 1]);
    });

    it('copied to another folder, and pulled beside', async () => {
      await begin();
      await mkdir(join(scene.folder, 'copy'));
      await copyFile(join(scene.folder, 'terraform.tfstate'), join(scene.folder, 'copy/terraform.tfstate'));
      const { stdout } = await terraform('state', 'pull');
      await scene.terraform.write({ 'pulled.tfstate': stdout });
      const baselines = await scene.daemon.untilRecords('state.baselined', 3);
      const [first] = baselines.map(({ record }) => record.data['state'] as unknown as { id: string });
      expect(baselines.slice(1).map(({ record }) => record.data['copyOf'])).to.deep.equal([first?.id, first?.id]);
      await scene.noChange();
      await scene.apply(formatThing('a', 'size = 2') + formatThing('b', 'name = "b"'));
      expect((await scene.change()).summary.state.id).to.equal(first?.id);
    });

    it('removed by git clean: retired, nothing deleted; the same state back again is no change', async () => {
      await begin();
      const bytes = await readFile(join(scene.folder, 'terraform.tfstate'));
      for (const name of ['terraform.tfstate', 'terraform.tfstate.backup'])
        await rm(join(scene.folder, name), { force: true });
      await scene.daemon.untilRecords('state.retired', 1);
      await scene.noChange();
      await writeFile(join(scene.folder, 'terraform.tfstate'), bytes);
      await scene.noChange();
      await scene.apply(formatThing('a', 'size = 2') + formatThing('b', 'name = "b"'));
      expect(netOf(await scene.change())).to.deep.equal({ 'scripted_thing.a': ['update'] });
    });

    it('emptied: said once, nothing deleted; what terraform then makes is another lineage', async () => {
      await begin(formatThing('a'));
      await writeFile(join(scene.folder, 'terraform.tfstate'), '');
      const [unreadable] = await scene.daemon.untilRecords('state.unreadable', 1);
      expect(unreadable?.record.data['code']).to.equal('state-empty');
      await scene.noChange();
      await scene.apply(formatThing('a', 'size = 3'));
      const change = await scene.change();
      expect(factsOf(change)).to.deep.include({ kind: 'replaced', continuity: 'new-lineage' });
      expect(scene.daemon.records('state.unreadable').length).to.equal(1);
    });
  });
});
