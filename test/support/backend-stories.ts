// What the http backend has to pass with a real Terraform, whatever storage stands behind it: states that move in and out,
// and a record that cannot be made durable.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import type { BackendScene, SceneRecord } from './backend-scene.ts';

export interface StoredScene {
  /** Keeps a state `network`. */
  readonly scene: BackendScene;
  /** The state `network` as it lies in the storage. */
  readonly stored: () => Promise<string>;
}

const CHANGED = 'state.changed';
const one = (input: string): string => `resource "terraform_data" "a" {\n  input = ${JSON.stringify(input)}\n}`;

interface Change {
  readonly kind: string;
  readonly continuity: string;
  readonly refused?: { readonly serial: string };
}

const dataOf = (record: SceneRecord | undefined): Change => record?.data as unknown as Change;

/** Inside a `describe` that opens a scene before each test. */
export function describeBackendStories(open: () => StoredScene): void {
  it('-migrate-state, from a local state and back', async () => {
    const { scene, stored } = open();
    const terraform = await scene.terraform('tf', 'network', one('kept'));
    const local = { 'main.tf': one('kept') };
    await terraform.write(local);
    await terraform.init();
    await terraform.apply();
    await terraform.write({ 'main.tf': `terraform {\n  backend "http" {}\n}\n${one('kept')}` });
    await terraform.init(['-migrate-state', '-force-copy']);
    const [moved] = await scene.until(CHANGED, 1);
    expect(await stored()).to.contain('"kept"');
    expect(dataOf(moved)).to.include({ kind: 'migrated', continuity: 'contiguous' });
    expect((await terraform.run(['state', 'list'])).stdout).to.contain('terraform_data.a');
    await terraform.write(local);
    await terraform.init(['-migrate-state', '-force-copy']);
    expect((await terraform.readState()).resources.map(({ name }) => name)).to.deep.equal(['a']);
    expect((await terraform.plan(['-detailed-exitcode'])).code).to.equal(0);
    expect(scene.records(CHANGED).length).to.equal(1);
    scene.verify();
  });

  it('500 when the record cannot be made durable; errored.tfstate is known again when it is pushed', async () => {
    const { scene, stored } = open();
    const terraform = await scene.terraform('tf', 'network', one('first'));
    await terraform.init();
    await terraform.apply();
    const before = await stored();
    const limit = (text: string): void =>
      void execFileSync('prlimit', ['--pid', `${scene.daemon.pid}`, `--fsize=${text}`]);
    // In the middle of the run, when the lock is recorded: the disk under the database is full.
    const fill = `provisioner "local-exec" {\n    command = "prlimit --pid ${scene.daemon.pid} --fsize=8192:"\n  }`;
    const full = `resource "terraform_data" "full" {\n  ${fill}\n}`;
    await terraform.write({ 'main.tf': `terraform {\n  backend "http" {}\n}\n${one('second')}\n${full}` });
    const failed = await terraform.apply([], { expectExit: 1 });
    expect(failed.stderr).to.contain('Failed to upload state').and.to.contain('errored.tfstate');
    const errored = readFileSync(join(terraform.dir, 'errored.tfstate'), 'utf8');
    expect((await scene.request('network', { method: 'POST', body: errored })).status).to.equal(500);
    expect((await scene.request('network', { method: 'LOCK', body: lockText('full') })).status).to.equal(500);
    expect(await stored()).to.equal(before);
    expect(scene.daemon.stderr()).to.contain('[store-write-failed]');
    limit('unlimited:');
    expect(await (await scene.request('network')).text()).to.equal(before);
    await terraform.run(['state', 'push', 'errored.tfstate']);
    const [, pushed, ...more] = (await scene.until(CHANGED, 2)).map(dataOf);
    expect(more).to.deep.equal([]);
    expect(pushed).to.include({ kind: 'manual' });
    expect(pushed?.refused).to.include({ serial: '2' });
    expect(await stored()).to.contain('"second"');
    expect((await terraform.plan(['-detailed-exitcode'])).code).to.equal(0);
    scene.verify();
  });
}

export function lockText(id: string): string {
  const texts = { Operation: 'OperationTypeApply', Info: '', Who: 'a@b', Version: '1.11.4', Path: '' };
  return JSON.stringify({ ID: id, ...texts, Created: '2026-01-01T00:00:00Z' });
}
