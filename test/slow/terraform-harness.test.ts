// The harness itself: what a real Terraform leaves in its files after each kind of change, so that other suites
// can rely on it. Uses Terraform and the scripted provider; knows nothing of the daemon.
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { requireComponent } from '../support/components.ts';
import { privateMarkerOf } from '../support/provider/calls.ts';
import { createFirst, formatThing, richConfiguration, richSecrets } from '../support/provider/configuration.ts';
import { scriptedBlock, startProvider, type ScriptedProvider } from '../support/provider/provider.ts';
import { createThing, tokenOf } from '../support/provider/thing-store.ts';
import { generateState, listGeneratedInstances } from '../support/state-generator.ts';
import {
  openTerraform,
  terraformPath,
  type StateFile,
  type StateFileInstance,
  type Terraform,
} from '../support/terraform.ts';

const generated = { seed: 3, instances: 200, serial: 7, lineage: '8b6a1a3e-0b55-4c5c-9d33-3f1f3c0c0001' };

describe('terraform harness', function () {
  let folder: string;
  let provider: ScriptedProvider;
  let terraform: Terraform;

  before(function () {
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
  });

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stateseal-harness-'));
    provider = await startProvider();
    terraform = await openTerraform(folder, { provider });
  });

  afterEach(async () => {
    await terraform.close();
    await provider.close();
    await rm(folder, { recursive: true });
  });

  const configure = (body: string) => terraform.write({ 'main.tf': `${scriptedBlock}\n${body}` });

  async function applyOf(body: string) {
    await configure(body);
    return terraform.applyJson();
  }

  async function instanceOf(name: string): Promise<StateFileInstance | undefined> {
    const { resources } = await terraform.readState();
    return resources.find((resource) => resource.name === name)?.instances[0];
  }

  const namesInState = async (path?: string) => (await terraform.readState(path)).resources.map(({ name }) => name);
  const isThere = async (name: string) => (await readdir(folder)).includes(name);

  describe('resources', () => {
    it('creates, with marks, write-only values, private data and a data source', async () => {
      const run = await applyOf(richConfiguration);
      expect([...run.actions]).to.deep.equal([['scripted_thing.a', ['create']]]);
      expect(run.summary).to.include({ add: 1, change: 0, remove: 0 });
      const instance = await instanceOf('a');
      const { attributes, sensitive_attributes } = instance ?? expect.fail('no instance');
      expect(attributes).to.deep.include({ id: 'thing-1', secret_wo: null, rules: ['x', 'y'] });
      const marked = sensitive_attributes.map((steps) => JSON.stringify(steps.map(({ value }) => value)));
      expect(provider.writeOnlySeen.get('thing-1')).to.equal(richSecrets.writeOnly);
      expect(attributes['blob']).to.deep.equal({ value: { n: 1 }, type: ['object', { n: 'number' }] });
      expect(marked).to.have.members([
        '["secret"]',
        '["token"]',
        '["tags",{"value":"from_variable","type":"string"}]',
        '["setting",{"value":0,"type":"number"},"password"]',
        '["users",{"value":"alice.b","type":"string"},"password"]',
      ]);
      expect(Buffer.from(instance?.private ?? '', 'base64').toString()).to.contain(privateMarkerOf('thing-1'));
      expect((await instanceOf('found'))?.attributes).to.include({ value: 'value of k', secret: 'LOOKUP-SECRET-k' });
      const text = await readFile(join(folder, 'terraform.tfstate'), 'utf8');
      expect(text).to.contain('12345678901234567890.25').and.not.to.contain(richSecrets.writeOnly);
      const shown = await terraform.showState();
      expect(shown.map(({ address }) => address)).to.have.members(['data.scripted_lookup.found', 'scripted_thing.a']);
    });

    it('updates in place', async () => {
      await applyOf(formatThing('a', 'size = 1'));
      const before = await terraform.readState();
      const run = await applyOf(formatThing('a', 'size = 2'));
      expect(run.actions.get('scripted_thing.a')).to.deep.equal(['update']);
      expect((await terraform.readState()).serial).to.be.greaterThan(before.serial);
      expect((await instanceOf('a'))?.attributes).to.include({ id: 'thing-1', size: 2 });
    });

    it('replaces, destroying first', async () => {
      await applyOf(formatThing('a', 'name = "one"'));
      const run = await applyOf(formatThing('a', 'name = "two"'));
      expect(run.planned.map(({ action, reason }) => [action, reason])).to.deep.equal([['replace', 'cannot_update']]);
      expect(run.actions.get('scripted_thing.a')).to.deep.equal(['delete', 'create']);
      expect((await instanceOf('a'))?.attributes['id']).to.equal('thing-2');
      expect([...provider.objects.keys()]).to.deep.equal(['thing-2']);
    });

    it('replaces, creating first', async () => {
      await applyOf(formatThing('a', `name = "one"\n${createFirst}`));
      const run = await applyOf(formatThing('a', `name = "two"\n${createFirst}`));
      expect(run.actions.get('scripted_thing.a')).to.deep.equal(['create', 'delete']);
      expect(await instanceOf('a')).to.deep.include({ create_before_destroy: true });
    });

    it('keeps a deposed object whose delete failed', async () => {
      await applyOf(formatThing('a', `name = "one"\nfail_on = "delete"\n${createFirst}`));
      await configure(formatThing('a', `name = "two"\n${createFirst}`));
      const run = await terraform.applyJson([], { expectExit: 1 });
      expect(run.actions.get('scripted_thing.a')).to.deep.equal(['create']);
      const instances = (await terraform.readState()).resources[0]?.instances ?? [];
      expect(instances.map(({ attributes }) => attributes['id'])).to.deep.equal(['thing-2', 'thing-1']);
      expect(instances[1]?.deposed).to.match(/^[0-9a-f]{8}$/);
    });

    it('leaves a failed create tainted, and quotes its secret in the error', async () => {
      await configure(formatThing('a', 'secret = "QUOTED"\nfail_on = "create"'));
      const run = await terraform.applyJson([], { expectExit: 1 });
      expect(run.errored).to.deep.equal([{ address: 'scripted_thing.a', action: 'create' }]);
      expect(run.summary).to.equal(undefined);
      expect(run.stdout).to.contain('secret=QUOTED');
      expect(await instanceOf('a')).to.include({ status: 'tainted' });
    });

    it('leaves a failed update as it was', async () => {
      await applyOf(formatThing('a', 'size = 1'));
      await configure(formatThing('a', 'size = 2\nfail_on = "update"'));
      const run = await terraform.applyJson([], { expectExit: 1 });
      expect(run.actions.size).to.equal(0);
      expect((await instanceOf('a'))?.attributes).to.include({ size: 1, fail_on: null });
    });

    it('taints, and replaces what is tainted', async () => {
      await applyOf(formatThing('a'));
      await terraform.run(['taint', 'scripted_thing.a']);
      expect(await instanceOf('a')).to.include({ status: 'tainted' });
      expect((await terraform.applyJson()).actions.get('scripted_thing.a')).to.deep.equal(['delete', 'create']);
      expect(await instanceOf('a')).not.to.have.property('status');
    });

    it('sees drift, and what was deleted behind its back', async () => {
      await applyOf(formatThing('a', 'size = 1'));
      Object.assign(provider.objects.get('thing-1') ?? {}, { size: 9 });
      expect((await terraform.plan(['-detailed-exitcode'], { expectExit: 2 })).stdout).to.contain('9 -> 1');
      provider.objects.clear();
      expect((await terraform.applyJson()).actions.get('scripted_thing.a')).to.deep.equal(['create']);
    });

    it('lets a legacy provider, and no other, deviate from its plan', async () => {
      provider.switches.adjust = (made) => ({ ...made, note: 'normalised' });
      provider.switches.legacyTypeSystem = true;
      await applyOf(formatThing('a', 'note = "Given"'));
      expect((await instanceOf('a'))?.attributes['note']).to.equal('normalised');
      provider.switches.legacyTypeSystem = false;
      const strict = await terraform.applyJson([], { expectExit: 1 });
      expect(strict.stdout).to.contain('inconsistent result after apply');
    });

    it('destroys', async () => {
      await applyOf(formatThing('a'));
      await terraform.destroy();
      expect(await terraform.readState()).to.deep.include({ resources: [], outputs: {} });
      expect(provider.operations.map(({ kind, outcome }) => `${kind} ${outcome}`)).to.deep.equal([
        'create done',
        'delete done',
      ]);
    });
  });

  describe('state alone', () => {
    it('moves and removes by command, with numbered backups', async () => {
      await applyOf(formatThing('a'));
      await terraform.run(['state', 'mv', 'scripted_thing.a', 'scripted_thing.b']);
      expect(await namesInState()).to.deep.equal(['b']);
      await terraform.run(['state', 'rm', 'scripted_thing.b']);
      expect(await namesInState()).to.deep.equal([]);
      expect((await readdir(folder)).filter((name) => /^terraform\.tfstate\.\d+\.backup$/.test(name))).not.to.be.empty;
      expect(provider.objects.size).to.equal(1);
    });

    it('moves by block', async () => {
      await applyOf(formatThing('a'));
      const run = await applyOf(`${formatThing('b')}\nmoved {\n  from = scripted_thing.a\n  to = scripted_thing.b\n}`);
      expect([...run.actions]).to.deep.equal([['scripted_thing.b', ['move']]]);
      expect(run.planned[0]?.previousAddress).to.equal('scripted_thing.a');
      expect((await instanceOf('b'))?.attributes['id']).to.equal('thing-1');
    });

    it('forgets by block', async () => {
      await applyOf(formatThing('a'));
      const run = await applyOf('removed {\n  from = scripted_thing.a\n  lifecycle {\n    destroy = false\n  }\n}');
      expect([...run.actions]).to.deep.equal([['scripted_thing.a', ['remove']]]);
      expect(await namesInState()).to.deep.equal([]);
      expect(provider.objects.size).to.equal(1);
    });

    it('imports by command', async () => {
      provider.objects.set('found-1', createThing({ id: 'found-1', name: 'old' }));
      await configure(formatThing('a', 'name = "old"'));
      await terraform.run(['import', 'scripted_thing.a', 'found-1']);
      expect((await instanceOf('a'))?.attributes).to.include({ id: 'found-1', name: 'old', token: tokenOf('found-1') });
    });

    it('imports by block', async () => {
      provider.objects.set('found-1', createThing({ id: 'found-1', name: 'old' }));
      const run = await applyOf(
        `${formatThing('a', 'name = "old"')}\nimport {\n  to = scripted_thing.a\n  id = "found-1"\n}`,
      );
      expect([...run.actions]).to.deep.equal([['scripted_thing.a', ['import']]]);
      expect(run.summary).to.include({ import: 1, add: 0 });
      expect((await instanceOf('a'))?.attributes['id']).to.equal('found-1');
    });

    it('gives a new workspace a state of its own', async () => {
      await applyOf(formatThing('a'));
      await terraform.run(['workspace', 'new', 'two']);
      await terraform.apply();
      const path = join('terraform.tfstate.d', 'two', 'terraform.tfstate');
      expect(await namesInState(path)).to.deep.equal(['a']);
      expect((await terraform.readState(path)).lineage).not.to.equal((await terraform.readState()).lineage);
      expect(await readFile(join(folder, '.terraform', 'environment'), 'utf8')).to.equal('two');
    });

    it('migrates from local to local, leaving an empty file', async () => {
      await applyOf(formatThing('a'));
      const before = await terraform.readState();
      await terraform.write({
        'backend.tf': 'terraform {\n  backend "local" {\n    path = "states/prod.json"\n  }\n}\n',
      });
      await terraform.init(['-migrate-state', '-force-copy']);
      expect(await terraform.readState(join('states', 'prod.json'))).to.deep.equal(before);
      expect((await stat(join(folder, 'terraform.tfstate'))).size).to.equal(0);
    });
  });

  describe('runs', () => {
    const slowThing = `${formatThing('a')}\n${formatThing('b', 'name = "slow"\ndelay_ms = 60000\ndepends_on = [scripted_thing.a]')}`;

    it('leaves the last write and the lock when killed', async () => {
      await configure(slowThing);
      const run = terraform.spawn(['apply', '-auto-approve']);
      await provider.started('create', 'slow');
      const lock = await readFile(join(folder, '.terraform.tfstate.lock.info'), 'utf8');
      expect(JSON.parse(lock)).to.include({ Operation: 'OperationTypeApply' });
      expect((await run.kill('SIGKILL')).code).to.equal(undefined);
      expect(await namesInState()).to.deep.equal(['a']);
      expect(await isThere('.terraform.tfstate.lock.info')).to.equal(true);
    });

    it('shows no lock with -lock=false', async () => {
      await configure(slowThing);
      const run = terraform.spawn(['apply', '-auto-approve', '-lock=false']);
      await provider.started('create', 'slow');
      expect(await isThere('.terraform.tfstate.lock.info')).to.equal(false);
      expect(await namesInState()).to.deep.equal(['a']);
      await run.kill('SIGKILL');
    });

    it('needs no provider for terraform_data', async () => {
      const plain = await openTerraform(join(folder, 'plain'));
      await plain.write({ 'main.tf': 'resource "terraform_data" "x" {\n  input = { pw = sensitive("P") }\n}\n' });
      expect([...(await plain.applyJson()).actions]).to.deep.equal([['terraform_data.x', ['create']]]);
      const [resource] = (await plain.readState()).resources;
      expect(resource?.provider).to.equal('provider["terraform.io/builtin/terraform"]');
    });

    it('never asks a registry', async () => {
      await terraform.write({ 'main.tf': 'resource "null_resource" "x" {}\n' });
      expect((await terraform.init([], { expectExit: 1 })).stderr).to.contain('.no-providers');
      await terraform.write({ 'main.tf': 'module "m" {\n  source = "a/b/c"\n}\n' });
      expect((await terraform.init([], { expectExit: 1 })).stderr).to.contain('does not provide a modules');
    });
  });

  it('generates states in exactly the layout Terraform writes', async () => {
    const bytes = Buffer.from(generateState(generated));
    await writeFile(join(folder, 'generated.json'), bytes);
    await terraform.run(['state', 'push', 'generated.json']);
    expect(await readFile(join(folder, 'terraform.tfstate'), 'utf8')).to.equal(bytes.toString());
    const listed = (await terraform.run(['state', 'list'])).stdout.trim().split('\n');
    expect(listed).to.deep.equal(listGeneratedInstances(generated).map(({ address }) => address));
  });

  it('generates the same state again, changed exactly where it says', () => {
    const options = { ...generated, changedFraction: 0.1 };
    const [before, after] = [generated, options].map((each) => listInstances(generateState(each)));
    const differs = after?.map((instance, position) => instance !== before?.[position]);
    expect(differs).to.deep.equal(listGeneratedInstances(options).map(({ changed }) => changed));
    expect(differs?.filter(Boolean).length).to.be.within(10, 30);
  });
});

function listInstances(bytes: Uint8Array): readonly string[] {
  const { resources } = JSON.parse(Buffer.from(bytes).toString()) as StateFile;
  return resources.flatMap(({ instances }) => instances.map((instance) => JSON.stringify(instance)));
}
