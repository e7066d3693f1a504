// Runs that fail, die, hide or are missed, beside what the log says of them: never a false deletion, never a false link.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { countsOf, factsOf, netOf, valueOf } from '../support/change-facts.ts';
import { requireComponent } from '../support/components.ts';
import { createFirst, formatThing } from '../support/provider/configuration.ts';
import { openTerraform, terraformPath } from '../support/terraform.ts';
import { openScene, reportedBy, type Scene } from '../support/terraform-scene.ts';

const linked = { kindBasis: 'lock', continuity: 'linked-by-backup' };
const quiet = { kindBasis: 'content', continuity: 'monotonic-only' };

describe('runs that fail, hide or are missed, as changes', () => {
  let scene: Scene;

  before(function () {
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
  });
  beforeEach(async () => {
    scene = await openScene();
  });
  afterEach(() => scene.close());

  async function begin(body = formatThing('a', 'size = 1')): Promise<void> {
    await scene.apply(body);
    await scene.change();
  }

  describe('failures', () => {
    it('a create that fails leaves a tainted object; the next run replaces it', async () => {
      await begin();
      const failing = formatThing('bad', 'name = "bad"\nfail_on = "create"');
      const run = await scene.apply(formatThing('a', 'size = 1') + failing, { expectExit: 1 });
      const failed = await scene.change();
      expect(run.errored.map(({ address, action }) => [address, action])).to.deep.equal([
        ['scripted_thing.bad', 'create'],
      ]);
      expect(factsOf(failed)).to.deep.equal({ ...linked, kind: 'failed' });
      expect(netOf(failed)).to.deep.equal({ 'scripted_thing.bad': ['create'] });
      const repaired = await scene.apply(formatThing('a', 'size = 1') + formatThing('bad', 'name = "bad"'));
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ ...linked, kind: 'apply' });
      expect(netOf(change)).to.deep.equal(reportedBy(repaired));
    });

    it('a first create that fails', async () => {
      await scene.apply(formatThing('bad', 'fail_on = "create"'), { expectExit: 1 });
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ kind: 'failed', kindBasis: 'lock', continuity: 'contiguous' });
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.bad': ['create'] });
    });

    it('a delete that fails leaves the deposed object; the next run deletes it', async () => {
      await begin(formatThing('a', `name = "one"\nfail_on = "delete"\n${createFirst}`));
      const run = await scene.apply(formatThing('a', `name = "two"\n${createFirst}`), { expectExit: 1 });
      const failed = await scene.change();
      expect(factsOf(failed)).to.deep.equal({ ...linked, kind: 'failed' });
      expect(netOf(failed))
        .to.deep.equal(reportedBy(run))
        .and.deep.equal({ 'scripted_thing.a': ['create'] });
      expect(scene.instances().length).to.equal(2);
      const [id = ''] = scene.provider.objects.keys();
      scene.provider.objects.set(id, { ...scene.provider.objects.get(id), fail_on: null });
      const next = await scene.apply(formatThing('a', `name = "two"\n${createFirst}`));
      const change = await scene.change();
      expect(next.actions.get('scripted_thing.a')).to.deep.equal(['delete']);
      expect(factsOf(change)).to.deep.equal({ ...linked, kind: 'apply' });
      expect(Object.values(netOf(change))).to.deep.equal([['delete']]);
      expect(change.actions[0]).to.deep.include({ address: 'scripted_thing.a' });
      expect(change.actions[0]?.deposed).to.match(/^[0-9a-f]{8}$/u);
      expect(scene.instances()).to.deep.equal(['scripted_thing.a']);
    });

    it('an update that fails beside one that lands', async () => {
      await begin(formatThing('a', 'size = 1') + formatThing('b', 'name = "b"\nsize = 1'));
      const failing = formatThing('b', 'name = "b"\nsize = 2\nfail_on = "update"');
      const run = await scene.apply(formatThing('a', 'size = 2') + failing, { expectExit: 1 });
      const change = await scene.change();
      expect(factsOf(change)).to.deep.include({ continuity: 'linked-by-backup' });
      expect(netOf(change))
        .to.deep.equal(reportedBy(run))
        .and.deep.equal({ 'scripted_thing.a': ['update'] });
    });

    it('killed in mid-apply, and followed by an apply', async () => {
      await begin();
      const slow = formatThing('slow', `name = "slow"\ndelay_ms = 60000\ndepends_on = [scripted_thing.quick]`);
      await scene.configure(formatThing('a', 'size = 1') + formatThing('quick', 'name = "quick"') + slow);
      const run = scene.terraform.spawn(['apply', '-auto-approve', '-no-color']);
      await scene.provider.started('create', 'slow');
      expect((await run.kill('SIGKILL')).code).to.equal(undefined);
      const killed = await scene.change();
      expect(factsOf(killed)).to.deep.equal({ ...linked, kind: 'failed', kindBasis: 'lock-abandoned' });
      expect(netOf(killed)).to.deep.equal({ 'scripted_thing.quick': ['create'] });
      expect(scene.daemon.records('lock.abandoned').length).to.equal(1);
      const next = await scene.apply(formatThing('a', 'size = 2') + formatThing('quick', 'name = "quick"'));
      const change = await scene.change();
      expect(factsOf(change)).to.deep.include({ kind: 'apply', kindBasis: 'lock' });
      expect(factsOf(change).continuity).to.be.oneOf(['linked-by-backup', 'monotonic-only']);
      expect(netOf(change)).to.deep.equal(reportedBy(next));
    });

    it('killed while the successor of a deposed object is made: nothing was destroyed', async () => {
      await begin(formatThing('a', `name = "one"\n${createFirst}`) + formatThing('b', 'size = 1'));
      const slow = formatThing('a', `name = "two"\ndelay_ms = 60000\ndepends_on = [scripted_thing.b]\n${createFirst}`);
      await scene.configure(slow + formatThing('b', 'size = 2'));
      const run = scene.terraform.spawn(['apply', '-auto-approve', '-no-color']);
      await scene.provider.started('create', 'two');
      await run.kill('SIGKILL');
      const killed = await scene.change();
      expect(factsOf(killed)).to.deep.equal({ ...linked, kind: 'failed', kindBasis: 'lock-abandoned' });
      expect(netOf(killed)).to.deep.equal({ 'scripted_thing.b': ['update'] });
    });

    it('a successor that fails: tainted, beside the deposed object', async () => {
      await begin(formatThing('a', `name = "one"\n${createFirst}`) + formatThing('b', 'size = 1'));
      const failing = formatThing(
        'a',
        `name = "two"\nfail_on = "create"\ndepends_on = [scripted_thing.b]\n${createFirst}`,
      );
      const run = await scene.apply(failing + formatThing('b', 'size = 2'), { expectExit: 1 });
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ ...linked, kind: 'failed' });
      expect(run.errored.map(({ address }) => address)).to.deep.equal(['scripted_thing.a']);
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.a': ['create'], 'scripted_thing.b': ['update'] });
    });

    it('killed in its first apply', async () => {
      await scene.configure(
        formatThing('quick') +
          formatThing('slow', 'name = "slow"\ndelay_ms = 60000\ndepends_on = [scripted_thing.quick]'),
      );
      const run = scene.terraform.spawn(['apply', '-auto-approve', '-no-color']);
      await scene.provider.started('create', 'slow');
      await run.kill('SIGKILL');
      const killed = await scene.change();
      expect(factsOf(killed)).to.deep.include({ kind: 'failed', kindBasis: 'lock-abandoned' });
      expect(netOf(killed)).to.deep.equal({ 'scripted_thing.quick': ['create'] });
    });

    it('interrupted: what runs ends, the rest is not begun', async () => {
      await begin();
      const slow =
        formatThing('slow', 'name = "slow"\ndelay_ms = 700') +
        formatThing('never', 'depends_on = [scripted_thing.slow]');
      await scene.configure(formatThing('a', 'size = 1') + slow);
      const run = scene.terraform.spawn(['apply', '-auto-approve', '-no-color']);
      await scene.provider.started('create', 'slow');
      expect((await run.kill('SIGINT')).code).to.equal(1);
      const change = await scene.change();
      expect(factsOf(change)).to.deep.include({ continuity: 'linked-by-backup' });
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.slow': ['create'] });
    });
  });

  describe('hidden runs', () => {
    it('-lock=false', async () => {
      await begin();
      const body = formatThing('a', 'size = 2') + formatThing('b', 'name = "b"');
      await scene.configure(body);
      const run = await scene.terraform.applyJson(['-lock=false']);
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ ...quiet, kind: 'apply' });
      expect(netOf(change)).to.deep.equal(reportedBy(run));
      await scene.configure('');
      await scene.terraform.applyJson(['-lock=false']);
      expect(factsOf(await scene.change())).to.deep.equal({ ...quiet, kind: 'destroy' });
    });

    it('-lock=false for a first apply', async () => {
      await scene.configure(formatThing('a') + formatThing('b'));
      await scene.terraform.applyJson(['-lock=false']);
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ ...quiet, kind: 'apply' });
      expect(countsOf(change)).to.deep.equal({ create: 2 });
    });

    it('-backup=- leaves nothing to link by, and an old backup links nothing', async () => {
      await begin();
      await scene.apply(formatThing('a', 'size = 2'));
      await scene.change();
      await scene.configure(formatThing('a', 'size = 3'));
      const run = await scene.terraform.applyJson(['-backup=-']);
      const change = await scene.change();
      expect(factsOf(change)).to.deep.equal({ kind: 'apply', kindBasis: 'lock', continuity: 'monotonic-only' });
      expect(netOf(change)).to.deep.equal(reportedBy(run));
    });

    it('-state-out to a new file, of a new state', async () => {
      await scene.configure(formatThing('a'));
      await scene.terraform.applyJson(['-state-out=out.tfstate']);
      const change = await scene.change();
      expect(change.summary.state.reference).to.equal('dir:infra/out.tfstate');
      expect(factsOf(change)).to.deep.include({ kind: 'apply' });
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.a': ['create'] });
      expect(scene.instances('out.tfstate')).to.deep.equal(['scripted_thing.a']);
    });

    it('-state-out to a new file, of a state that stays as it is', async () => {
      await begin();
      await scene.configure(formatThing('a', 'size = 1') + formatThing('b'));
      await scene.terraform.applyJson(['-state-out=out.tfstate']);
      await scene.daemon.untilRecords('state.baselined', 2);
      await scene.noChange();
      expect(scene.instances('out.tfstate')).to.deep.equal(['scripted_thing.a', 'scripted_thing.b']);
      expect(scene.instances()).to.deep.equal(['scripted_thing.a']);
    });
  });

  describe('several at once', () => {
    it('two directories at the same time', async () => {
      const others = await Promise.all(
        ['one', 'two'].map((name) => openTerraform(join(scene.folder, name), { provider: scene.provider })),
      );
      try {
        for (const other of others) await other.write({ 'main.tf': 'resource "terraform_data" "x" { input = 1 }\n' });
        await Promise.all(others.map((other) => other.applyJson()));
        const born = await scene.changes(2);
        expect(born.map(netOf)).to.deep.equal([{ 'terraform_data.x': ['create'] }, { 'terraform_data.x': ['create'] }]);
        for (const other of others) await other.write({ 'main.tf': 'resource "terraform_data" "x" { input = 2 }\n' });
        await Promise.all(others.map((other) => other.applyJson()));
        const changes = await scene.changes(2);
        expect(changes.map(({ summary }) => summary.state.name).sort()).to.deep.equal(['one', 'two']);
        for (const change of changes) {
          expect(factsOf(change)).to.deep.equal({ ...linked, kind: 'apply' });
          expect(netOf(change)).to.deep.equal({ 'terraform_data.x': ['update'] });
        }
      } finally {
        for (const other of others) await other.close();
      }
    });
  });

  describe('a daemon that was away', () => {
    const sized = (n: number) => formatThing('a', `size = ${n}`);

    it('for one run: one change, which nothing links', async () => {
      await begin();
      await scene.daemon.whileStopped(async () => void (await scene.apply(sized(2))));
      const change = await scene.change();
      expect(factsOf(change)).to.deep.include({ continuity: 'monotonic-only' });
      expect(netOf(change)).to.deep.equal({ 'scripted_thing.a': ['update'] });
    });

    it('for two runs: the first is recovered from the backup, and links the second to it', async () => {
      await begin();
      await scene.daemon.whileStopped(async () => {
        await scene.apply(sized(2));
        await scene.apply(sized(3));
      });
      const [first, second] = await scene.changes(2);
      if (first === undefined || second === undefined) return expect.fail('expected two changes');
      expect(first.summary).to.deep.include({ recovered: 'backup', continuity: 'monotonic-only' });
      expect(valueOf(first, 'scripted_thing.a', '/size')).to.deep.equal([1, 2]);
      expect(valueOf(second, 'scripted_thing.a', '/size')).to.deep.equal([2, 3]);
      expect(second.summary.before?.serial).to.equal(first.summary.serial);
    });

    it('for many runs: what lies between is not claimed to be seen', async () => {
      await begin();
      await scene.daemon.whileStopped(async () => {
        for (const size of [2, 3, 4, 5]) await scene.apply(sized(size));
      });
      const [first, second] = await scene.changes(2);
      if (first === undefined || second === undefined) return expect.fail('expected two changes');
      expect(first.summary.continuity).to.equal('monotonic-only');
      expect(valueOf(first, 'scripted_thing.a', '/size')).to.deep.equal([1, 4]);
      expect(valueOf(second, 'scripted_thing.a', '/size')).to.deep.equal([4, 5]);
    });

    it('while the state was removed and came back empty', async () => {
      await begin();
      await scene.daemon.whileStopped(async () => {
        await rm(join(scene.folder, 'terraform.tfstate'));
        await writeFile(join(scene.folder, 'terraform.tfstate'), '');
      });
      await scene.daemon.untilRecords('state.unreadable', 1);
      await scene.noChange();
    });
  });
});
