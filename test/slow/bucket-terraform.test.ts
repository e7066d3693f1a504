// A real Terraform with an s3 backend on a real store, versioned and with lock files: watched live, and imported afterwards
// into a fresh log. Both must say the same.
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { userInfo, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { expect } from 'chai';
import { claimsOf, valuesOf } from '../support/attributed.ts';
import { callDaemon } from '../../daemon/control.ts';
import { describeHits, findCanaries, readFolder, toPlace } from '../support/canary-hunt.ts';
import { howToInstallCeph, isCephInstalled, startCeph, type Ceph } from '../support/ceph.ts';
import { requireComponent } from '../support/components.ts';
import {
  apply,
  configure,
  openStateBucket,
  openWorkplace,
  readLog,
  run,
  STATES,
  toChanges,
} from '../support/state-bucket.ts';
import type { StateBucket, Workplace } from '../support/state-bucket.ts';
import { runStateseal, spawnStateseal, type StatesealProcess } from '../support/stateseal-process.ts';
import { terraformPath } from '../support/terraform.ts';

const SECRET = 'canary-7Qx93-states';
const OTHER_UID = 65_534;

describe('a versioned bucket under a real Terraform', function () {
  let ceph: Ceph;
  let bucket: StateBucket;
  let folder: string;
  let live: StatesealProcess;
  let printed = '';

  const data = (name: string): string => join(folder, name);
  const stateseal = async (args: readonly string[]) => {
    const result = await runStateseal(args, { env: bucket.env });
    printed += result.stdout + result.stderr;
    return result;
  };
  const resource = (name: string, value: string): string =>
    `resource "terraform_data" "${name}" {\n  input = { note = "${value}", password = "${SECRET}" }\n}\n`;
  /** The daemon lists the bucket until nothing more comes. */
  const settle = async (): Promise<void> => {
    const control = join(data('live'), 'control.sock');
    for (let size = -1; size !== readLog(data('live')).length;) {
      size = readLog(data('live')).length;
      await callDaemon(control, 'look', 60_000);
    }
  };
  const kinds = (): readonly string[] =>
    readLog(data('live')).flatMap(({ record: { type, subject, data: facts } }) =>
      type === 'state.changed' ? [[subject, facts['kind'] as string, facts['continuity'] as string].join(' ')] : [],
    );

  before(async function () {
    this.timeout(300_000);
    requireComponent(this, 'Ceph', isCephInstalled(), howToInstallCeph);
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'install terraform 1.11 on PATH');
    folder = await mkdtemp(join(tmpdir(), 'stateseal-bucket-'));
    await chmod(folder, 0o755);
    ceph = await startCeph();
    bucket = await openStateBucket(ceph);
    await writeFile(
      join(folder, 'stateseal.yaml'),
      `sources:\n  - { uri: "s3://${STATES}/net", endpoint: "${bucket.endpoint}", pollSeconds: 1 }\n`,
    );
    const args = ['watch', '--config', join(folder, 'stateseal.yaml'), '--data-dir', data('live'), '--http', 'off'];
    live = spawnStateseal(args, { env: bucket.env });
    await live.until(/ready\./, 120_000);
  });
  after(async () => {
    await live?.stop('SIGKILL');
    await ceph?.close();
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  });

  describe('watched', function () {
    this.timeout(600_000);
    let one: Workplace;
    let other: Workplace;

    it('applies of two users, each with who held the lock', async function () {
      requireComponent(this, 'the right to act as another user', process.getuid?.() === 0, 'run as root');
      one = await openWorkplace(bucket, join(folder, 'one'), 'net/app.tfstate');
      await configure(one, resource('a', 'first'));
      await apply(one);
      other = await openWorkplace(bucket, join(folder, 'other'), 'net/app.tfstate', OTHER_UID);
      await configure(other, resource('a', 'first') + resource('b', 'second'));
      await apply(other);
      await settle();
      expect(kinds()).to.deep.equal(['app apply contiguous', 'app apply contiguous']);
      const changes = readLog(data('live')).filter(({ record }) => record.type === 'state.changed');
      const actors = changes.map((change) => valuesOf(claimsOf(change), 'actor', 'claimed'));
      expect(actors).to.deep.equal([[`user:${userInfo().username}`], [`user:${nameOf(OTHER_UID)}`]]);
    });

    it('an edit from a laptop, a push over it, a lower serial by force', async () => {
      const kept = await run(one, 'state', 'pull');
      await run(one, 'state', 'rm', 'terraform_data.b');
      await apply(other);
      await writeFile(join(one.dir, 'old.tfstate'), kept);
      await run(one, 'state', 'push', '-force', 'old.tfstate');
      await settle();
      expect(kinds().slice(2)).to.deep.equal([
        'app manual contiguous',
        'app apply contiguous',
        'app rollback unordered',
      ]);
    });

    it('workspaces beside the prefix: made, applied, deleted', async () => {
      await run(one, 'workspace', 'new', 'blue');
      await apply(one);
      await run(one, 'destroy', '-auto-approve');
      await run(one, 'workspace', 'select', 'default');
      await run(one, 'workspace', 'delete', 'blue');
      // It may have come and gone between two polls: then a sweep finds it.
      const isRetired = (): boolean => readLog(data('live')).some(({ record }) => record.type === 'state.retired');
      for (const deadlineMs = Date.now() + 60_000; !isRetired() && Date.now() < deadlineMs; await delay(500)) {
        await settle();
      }
      const blue = readLog(data('live')).filter(({ record }) => record.subject.includes('@blue'));
      const types = blue.map(({ record }) => record.type).filter((type) => /^state\.(?:changed|retired)/u.test(type));
      expect(types).to.deep.equal(['state.changed', 'state.changed', 'state.retired']);
      expect(kinds().slice(5)).to.deep.equal(['app@blue apply contiguous', 'app@blue destroy contiguous']);
      expect(blue.at(-1)?.record.data['reason']).to.equal('workspace-deleted');
    });

    it('a version put by hand without a lock, and one that jumps over serials', async () => {
      const key = { Bucket: STATES, Key: 'net/app.tfstate' };
      const edit = async (by: number): Promise<void> => {
        const found = await bucket.client.send(new GetObjectCommand(key));
        const state = JSON.parse((await found.Body?.transformToString()) ?? '') as { serial: number; outputs: object };
        const body = { ...state, serial: state.serial + by, outputs: { o: { value: `by ${by}`, type: 'string' } } };
        await bucket.client.send(new PutObjectCommand({ ...key, Body: JSON.stringify(body) }));
      };
      await edit(1);
      await edit(5);
      await settle();
      expect(kinds().slice(7)).to.deep.equal(['app unknown contiguous', 'app unknown gap']);
      const missed = readLog(data('live')).filter(({ record }) => record.type === 'state.missed');
      expect(missed.map(({ record }) => record.data['reason'])).to.deep.equal(['not-in-store']);
    });
  });

  describe('imported', function () {
    this.timeout(600_000);

    it('is counted before: nothing is written', async () => {
      const args = [
        'import',
        `s3://${STATES}/net`,
        '--dry-run',
        '--source-endpoint',
        bucket.endpoint,
        '--data-dir',
        data('none'),
      ];
      const { code, stdout } = await stateseal(args);
      expect(stdout).to.match(/ {2}2 states, \d+ versions, \d{4}-\d\d-\d\d \.\. \d{4}-\d\d-\d\d\n/u);
      expect(stdout).to.match(/9 changes: 4 apply, .*1 rollback/u);
      expect(code).to.equal(0);
      expect(() => readLog(data('none'))).to.throw();
    });

    it('gives the changes that were watched, in a fresh log, marked as imported', async () => {
      await live.stop('SIGTERM');
      printed += live.stdout() + live.stderr();
      const args = [
        'import',
        `s3://${STATES}/net`,
        '--source-endpoint',
        bucket.endpoint,
        '--data-dir',
        data('imported'),
      ];
      expect((await stateseal(args)).code).to.equal(0);
      const imported = readLog(data('imported'));
      expect(toChanges(imported)).to.deep.equal(toChanges(readLog(data('live'))));
      const unmarked = imported.filter(
        ({ record }) => /^(?:state|resource|output|lock)\./u.test(record.type) && record.data['backfilled'] !== true,
      );
      expect(unmarked.map(({ record }) => record.type)).to.deep.equal([]);
      const again = await stateseal(args);
      expect(again.code).to.equal(0);
      expect(toChanges(readLog(data('imported')))).to.deep.equal(toChanges(imported));
    });

    it('leaves alone what a watch has recorded', async () => {
      const before = readLog(data('live')).length;
      const args = ['import', `s3://${STATES}/net`, '--source-endpoint', bucket.endpoint, '--data-dir', data('live')];
      const { stdout } = await stateseal(args);
      expect(stdout).to.include('left alone, recorded before');
      const added = readLog(data('live'))
        .slice(before)
        .map(({ record }) => record.type);
      expect(added.filter((type) => !/^(?:log|batch)\./u.test(type))).to.deep.equal([]);
    });

    it('and both logs verify', async () => {
      for (const name of ['live', 'imported']) {
        const { code, stdout } = await stateseal(['verify', '--data-dir', data(name)]);
        expect(stdout).to.match(/INTEGRITY +PASS/u);
        expect(code, name).to.be.oneOf([0, 3]);
      }
    });

    it('and the run that wrote a version: one change from two vantages, or a problem where they differ', async () => {
      const args = ['watch', '--config', join(folder, 'stateseal.yaml'), '--data-dir', data('live'), '--http', 'off'];
      live = spawnStateseal(args, { env: bucket.env });
      await live.until(/ready\./, 120_000);
      const place = await openWorkplace(bucket, join(folder, 'runs'), 'net/runs.tfstate');
      // Between the wrapper and Terraform: what it is told the state is, once the file is there.
      const bin = join(folder, 'bin');
      const other = join(bin, 'other');
      const program = [
        `if [ "$2" = state ] && [ -e ${other} ]; then exec cat ${other}; fi`,
        `exec ${terraformPath()} "$@"`,
      ];
      await mkdir(bin);
      await writeFile(join(bin, 'terraform'), `#!/bin/sh\n${program.join('\n')}\n`, { mode: 0o755 });
      const exec = async (): Promise<void> => {
        const spool = ['--spool', join(data('live'), 'spool'), '--budget', '20s'];
        const command = ['terraform', `-chdir=${place.dir}`, 'apply', '-auto-approve', '-no-color'];
        const env = { PATH: `${bin}:${process.env['PATH'] ?? ''}`, GITHUB_ACTIONS: 'true', GITHUB_ACTOR: 'mona' };
        const done = await runStateseal(['exec', ...spool, '--', ...command], { env });
        expect(done.code, done.stderr).to.equal(0);
      };
      const links = async (count: number) => {
        const found = () => readLog(data('live')).filter(({ record }) => record.type === 'change.linked');
        for (
          const deadlineMs = Date.now() + 60_000;
          found().length < count && Date.now() < deadlineMs;
          await delay(200)
        ) {
          await settle();
        }
        return found().map(({ record }) => record.data);
      };
      await configure(place, resource('a', 'first'));
      await exec();
      const same = (await links(2)).map((link) => [link['content'] ?? 'maker', link['change']]);
      const change = readLog(data('live')).findLast(({ record: { type, subject } }) => {
        return type === 'state.changed' && subject === 'runs';
      })?.record;
      expect(same.sort()).to.deep.equal([
        ['maker', change?.id],
        ['same', change?.id],
      ]);
      const log = await stateseal(['log', '--data-dir', data('live'), '--actor', '*mona', '--json']);
      expect(log.stdout.trim().split('\n')).to.have.length(1);
      expect((JSON.parse(log.stdout) as { vantage: { source: string } }).vantage.source).to.equal('bucket');
      const problems = () => stateseal(['log', '--data-dir', data('live'), '--problems', '--state', 'runs']);
      expect((await problems()).stdout).not.to.contain('runs');
      // Same lineage, next serial, another content: what the run says it left is not what lies in the bucket.
      await configure(place, resource('a', 'second'));
      const lie = (await run(place, 'state', 'pull')).replace(/"serial": \d+/u, (text) =>
        text.replace(/\d+/u, (n) => `${Number(n) + 1}`),
      );
      await writeFile(other, lie);
      await exec();
      expect((await links(4)).map((link) => link['content'])).to.include('different');
      expect((await problems()).stdout).to.match(/runs +mismatch .*serial \d+ is another for run /u);
      await live.stop('SIGTERM');
      printed += live.stdout() + live.stderr();
    });

    it('no secret of a state is in either log, in an archive, or in what was printed', async () => {
      const places = [...(await readFolder(data('live'))), ...(await readFolder(data('imported')))];
      expect(places.length).to.be.greaterThan(10);
      const hits = findCanaries([...places, toPlace('printed', printed)], [{ name: 'password', secret: SECRET }]);
      expect(describeHits(hits)).to.equal('');
    });
  });
});

/** By the host's own list of accounts. */
function nameOf(uid: number): string {
  return execFileSync('getent', ['passwd', String(uid)], { encoding: 'utf8' }).split(':')[0] ?? '';
}
