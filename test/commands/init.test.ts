// `stateseal init` without a terminal: what it writes is a configuration, and nothing is ever overwritten.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { initCommand } from '../../daemon/commands/init.ts';
import { parseConfigFile } from '../../daemon/config-file.ts';
import { failureOf, runCommand } from './test-context.ts';

describe('stateseal init', () => {
  let folder: string;
  let out: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-init-'));
    out = join(folder, 'stateseal.yaml');
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const written = () => parseConfigFile(readFileSync(out, 'utf8'), out);

  it('writes roots, archive and locks as long as the auditor looks back', async () => {
    const odd = join(folder, 'in "fra": x');
    const { code, out: text } = await runCommand(initCommand, ['--out', out, '--archive', 's3://acme/logs', odd]);
    expect(code).to.equal(0);
    const archive = {
      location: 's3://acme/logs',
      mode: 'GOVERNANCE',
      auditDays: 400,
      structureDays: 400,
      contentDays: 400,
    };
    expect(written()).to.deep.equal({ roots: [{ path: odd }], archive });
    expect(text).to.contain('stateseal doctor --config').and.not.to.contain('warning');
  });

  it('takes COMPLIANCE only by name, and warns before it writes', async () => {
    const args = ['--out', out, '--archive', 's3://acme/logs', '--mode', 'COMPLIANCE', '--audit-days', '2600'];
    const { out: text } = await runCommand(initCommand, args);
    expect(text).to.match(/^warning .*COMPLIANCE cannot be undone[\s\S]*^written /mu);
    expect(written().archive).to.include({ mode: 'COMPLIANCE', structureDays: 2600, contentDays: 2600 });
  });

  it('never overwrites', async () => {
    writeFileSync(out, 'kept');
    expect(await failureOf(initCommand, ['--out', out])).to.include({ code: 'output-failed' });
    expect(readFileSync(out, 'utf8')).to.equal('kept');
  });

  it('refuses what is no mode, no days, no place', async () => {
    for (const args of [
      ['--mode', 'compliance'],
      ['--audit-days', '0'],
      ['--audit-days', '36501'],
    ]) {
      expect(await failureOf(initCommand, ['--out', out, ...args])).to.include({ code: 'usage' });
    }
    const place = await failureOf(initCommand, ['--out', out, '--archive', 'gs://b']);
    expect(place).to.include({ code: 'archive-location-scheme' });
  });
});
