// What a configuration makes Terraform do to its objects, by Terraform's own account, beside what the log says: one
// change each, with the right kind, the same net actions, and no more certainty than there is.
import { expect } from 'chai';
import { basesOf, countsOf, factsOf, netOf, valueOf } from '../support/change-facts.ts';
import { requireComponent } from '../support/components.ts';
import { createFirst, formatThing } from '../support/provider/configuration.ts';
import { createThing } from '../support/provider/thing-store.ts';
import { terraformPath } from '../support/terraform.ts';
import { openScene, reportedBy, type Scene } from '../support/terraform-scene.ts';

const birth = { kind: 'apply', kindBasis: 'lock', continuity: 'contiguous' };
const linkedApply = { kind: 'apply', kindBasis: 'lock', continuity: 'linked-by-backup' };

describe('a real terraform and its configuration, as changes', () => {
  let scene: Scene;

  before(function () {
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
  });
  beforeEach(async () => {
    scene = await openScene();
  });
  afterEach(() => scene.close());

  it('creates, then updates, with the values', async () => {
    const created = await scene.apply(`${formatThing('a', 'size = 1')}output "size" { value = scripted_thing.a.size }`);
    const first = await scene.change();
    expect(factsOf(first)).to.deep.equal(birth);
    expect(netOf(first))
      .to.deep.equal(reportedBy(created))
      .and.deep.equal({ 'scripted_thing.a': ['create'] });
    expect(countsOf(first)).to.deep.equal({ create: 1, output: 1 });
    const updated = await scene.apply(`${formatThing('a', 'size = 2')}output "size" { value = scripted_thing.a.size }`);
    const second = await scene.change();
    expect(factsOf(second)).to.deep.equal(linkedApply);
    expect(netOf(second))
      .to.deep.equal(reportedBy(updated))
      .and.deep.equal({ 'scripted_thing.a': ['update'] });
    expect(valueOf(second, 'scripted_thing.a', '/size')).to.deep.equal([1, 2]);
    expect(second.actions[0]?.values.map(({ path }) => path)).to.deep.equal(['/size']);
    expect(countsOf(second)).to.deep.equal({ update: 1, output: 1 });
    expect(second.summary.before?.serial).to.equal(first.summary.serial);
    expect(scene.instances()).to.deep.equal(['scripted_thing.a']);
  });

  it('tells an output alone from nothing', async () => {
    await scene.apply(`${formatThing('a')}output "x" { value = 1 }`);
    await scene.change();
    await scene.apply(`${formatThing('a')}output "x" { value = 2 }`);
    const change = await scene.change();
    expect([factsOf(change), netOf(change), countsOf(change)]).to.deep.equal([linkedApply, {}, { output: 1 }]);
  });

  it('replaces, destroying first', async () => {
    await scene.apply(formatThing('a', 'name = "one"'));
    await scene.change();
    const run = await scene.apply(formatThing('a', 'name = "two"'));
    const change = await scene.change();
    expect(factsOf(change)).to.deep.equal(linkedApply);
    expect(netOf(change))
      .to.deep.equal(reportedBy(run))
      .and.deep.equal({ 'scripted_thing.a': ['delete', 'create'] });
    expect(countsOf(change)).to.deep.equal({ replace: 1 });
    expect(valueOf(change, 'scripted_thing.a', '/id')).to.deep.equal(['thing-1', 'thing-2']);
  });

  it('replaces, creating first', async () => {
    await scene.apply(formatThing('a', `name = "one"\n${createFirst}`));
    await scene.change();
    const run = await scene.apply(formatThing('a', `name = "two"\n${createFirst}`));
    const change = await scene.change();
    expect(factsOf(change)).to.deep.equal(linkedApply);
    expect(netOf(change))
      .to.deep.equal(reportedBy(run))
      .and.deep.equal({ 'scripted_thing.a': ['create', 'delete'] });
    expect(countsOf(change)).to.deep.equal({ replace: 1 });
  });

  it('replaces objects without an id of their own, both ways', async () => {
    const data = (n: number, extra = '') => `resource "terraform_data" "a" {\n triggers_replace = ${n}\n ${extra}\n}\n`;
    for (const extra of ['', createFirst]) {
      await scene.apply(data(1, extra));
      await scene.change();
      const run = await scene.apply(data(2, extra));
      const change = await scene.change();
      expect(netOf(change), extra).to.deep.equal(reportedBy(run));
      expect(countsOf(change)).to.deep.equal({ replace: 1 });
    }
  });

  it('does many things in one run', async () => {
    const each = (keys: string) =>
      `resource "scripted_thing" "many" {\n for_each = toset(${keys})\n name = each.key\n}\n`;
    await scene.apply(each('["a", "b\\"x", "c"]') + formatThing('n', 'count = 3\nsize = count.index'));
    const created = await scene.change();
    expect(countsOf(created)).to.deep.equal({ create: 6 });
    const run = await scene.apply(each('["b\\"x", "d"]') + formatThing('n', 'count = 2\nsize = 7'));
    const change = await scene.change();
    expect(factsOf(change)).to.deep.equal(linkedApply);
    expect(netOf(change)).to.deep.equal(reportedBy(run));
    expect(countsOf(change)).to.deep.equal({ create: 1, update: 2, delete: 3 });
  });

  it('destroys', async () => {
    await scene.apply(formatThing('a') + formatThing('b'));
    await scene.change();
    await scene.terraform.destroy();
    const change = await scene.change();
    expect(factsOf(change)).to.deep.equal({ ...linkedApply, kind: 'destroy' });
    expect(netOf(change)).to.deep.equal({ 'scripted_thing.a': ['delete'], 'scripted_thing.b': ['delete'] });
    expect(scene.instances()).to.deep.equal([]);
  });

  it('moves by a moved block, and updates on the way', async () => {
    await scene.apply(formatThing('old', 'size = 1'));
    await scene.change();
    const moved = 'moved {\n from = scripted_thing.old\n to = scripted_thing.new\n}\n';
    const run = await scene.apply(moved + formatThing('new', 'size = 1'));
    const change = await scene.change();
    expect(factsOf(change)).to.deep.equal(linkedApply);
    expect(netOf(change))
      .to.deep.equal(reportedBy(run))
      .and.deep.equal({ 'scripted_thing.new': ['move'] });
    expect(change.actions[0]?.previousAddress).to.equal('scripted_thing.old');
    const again = 'moved {\n from = scripted_thing.new\n to = scripted_thing.last\n}\n';
    const second = await scene.apply(moved + again + formatThing('last', 'size = 2'));
    const both = await scene.change();
    expect(netOf(both))
      .to.deep.equal(reportedBy(second))
      .and.deep.equal({ 'scripted_thing.last': ['move', 'update'] });
  });

  it('imports by a block', async () => {
    scene.provider.objects.set('thing-77', createThing({ id: 'thing-77', name: 'found' }));
    await scene.apply(formatThing('a'));
    await scene.change();
    const block = 'import {\n to = scripted_thing.got\n id = "thing-77"\n}\n';
    const run = await scene.apply(formatThing('a') + block + formatThing('got', 'name = "found"'));
    const change = await scene.change();
    expect(run.actions.get('scripted_thing.got')).to.deep.equal(['import']);
    expect(factsOf(change)).to.deep.equal(linkedApply);
    expect(netOf(change))
      .to.deep.equal(reportedBy(run))
      .and.deep.equal({ 'scripted_thing.got': ['create'] });
    expect(basesOf(change)).to.deep.equal(['state']);
  });

  for (const destroy of [true, false]) {
    it(`removes by a removed block with destroy = ${destroy}`, async () => {
      await scene.apply(formatThing('a') + formatThing('b'));
      await scene.change();
      const removed = `removed {\n from = scripted_thing.b\n lifecycle {\n  destroy = ${destroy}\n }\n}\n`;
      const run = await scene.apply(formatThing('a') + removed);
      const change = await scene.change();
      expect(run.actions.get('scripted_thing.b')).to.deep.equal([destroy ? 'delete' : 'remove']);
      expect(factsOf(change)).to.deep.equal(linkedApply);
      expect(netOf(change))
        .to.deep.equal(reportedBy(run))
        .and.deep.equal({ 'scripted_thing.b': ['delete'] });
      expect(basesOf(change)).to.deep.equal(['state']);
    });
  }

  it('says nothing of applies that change nothing', async () => {
    const body = formatThing('a', 'secret = "one"\nsize = 1\nusers = { x = { password = "s" } }');
    await scene.apply(body);
    await scene.change();
    for (let turn = 0; turn < 4; turn += 1) expect((await scene.apply(body)).summary).to.include({ add: 0, change: 0 });
    await scene.noChange();
    await scene.terraform.plan();
    await scene.terraform.plan(['-out=tfplan']);
    await scene.noChange();
    await scene.terraform.apply(['tfplan']);
    await scene.noChange();
    await scene.apply(body.replace('size = 1', 'size = 2'));
    expect(factsOf(await scene.change())).to.deep.equal(linkedApply);
  });

  it('refreshes: what drifted is an update of kind refresh', async () => {
    await scene.apply(formatThing('a', 'size = 1') + formatThing('b'));
    await scene.change();
    await scene.terraform.run(['refresh', '-no-color']);
    await scene.noChange();
    scene.provider.objects.set('thing-1', { ...scene.provider.objects.get('thing-1'), size: 9 });
    await scene.terraform.run(['refresh', '-no-color']);
    const change = await scene.change();
    expect(factsOf(change)).to.deep.equal({ ...linkedApply, kind: 'refresh' });
    expect(Object.values(netOf(change))).to.deep.equal([['update']]);
  });

  it('applies drift alone: an update, and an object that is gone', async () => {
    await scene.apply(formatThing('a', 'size = 1') + formatThing('b', 'name = "b"'));
    await scene.change();
    const [first = '', second = ''] = ['a', 'b'].map((name) => idOf(scene, name));
    scene.provider.objects.set(first, { ...scene.provider.objects.get(first), size: 9 });
    await scene.terraform.apply(['-refresh-only']);
    const change = await scene.change();
    expect(factsOf(change)).to.deep.equal(linkedApply);
    expect(netOf(change)).to.deep.equal({ 'scripted_thing.a': ['update'] });
    scene.provider.objects.delete(second);
    await scene.terraform.apply(['-refresh-only']);
    expect(netOf(await scene.change())).to.deep.equal({ 'scripted_thing.b': ['delete'] });
  });
});

/** The id of a thing without its state: things are told apart by their name, which only `b` has. */
function idOf({ provider }: Scene, name: string): string {
  const [id] = [...provider.objects].find(([, thing]) => (thing['name'] ?? 'a') === name) ?? [];
  return id ?? expect.fail(`no thing ${name}`);
}
