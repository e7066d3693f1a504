// Verdicts beside real providers: what they compute, default and replace is no difference from their plan.
import { mkdtemp, realpath, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { ChangeDetail } from '../../daemon/store/queries-change.ts';
import { openDaemonHarness, type DaemonHarness } from '../support/daemon-harness.ts';
import { buildProviders } from '../support/real-providers.ts';
import { openTerraform, type Terraform } from '../support/terraform.ts';

const main = (content: string, hours: number, more = ''): string => `
terraform {
  required_providers {
    local = { source = "hashicorp/local" }
    time  = { source = "hashicorp/time" }
  }
}
resource "local_file" "page" {
  filename = "\${path.module}/page.txt"
  content  = "${content}"
}
resource "time_offset" "later" {
  base_rfc3339 = "2026-01-01T00:00:00Z"
  offset_hours = ${hours}
}
resource "time_static" "now" {
  triggers = { page = local_file.page.id }
}
output "later" { value = time_offset.later.rfc3339 }
${more}`;

describe('verdicts beside real providers', () => {
  let base = '';
  let terraform: Terraform;
  let daemon: DaemonHarness;
  let seen = 0;
  let plans = 0;

  before(async function () {
    const config = await buildProviders();
    if (config === undefined) {
      console.log('    skipped: real providers are not to be had here (Go modules)');
      this.skip();
    }
    base = await realpath(await mkdtemp(join(tmpdir(), 'stateseal-providers-scene-')));
    const folder = join(base, 'infra');
    terraform = await openTerraform(folder, { env: { TF_CLI_CONFIG_FILE: config } });
    daemon = await openDaemonHarness({ roots: [folder] });
  });

  after(async () => {
    if (base === '') return;
    await terraform.close();
    await daemon.close();
    await rm(base, { recursive: true });
  });

  const plan = async (text: string, args: readonly string[] = []): Promise<void> => {
    await terraform.write({ 'main.tf': text });
    await terraform.plan(['-out=tfplan', ...args]);
    plans += 1;
    await daemon.untilRecords('plan.recorded', plans);
  };
  const change = async (): Promise<ChangeDetail> => {
    seen += 1;
    return (await daemon.untilChanges(seen))[seen - 1] ?? expect.fail('no change');
  };
  const judged = async (): Promise<{ readonly verdict: unknown; readonly told: string }> => {
    const { summary } = await change();
    await daemon.settled();
    const records = daemon.records('change.judged').filter(({ record }) => record.data['change'] === summary.id);
    const data = records.at(-1)?.record.data ?? expect.fail('not judged');
    return { verdict: data['verdict'], told: JSON.stringify({ ...data, vantage: undefined }) };
  };
  const applied = async (text: string, args: readonly string[] = []): Promise<void> => {
    await plan(text, args);
    await terraform.apply(['tfplan']);
    const { verdict, told } = await judged();
    expect(verdict, told).to.equal('as-planned');
  };

  it('creates what they compute and default', () => applied(main('one', 1)));

  it('replaces, and what hangs on it', () => applied(main('two', 1)));

  it('updates, and an output with it', () => applied(main('two', 5)));

  it('makes again what went outside', async () => {
    await unlink(join(terraform.dir, 'page.txt'));
    await applied(main('two', 5));
  });

  it('is beyond its plan where more was done', async () => {
    await plan(main('two', 6));
    await terraform.write({ 'main.tf': main('three', 6) });
    await terraform.apply();
    const { verdict, told } = await judged();
    expect(verdict, told).to.equal('beyond-plan');
  });

  it('diverges where another value was written', async () => {
    await plan(main('three', 7));
    await terraform.write({ 'main.tf': main('three', 8) });
    await terraform.apply();
    const { verdict, told } = await judged();
    expect(verdict, told).to.equal('diverged');
  });

  it('destroys all', async () => {
    await writeFile(join(terraform.dir, 'page.txt'), 'three');
    await applied(main('three', 8), ['-destroy']);
  });
});
