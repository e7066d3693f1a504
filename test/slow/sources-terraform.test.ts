// The directory source beside a real Terraform: every final state is seen, whatever the spacing, and so is every lock.
import { expect } from 'chai';
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import type { StateReference, StateSighting, StateSource } from '../../daemon/sources/source.ts';
import { LocalTree, textOf, until } from '../sources/local-tree.ts';
import { requireComponent } from '../support/components.ts';
import { openTerraform, terraformPath, type Terraform } from '../support/terraform.ts';

const config = `variable "n" { type = string }
resource "terraform_data" "a" { input = var.n }
resource "terraform_data" "b" { input = "b-\${terraform_data.a.output}" }
output "n" { value = var.n }
`;
const reference: StateReference = { uri: 'dir:infra/terraform.tfstate', workspace: 'default' };

interface Seen {
  readonly outputs: string[];
  readonly sightings: StateSighting[];
  settled(): Promise<void>;
}

/** Looks on every poke, one look after the other, as a recorder does. */
function follow(source: StateSource): Seen {
  let tail: Promise<void> = Promise.resolve();
  let cursor = '';
  const outputs: string[] = [];
  const sightings: StateSighting[] = [];
  const look = async (): Promise<void> => {
    const sighting = await source.look(reference, cursor);
    sightings.push(sighting);
    if (sighting.condition !== 'state' || sighting.bytes.length === 0) return;
    cursor = sighting.sourceVersion;
    const state = JSON.parse(textOf(sighting.bytes)) as { outputs: { n?: { value: string } } };
    if (state.outputs.n !== undefined) outputs.push(state.outputs.n.value);
  };
  source.onPoke(() => {
    tail = tail.then(look);
  });
  return { outputs, sightings, settled: () => tail };
}

describe('sources/directory with a real terraform', () => {
  let tree: LocalTree;
  let terraform: Terraform;
  let burners: ChildProcess[] = [];

  before(function () {
    requireComponent(
      this,
      'terraform',
      terraformPath() !== undefined,
      'https://developer.hashicorp.com/terraform/install',
    );
  });
  beforeEach(async () => {
    tree = new LocalTree();
    terraform = await openTerraform(tree.dir);
    await terraform.write({ 'main.tf': config });
    await terraform.init();
  });
  afterEach(async () => {
    for (const burner of burners) burner.kill('SIGKILL');
    burners = [];
    await terraform.close();
    await tree.close();
  });

  async function applyThrice(prefix: string, spacingMs: number): Promise<void> {
    for (const turn of ['1', '2', '3']) {
      await terraform.apply([], { env: { TF_VAR_n: `${prefix}${turn}` } });
      await delay(spacingMs);
    }
  }

  it('sees the final state of three applies in a row', async () => {
    const source = tree.open();
    const seen = follow(source);
    await source.start();
    await applyThrice('x', 0);
    await until('the last state', () => seen.outputs.includes('x3'));
    await seen.settled();
    expect(seen.outputs).to.include.members(['x1', 'x2', 'x3']);
    expect(seen.sightings.every(({ condition }) => condition === 'state' || condition === 'empty')).to.equal(true);
  });

  it('sees the lock of each run, and who held it', async () => {
    const provisioner = 'provisioner "local-exec" { command = "sleep 0.3" }';
    const slow = `resource "terraform_data" "slow" {\n  triggers_replace = var.n\n  ${provisioner}\n}\n`;
    await terraform.write({ 'main.tf': config + slow });
    const source = tree.open();
    const seen = follow(source);
    await source.start();
    await applyThrice('x', 0);
    await until('the last state', () => seen.outputs.includes('x3'));
    await seen.settled();
    expect(seen.sightings.map(({ lock }) => lock?.holder))
      .to.include('held')
      .and.not.include('stale');
    const lockIds = seen.sightings.flatMap(({ lastLock }) => lastLock?.info?.id ?? []);
    expect(new Set(lockIds).size).to.equal(3);
    const holds = seen.sightings.slice(1).map(({ lockHoldsSince }) => lockHoldsSince);
    expect(holds).not.to.include(-1);
    expect(holds.reduce((sum, count) => sum + count, 0)).to.be.within(2, 3);
  });

  it('counts every run that it did not look at', async () => {
    const source = tree.open();
    await source.start();
    await terraform.apply([], { env: { TF_VAR_n: '0' } });
    await source.look(reference, '');
    await applyThrice('y', 0);
    await terraform.run(['plan'], { env: { TF_VAR_n: 'y3' } });
    const sighting = await source.look(reference, '');
    expect(sighting.lockHoldsSince).to.equal(4);
    expect(sighting.lock).to.equal(undefined);
    expect(sighting.lastLock?.info?.operation).to.equal('OperationTypePlan');
    expect(sighting.backup).not.to.equal(undefined);
  });

  it('tells the lock of a killed run from a held one', async () => {
    await terraform.write({
      'main.tf': `${config}resource "terraform_data" "slow" {
  input = var.n
  provisioner "local-exec" { command = "sleep 3" }
}
`,
    });
    const source = tree.open();
    await source.start();
    const run = terraform.spawn(['apply', '-auto-approve', '-no-color'], { env: { TF_VAR_n: 'z' } });
    const held = await until('a held lock', async () => {
      const { lock } = await source.look(reference, '');
      return lock?.holder === 'held' && lock;
    });
    expect(held.pid).to.equal(run.pid);
    await run.kill('SIGKILL');
    const { lock } = await source.look(reference, '');
    expect(lock?.holder).to.be.oneOf(['stale', 'unknown']);
    await terraform.run(['state', 'list']);
  });

  it('sees nearly all of three applies apart by 0 to 200 ms under load', async function () {
    burners = [1, 2].map(() => spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' }));
    const source = tree.open();
    const seen = follow(source);
    await source.start();
    const rounds = Number(process.env['STATESEAL_SLOW_ROUNDS'] ?? '5');
    const missed: string[] = [];
    for (let round = 0; round < rounds; round += 1) {
      const spacingMs = (round * 50) % 250;
      await applyThrice(`r${round}-`, spacingMs);
      await until('the last state', () => seen.outputs.includes(`r${round}-3`));
      const turns = ['1', '2', '3'].map((turn) => `r${round}-${turn}`);
      missed.push(...turns.filter((name) => !seen.outputs.includes(name)));
    }
    expect(missed).to.deep.equal([]);
  });
});
