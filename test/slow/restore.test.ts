// The whole way, as an operator goes it: a host is lost, its keys are put back, the archive gives the rest, and the log
// goes on. Through the real command line and the real daemon; every log is verified at the end.
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { openDirectoryArchive } from '../../daemon/archive/directory.ts';
import { sha256Hex } from '../../daemon/archive/key.ts';
import { loadConfig } from '../../daemon/config.ts';
import { openDaemon, type Daemon } from '../../daemon/daemon.ts';
import { createEd25519Signer, signNote } from '../../daemon/merkle/note.ts';
import { batchKey, sealKey } from '../../daemon/merkle/object-key.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { createStates } from '../../daemon/store/states.ts';
import { runStateseal, type Finished } from '../support/stateseal-process.ts';

const SECRET = 'canary-of-the-restored-host';

describe('restore', function () {
  this.timeout(180_000);
  let folder: string;
  let dataDir: string;
  let infra: string;
  let archive: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-restore-'));
    [dataDir, infra, archive] = ['data', 'infra', 'archive'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    mkdirSync(infra);
    writeState(1, 1);
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  function writeState(serial: number, size: number): void {
    const attributes = { id: 'i-1', size, password: SECRET };
    const instances = [{ schema_version: 0, attributes, sensitive_attributes: [] }];
    const provider = 'provider["registry.terraform.io/hashicorp/aws"]';
    const resources = [{ mode: 'managed', type: 'aws_db_instance', name: 'main', provider, instances }];
    const state = { version: 4, terraform_version: '1.11.4', serial, lineage: 'l-1', outputs: {}, resources };
    writeFileSync(join(infra, 'terraform.tfstate'), `${JSON.stringify({ ...state, check_results: null }, null, 2)}\n`);
  }
  const start = async (directory = dataDir): Promise<Daemon> => {
    const flags = { dataDir: directory, roots: [infra], httpPort: 'off', sealAfter: '86400', archive };
    const config = { ...(await loadConfig(flags, folder, {})), quietMs: 200 };
    return openDaemon(config, { onOutcome: () => undefined, onSealed: () => undefined, onProblem: () => undefined });
  };
  /** One run of the recorder in which the state is changed once more. */
  const live = async (serial: number, directory = dataDir): Promise<void> => {
    const daemon = await start(directory);
    writeState(serial, serial);
    /** The version is recorded, and the change that it belongs to is over. */
    const isSeen = async (): Promise<boolean> => {
      if (!(await daemon.states()).some((state) => state.serial === String(serial))) return false;
      const database = openDatabaseReadOnly(join(directory, 'log.sqlite'));
      const open = createStates(database).openChanges();
      database.close();
      return open.length === 0;
    };
    for (let tries = 0; !(await isSeen()); tries += 1) {
      if (tries > 1000) throw new Error(`expected serial ${serial} to be recorded`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    await daemon.close('end of this run');
  };
  const run = (...args: readonly string[]): Promise<Finished> => runStateseal([...args, '--data-dir', dataDir]);
  const log = async (directory = dataDir): Promise<Record<string, unknown>[]> => {
    const { stdout } = await runStateseal(['log', '--json', '--data-dir', directory]);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  const restore = (...more: readonly string[]): Promise<Finished> => run('restore', '--from', archive, ...more);
  const verify = async (...more: readonly string[]): Promise<Record<string, unknown>[]> => {
    const config = join(folder, 'stateseal.yaml');
    writeFileSync(config, `archive: { location: ${JSON.stringify(archive)} }\n`);
    const { stdout } = await run('verify', '--json', '--config', config, ...more);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  /** The host is lost: of its data directory only the keys named here were kept elsewhere. */
  const loseHost = (...keys: readonly string[]): void => {
    const kept = join(folder, 'kept');
    rmSync(kept, { recursive: true, force: true });
    cpSync(join(dataDir, 'keys'), kept, { recursive: true });
    rmSync(dataDir, { recursive: true });
    mkdirSync(join(dataDir, 'keys'), { recursive: true, mode: 0o700 });
    for (const name of readdirSync(kept)) {
      if (keys.some((key) => name.startsWith(key))) copyFileSync(join(kept, name), join(dataDir, 'keys', name));
    }
  };
  const codeOf = (error: unknown): unknown => (error as { code?: unknown }).code;
  const allKeys = ['log.key', 'log.vkey', 'equality', 'epoch'];
  const expectIntact = (reports: readonly Record<string, unknown>[], count = 2): void => {
    expect(reports.map(({ integrity }) => integrity)).to.deep.equal(Array.from({ length: count }, () => 'pass'));
    for (const { failures, format } of reports) expect([failures, format]).to.deep.equal([none, none]);
  };
  const none = { count: 0, list: [] };

  it('gives every answer back, and the log goes on: one change for what happened meanwhile', async () => {
    await live(2);
    await live(3);
    const before = await log();
    loseHost(...allKeys);
    const { code, stdout, stderr } = await restore();
    expect(code, stderr).to.equal(0);
    expect(stdout)
      .to.match(/^verified {3}\d+ records, \d+ batch/u)
      .and.to.contain('1 states, 0 changes still open');
    expect(await log()).to.deep.equal(before);
    await live(7);
    const after = await log();
    expect(after.length).to.equal(before.length + 1);
    expect(after[0]).to.nested.include({ 'after.serial': '7', 'before.serial': '3', kind: 'unknown' });
    const reports = await verify();
    expectIntact(reports);
    expect(JSON.stringify(after) + JSON.stringify(reports)).not.to.contain(SECRET);
    const database = readFileSync(join(dataDir, 'log.sqlite')).toString('latin1');
    expect(database.includes(SECRET), 'the secret in the restored database').to.equal(false);
    expect(database).to.contain('"restored":{"archive":');
  });

  it('restores nothing from an archive that does not verify', async () => {
    await live(2);
    loseHost(...allKeys);
    const [name = ''] = readdirSync(archive);
    const batch = join(archive, name, batchKey(0));
    writeFileSync(batch, Buffer.concat([readFileSync(batch), Buffer.from('x')]));
    const { code, stderr } = await restore();
    expect([code, stderr]).to.satisfy(
      ([exit, text]: [number, string]) => exit === 1 && text.includes('[restore-refused]'),
    );
    expect(readdirSync(dataDir).filter((file) => file.startsWith('log.sqlite'))).to.deep.equal([]);
  });

  it('adopts only what a signed seal vouches for: forged orphans are passed over, also afterwards', async () => {
    await live(2);
    const [report] = await verify();
    const size = (report?.['records'] as { size: number }).size;
    loseHost(...allKeys);
    const [name = ''] = readdirSync(archive);
    const forger = await openDirectoryArchive(join(archive, name));
    const junk = Buffer.from('{"forged":true}\n');
    await forger.put(batchKey(size), junk, sha256Hex(junk), undefined);
    const origin = String(report?.['origin']);
    const text = `${origin}/seal\nprev ${size}\nsize ${size + 1}\n`;
    const seal = Buffer.from(signNote(text, [createEd25519Signer(origin, Buffer.alloc(32, 9))]));
    await forger.put(sealKey(size), seal, sha256Hex(seal), undefined);
    await forger.close();
    expect((await restore()).code).to.equal(0);
    await live(3);
    const reports = await verify();
    expectIntact(reports);
    const anomalies = reports[0]?.['anomalies'] as { list: { code: string; key: string }[] };
    expect(anomalies.list.map(({ code, key }) => `${code} ${key}`)).to.have.members([
      `foreign-version ${batchKey(size)}`,
      `foreign-version ${sealKey(size)}`,
    ]);
  });

  it('takes the place of an older database only when told, and keeps that one beside', async () => {
    await live(2);
    cpSync(dataDir, join(folder, 'older'), { recursive: true });
    await live(3);
    rmSync(dataDir, { recursive: true });
    cpSync(join(folder, 'older'), dataDir, { recursive: true });
    const refused = await restore();
    expect([refused.code, refused.stderr.includes('[restore-occupied]')]).to.deep.equal([2, true]);
    expect((await restore('--replace')).code).to.equal(0);
    const aside = (): readonly string[] => readdirSync(dataDir).filter((name) => name.includes('.before-'));
    expect(aside()).to.have.length(1);
    // As a kill leaves it between the names: the older database is aside, its write-ahead file is not yet.
    renameSync(join(dataDir, 'log.sqlite'), join(dataDir, 'log.sqlite.restored'));
    writeFileSync(join(dataDir, 'log.sqlite-wal'), 'of the older one');
    expect(await start().then(() => 'started', codeOf)).to.equal('restore-unfinished');
    expect((await restore()).code).to.equal(0);
    const [database = '', ...rest] = aside();
    expect(rest, 'its write-ahead file followed it').to.deep.equal([`${database}-wal`]);
    await live(4);
    expectIntact(await verify());
    expect((await log()).map(({ after }) => (after as { serial: string }).serial)).to.deep.equal(['4', '3', '2']);
  });

  it('without the key of an epoch: another id for the new one, and the states begin anew', async () => {
    await live(2);
    loseHost('log.key', 'log.vkey');
    const { stdout } = await restore();
    expect(stdout).to.match(/key lost {3}epoch e\d{4}:/u);
    const year = new Date().getUTCFullYear();
    expect(existsSync(join(dataDir, 'keys', `epoch-e${year}02.key`))).to.equal(true);
    await live(5);
    expectIntact(await verify());
    const text = readFileSync(join(dataDir, 'log.sqlite')).toString('latin1');
    expect(text).to.contain('"reason":"restarted"').and.to.contain(`"kid":"e${year}02"`);
    expect(text).to.contain('"reason":"recorder-stopped"');
  });

  it('with the signing key lost: a new log whose first record names the head of the old one', async () => {
    await live(2);
    const old = readFileSync(join(dataDir, 'keys', 'log.vkey'), 'utf8').trim();
    const [report] = await verify();
    rmSync(dataDir, { recursive: true });
    const refused = await restore();
    expect([refused.code, refused.stderr.includes('[restore-key-missing]')]).to.deep.equal([2, true]);
    const cut = await restore('--successor', '--key', old);
    expect(cut.code, cut.stderr).to.equal(0);
    // As a kill before the last step leaves it: the new key is there, the database has not its name.
    renameSync(join(dataDir, 'log.sqlite'), join(dataDir, 'log.sqlite.restored'));
    expect(await start().then(() => 'started', codeOf)).to.equal('restore-unfinished');
    const { code, stdout, stderr } = await restore('--successor', '--key', old);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.contain('its first record will name the old head');
    await live(3);
    const shown = await run('show', '0', '--json');
    const { record: created } = JSON.parse(shown.stdout) as {
      record: { data: { predecessor: Record<string, unknown>; origin: string } };
    };
    const head = report?.['head'] as { size: number; root: string };
    expect(created.data.predecessor).to.include({
      origin: report?.['origin'],
      vkey: old,
      size: head.size,
      root: head.root,
    });
    expect(created.data.origin).not.to.equal(report?.['origin']);
    expectIntact(await verify());
  });
});
