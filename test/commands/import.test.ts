// stateseal import on what is left beside local states: counted without a trace, recorded once, alone and in a daemon.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { expect } from 'chai';
import { loadConfig } from '../../daemon/config.ts';
import { callDaemon } from '../../daemon/control.ts';
import { openDaemon } from '../../daemon/daemon.ts';
import { ROOT } from '../architecture/source-tree.ts';
import { readLog } from '../support/state-bucket.ts';
import { runStateseal } from '../support/stateseal-process.ts';

const SERIALS = join(ROOT, 'test/fixtures/terraform/sequences/long-apply');

describe('stateseal import, of a directory', function () {
  this.timeout(60_000);
  let folder: string;
  let infra: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-import-'));
    infra = join(folder, 'infra');
    mkdirSync(infra);
    const put = (serial: string, name: string): void =>
      copyFileSync(join(SERIALS, `serial-${serial}.tfstate`), join(infra, name));
    put('03', 'terraform.tfstate.1700000100.backup');
    put('01', 'terraform.tfstate.1700000000.backup');
    put('05', 'terraform.tfstate.backup');
    put('07', 'terraform.tfstate');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const data = (): string => join(folder, 'data');
  const serials = (): readonly unknown[] =>
    readLog(data())
      .filter(({ record }) => /^state\.(?:baselined|changed)$/u.test(record.type))
      .map(
        ({ record }) =>
          `${(record.data['version'] as { serial: string }).serial} ${String(record.data['backfilled'] === true)}`,
      );

  it('counts and leaves nothing behind', async () => {
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    const args = ['import', infra, '--dry-run', '--json', '--data-dir', data()];
    const { code, stdout } = await runStateseal(args, { env: { TMPDIR: temporary } });
    expect(JSON.parse(stdout)).to.include({ states: 1, versions: 4, changes: 3, gaps: 0, what: 'counted' });
    expect([code, existsSync(data()), readdirSync(temporary)]).to.deep.equal([0, false, []]);
  });

  it('records the backups from the oldest on, then the state; a second time nothing', async () => {
    const first = await runStateseal(['import', infra, '--data-dir', data()]);
    expect(first.stdout).to.match(/1 state, 4 versions, 2023-11-14 \.\. /u);
    expect(first.code).to.equal(0);
    const found = serials();
    expect(found).to.have.length(4);
    expect(found.every((text) => String(text).endsWith('true'))).to.equal(true);
    expect((await runStateseal(['import', infra, '--data-dir', data()])).code).to.equal(0);
    expect(serials()).to.deep.equal(found);
  });

  it('raises no alarm: nothing to look at, no gap to explain; from --since on', async () => {
    const since = await runStateseal(['import', infra, '--since', '2023-11-14T22:14:00Z', '--dry-run', '--json']);
    expect(JSON.parse(since.stdout)).to.include({ versions: 4, changes: 3 });
    const later = await runStateseal(['import', infra, '--since', '2023-11-15', '--dry-run', '--json']);
    expect(JSON.parse(later.stdout)).to.include({ versions: 3, changes: 2 });
    expect((await runStateseal(['import', infra, '--data-dir', data()])).code).to.equal(0);
    const log = await runStateseal(['log', '--data-dir', data()]);
    expect(log.stdout)
      .to.match(/^3 changes/mu)
      .and.not.contain('look');
    expect((await runStateseal(['log', '--problems', '--data-dir', data()])).stdout).not.to.contain('infra');
    const verified = await runStateseal(['verify', '--data-dir', data(), '--json']);
    type Verified = { exit: number; completeness: { gaps: { explainedBy: string; state: string }[] } };
    for (const line of verified.stdout.trim().split('\n')) {
      const { exit, completeness } = JSON.parse(line) as Verified;
      expect(exit).to.equal(0);
      expect(completeness.gaps.filter(({ state }) => state !== '')).to.deep.equal([]);
    }
  });

  it('runs in the daemon where one runs, and leaves alone what that watches', async () => {
    const config = await loadConfig(
      { dataDir: data(), roots: [join(folder, 'elsewhere')], httpPort: 'off' },
      folder,
      {},
    );
    const problems: string[] = [];
    const onProblem = ({ code }: { readonly code: string }): void => void problems.push(code);
    const daemon = await openDaemon(config, { onOutcome: () => undefined, onSealed: () => undefined, onProblem });
    try {
      const socket = join(data(), 'control.sock');
      await callDaemon(socket, 'import', 10_000, { place: infra });
      let state = { isRunning: true, progress: { versions: 0 } };
      for (let asked = 0; state.isRunning && asked < 1_000; asked += 1) {
        await setTimeout(10);
        state = (await callDaemon(socket, 'import', 10_000, { ask: true })) as typeof state;
      }
      expect(state.progress.versions).to.equal(4);
      const wrong: unknown = await callDaemon(socket, 'import', 10_000, { place: 7 }).catch((error: unknown) => error);
      expect(wrong).to.be.instanceOf(Error).with.property('code', 'import-invalid');
    } finally {
      await daemon.close('end of test');
    }
    expect(serials()).to.have.length(4);
    expect(problems).to.deep.equal([]);
  });
});
