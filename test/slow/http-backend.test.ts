// Real Terraform with the recorder as its http backend: the whole protocol, locks, migration both ways, what happens
// when the record cannot be made durable, and that no secret of address, password or state goes anywhere but the storage.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { openBackendScene, type BackendScene, type SceneRecord } from '../support/backend-scene.ts';
import { describeBackendStories } from '../support/backend-stories.ts';
import { describeHits, findCanaries, readFolder, toPlace } from '../support/canary-hunt.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { runStateseal } from '../support/stateseal-process.ts';
import { terraformPath } from '../support/terraform.ts';

const CHANGED = 'state.changed';
const one = (input: string): string => `resource "terraform_data" "a" {\n  input = ${JSON.stringify(input)}\n}`;

interface Change {
  readonly kind: string;
  readonly continuity: string;
  readonly serials: readonly string[];
  readonly claims: readonly { readonly field: string; readonly value: string; readonly known: string }[];
  readonly refused?: { readonly serial: string };
}

const dataOf = (record: SceneRecord | undefined): Change => record?.data as unknown as Change;

describe('http backend, with a real terraform', function () {
  this.timeout(240_000);
  let scene: BackendScene;

  before(function () {
    requireComponent(this, 'terraform', terraformPath() !== undefined, 'put terraform 1.11 or later on PATH');
    requireComponent(this, 'prlimit', findProgram('prlimit') !== undefined, 'apt-get install -y util-linux');
  });
  beforeEach(async () => {
    scene = await openBackendScene({ states: ['network', 'other'] });
  });
  afterEach(() => scene.close());

  describeBackendStories(() => ({
    scene,
    stored: () => readFile(join(scene.storage, 'network.tfstate'), 'utf8'),
  }));

  it('init, plan, apply, destroy: each version recorded, with who and from which run', async () => {
    const query =
      'run=4711&actor=mona&sha=0123456789abcdef0123456789abcdef01234567&pr=12&job=https://ci.example/jobs/9';
    const terraform = await scene.terraform('tf', 'network', one('first'), query);
    await terraform.init();
    await terraform.plan();
    expect(scene.records(CHANGED, 'lock.acquired')).to.deep.equal([]);
    await terraform.apply();
    await terraform.write({ 'main.tf': `terraform {\n  backend "http" {}\n}\n${one('second')}` });
    await terraform.apply();
    await terraform.apply();
    await terraform.destroy();
    const [born, updated, destroyed, ...more] = scene.records(CHANGED).map(dataOf);
    expect(more).to.deep.equal([]);
    expect([born, updated, destroyed].map((change) => [change?.kind, change?.continuity])).to.deep.equal([
      ['apply', 'contiguous'],
      ['apply', 'contiguous'],
      ['destroy', 'contiguous'],
    ]);
    const claims = (born?.claims ?? []).map(({ field, value, known }) => `${known} ${field} ${value}`);
    expect(claims).to.include.members([
      'verified credential backend:deploy',
      'claimed run 4711',
      'claimed actor user:mona',
      'claimed commit 0123456789abcdef0123456789abcdef01234567',
      'claimed pull-request 12',
      'claimed job https://ci.example/jobs/9',
    ]);
    // The first lock has no state beside it yet: its acquisition is recorded with the first version.
    const locks = scene.records('lock.acquired', 'lock.released').map(({ type }) => type);
    expect(locks.length).to.be.greaterThanOrEqual(6);
    expect(locks.filter((type) => type === 'lock.acquired').length * 2).to.equal(locks.length);
    expect(existsSync(join(scene.storage, 'network.tfstate.backup'))).to.equal(true);
    scene.verify();
  });

  it('a run through exec is known to be of the state that the recorder itself keeps', async () => {
    const terraform = await scene.terraform('tf', 'network', one('first'), 'token=canary-4Vt8qLx');
    await terraform.init();
    const command = ['terraform', `-chdir=${join(scene.folder, 'tf')}`, 'apply', '-auto-approve', '-no-color'];
    const env = {
      ...scene.environment('network', 'token=canary-4Vt8qLx'),
      GITHUB_ACTIONS: 'true',
      GITHUB_ACTOR: 'mona',
    };
    const spool = ['--spool', join(scene.dataDir, 'spool'), '--budget', '20s'];
    const done = await runStateseal(['exec', ...spool, '--', ...command], { env });
    expect(done.code, done.stderr).to.equal(0);
    const links = await scene.until('change.linked', 2);
    const [change, ...others] = scene.records(CHANGED);
    expect(others).to.deep.equal([]);
    expect(links.map(({ data }) => data['content'] ?? 'maker').sort()).to.deep.equal(['maker', 'same']);
    for (const { data } of links)
      expect((data['state'] as { reference: string }).reference).to.equal('backend:network');
    expect(change?.subject).to.equal('network');
    const [finished] = scene.records('run.finished');
    expect(finished?.data['backend']).to.deep.equal({
      type: 'http',
      workspace: 'default',
      reference: 'backend:network',
    });
    expect(JSON.stringify(scene.records())).not.to.contain('canary-4Vt8qLx');
  });

  it('a second apply meets the lock of the first; force-unlock takes a killed one away, and is recorded as such', async () => {
    // Ends with the folder, also when Terraform was killed and cannot end it.
    const wait = `for i in $(seq 300); do [ -d '${scene.folder}' ] || exit 0; sleep 0.2; done`;
    const slow = `resource "terraform_data" "slow" {\n  provisioner "local-exec" {\n    command = ${JSON.stringify(wait)}\n  }\n}`;
    const first = await scene.terraform('first', 'network', `${one('held')}\n${slow}`);
    const second = await scene.terraform('second', 'network', one('base'));
    await Promise.all([first.init(), second.init()]);
    await second.apply();
    const running = first.spawn(['apply', '-auto-approve', '-input=false', '-no-color']);
    const holder = await lockOf(scene, 'network');
    const refused = await second.apply([], { expectExit: 1 });
    expect(refused.stderr).to.contain('Error acquiring the state lock').and.to.contain(holder);
    await running.kill('SIGKILL');
    await second.run(['force-unlock', '-force', holder]);
    const released = scene.records('lock.released').map(({ data }) => data);
    expect(
      released.filter(({ forced }) => forced === true).map(({ lock }) => (lock as { id: string }).id),
    ).to.deep.equal([holder]);
    await second.write({ 'main.tf': `terraform {\n  backend "http" {}\n}\n${one('free')}` });
    await second.apply();
    const changes = (await scene.until(CHANGED, 2)).map(dataOf);
    expect(changes.map(({ kind, continuity }) => [kind, continuity])).to.deep.equal([
      ['apply', 'contiguous'],
      ['apply', 'contiguous'],
    ]);
    expect(existsSync(join(scene.storage, '.network.tfstate.lock.info'))).to.equal(false);
    scene.verify();
  });

  it('no credential, a wrong one, one of another state', async () => {
    const terraform = await scene.terraform('tf', 'network', one('x'));
    const as = (env: Readonly<Record<string, string>>) => terraform.run(['init', '-no-color'], { env, expectExit: 1 });
    expect((await as({ TF_HTTP_PASSWORD: 'x' })).stderr).to.match(/requires auth/u);
    expect((await as({ TF_HTTP_USERNAME: '', TF_HTTP_PASSWORD: '' })).stderr).to.match(/requires auth/u);
    expect((await as({ TF_HTTP_PASSWORD: scene.password('other') })).stderr).to.match(/invalid auth/u);
    expect((await scene.request('network', { password: scene.password('other') })).status).to.equal(403);
    expect((await scene.request('nowhere', { password: scene.password('other') })).status).to.equal(403);
    const { stdout } = await runStateseal(['status', '--data-dir', scene.dataDir]);
    expect(stdout).to.match(/backend +http:\/\/127\.0\.0\.1:\d+\/state\/<name> +2 states in /u);
    expect(stdout).to.match(/refused: \d+ without a credential, 3 for another state/u);
  });

  it('over TLS, beyond loopback', async function () {
    requireComponent(this, 'openssl', findProgram('openssl') !== undefined, 'apt-get install -y openssl');
    const [cert, key] = [join(scene.folder, 'cert.pem'), join(scene.folder, 'key.pem')];
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=x'];
    const san = ['-addext', 'subjectAltName=IP:0.0.0.0'];
    execFileSync('openssl', [...made, ...san, '-days', '1', '-keyout', key, '-out', cert], { stdio: 'ignore' });
    const tls = `host: 0.0.0.0, tls: { certFile: ${cert}, keyFile: ${key} }`;
    const secure = await openBackendScene({ states: ['network'], backend: tls });
    try {
      expect(secure.url).to.match(/^https:/u);
      const terraform = await secure.terraform('tf', 'network', one('x'));
      const env = { TF_HTTP_CLIENT_CA_CERTIFICATE_PEM: readFileSync(cert, 'utf8') };
      await terraform.init([], { env });
      await terraform.apply([], { env });
      await secure.until(CHANGED, 1);
    } finally {
      await secure.close();
    }
  });

  it('secrets of address, password and state stand in the storage alone', async () => {
    const canaries = [
      { name: 'in the query', secret: 'QUERY-canary-5f0c1d7e' },
      { name: 'as a run', secret: 'glpat-canary-77aa01bb' },
      { name: 'in the state', secret: 'STATE-canary-9b2e4410' },
      { name: 'password', secret: scene.password('network') },
    ];
    const [inQuery, asRun, inState] = canaries.map(({ secret }) => secret);
    const query = `token=${inQuery}&run=${asRun}&job=https://u:${inQuery}@ci.example/j?t=${inQuery}%23${inQuery}&ID2=${inQuery}`;
    const terraform = await scene.terraform('tf', 'network', one(inState ?? ''), query);
    await terraform.init();
    await terraform.apply();
    await fetch(`${scene.url}/state/network?token=${inQuery}`, { headers: { authorization: `Bearer ${inQuery}` } });
    await fetch(`${scene.url}/${inQuery}?token=${inQuery}`);
    await scene.request('network', { method: 'POST', body: `{"version":4,"serial":"${inState}"` });
    await scene.request('network', { method: 'LOCK', body: `{"ID":${inState}` });
    await scene.until('batch.archived', 1);
    expect(readFileSync(join(scene.storage, 'network.tfstate'), 'utf8')).to.contain(inState);
    const told = [toPlace('stdout', scene.daemon.stdout()), toPlace('stderr', scene.daemon.stderr())];
    const hits = findCanaries([...(await readFolder(scene.dataDir)), ...told], canaries);
    expect(hits, describeHits(hits)).to.deep.equal([]);
  });
});

async function lockOf(scene: BackendScene, state: string): Promise<string> {
  const path = join(scene.storage, `.${state}.tfstate.lock.info`);
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (existsSync(path)) return (JSON.parse(readFileSync(path, 'utf8')) as { ID: string }).ID;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('expected a lock within 30 s, got none');
}
