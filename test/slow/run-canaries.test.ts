// Secrets in everything that stands around a run: flags, variables, backend settings, the git remote, the job's
// environment, the command lines of parents. A real recorder, a real Terraform through `exec`, a real hook; afterwards
// nothing of them is in any file of ours, packed or not, or in anything that is printed.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { expect } from 'chai';
import { objectAt, textAt, textsAt } from '../../daemon/store/queries-fields.ts';
import type { StoredRecord } from '../../daemon/store/queries-summary.ts';
import { claimsOf } from '../support/attributed.ts';
import { describeHits, findCanaries, readFolder, toPlace, type Canary, type Place } from '../support/canary-hunt.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { packProgram, type PackedProgram } from '../support/packed-program.ts';
import { readLog } from '../support/state-bucket.ts';
import { spawnStateseal, type StatesealProcess } from '../support/stateseal-process.ts';
import { makeWays, type Ways } from '../support/wrapped-terraform.ts';

const HOOKS = fileURLToPath(new URL('../../hooks', import.meta.url));
const COMMIT = 'c0ffee'.padEnd(40, '0');
/** Words, not random text: what looks like a secret by itself would be withheld for that alone. */
const SECRETS = {
  flag: 'harbor-quilt-flag-21',
  varFile: 'meadow-otter-file-22',
  variable: 'copper-lantern-variable-23',
  backendConfig: 'willow-basket-config-24',
  backendAddress: 'velvet-anchor-pointer-25',
  backendQuery: 'marble-sparrow-pointer-26',
  lockAddress: 'cedar-thimble-lock-27',
  httpUser: 'saffron-kettle-userinfo-28',
  httpQuery: 'bramble-violin-query-29',
  httpPassword: 'juniper-saddle-password-30',
  remote: 'orchid-pebble-remote-31',
  jobToken: 'walnut-ribbon-job-32',
  repositoryUrl: 'lilac-hammer-repository-33',
  jobUrl: 'poplar-candle-joburl-34',
  hook: 'thistle-window-hook-35',
  execParent: 'amber-bucket-parent-36',
  holderParent: 'hazel-mirror-holder-37',
  execFlag: 'fennel-carpet-exec-38',
} as const;
/** Records that speak of runs, locks and changes; what the others hold is in the files and in `log`. */
const ABOUT = /^(?:run\.|lock\.|change\.|platform\.|state\.changed|source\.)/u;
const CANARIES: readonly Canary[] = Object.entries(SECRETS).map(([name, secret]) => ({ name, secret }));

describe('secrets around a run', function () {
  this.timeout(300_000);
  let folder: string;
  let packed: PackedProgram;
  let server: Server;
  let ways: Ways;
  let daemon: StatesealProcess | undefined;
  let printed: Place[];

  before(function () {
    requireComponent(this, 'terraform', findProgram('terraform') !== undefined, 'terraform 1.11 on PATH');
    packed = packProgram();
  });
  after(() => packed?.remove());
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'stateseal-canaries-'));
    printed = [];
    server = await openBackend();
    ways = makeWays(folder, packed.bin, join(dataDir(), 'spool'));
    for (const name of ['remote', 'pointed', 'local', '.git']) mkdirSync(join(infra(), name), { recursive: true });
    const remote = `[remote "origin"]\n\turl = https://x:${SECRETS.remote}@github.com/acme/infra.git\n`;
    writeFileSync(join(infra(), '.git', 'HEAD'), `${COMMIT}\n`);
    writeFileSync(join(infra(), '.git', 'config'), remote);
    for (const name of ['remote', 'pointed']) {
      writeFileSync(join(infra(), name, 'backend.tf'), 'terraform {\n  backend "http" {}\n}\n');
    }
    for (const name of ['remote', 'local']) writeFileSync(join(infra(), name, 'main.tf'), CONFIG);
    for (const name of ['remote', 'local']) writeFileSync(join(infra(), name, 'f.tfvars'), fileText());
  });
  afterEach(async () => {
    await daemon?.stop('SIGKILL');
    server?.closeAllConnections();
    server?.close();
    if (folder !== undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  });

  const dataDir = (): string => join(folder, 'data');
  const infra = (): string => join(folder, 'infra');
  const address = (user: string, path: string, query: string): string =>
    `http://u:${user}@127.0.0.1:${(server.address() as AddressInfo).port}/${path}?token=${query}`;
  const environment = (): Record<string, string> => ({
    ...{ GITLAB_CI: 'true', GITLAB_USER_LOGIN: 'carol', CI_COMMIT_SHA: COMMIT, CI_JOB_TOKEN: SECRETS.jobToken },
    CI_REPOSITORY_URL: `https://gitlab-ci-token:${SECRETS.repositoryUrl}@gitlab.example/acme/infra.git`,
    CI_JOB_URL: `https://t:${SECRETS.jobUrl}@gitlab.example/acme/infra/-/jobs/7?token=${SECRETS.jobUrl}`,
    TF_HTTP_ADDRESS: address(SECRETS.httpUser, 'state', SECRETS.httpQuery),
    ...{ TF_HTTP_USERNAME: 'u', TF_HTTP_PASSWORD: SECRETS.httpPassword, TF_VAR_from_env: SECRETS.variable },
  });
  const watch = async (): Promise<StatesealProcess> => {
    const args = ['watch', infra(), '--data-dir', dataDir(), '--http', 'off'];
    const started = spawnStateseal(args, { env: { STATESEAL_SPOOL: '' } });
    await started.until(/ready\./u);
    return started;
  };
  const stop = async (): Promise<void> => {
    const told = await daemon?.stop();
    expect(told?.code).to.equal(0);
    printed.push(toPlace('watch', `${told?.stdout}${told?.stderr}`));
  };
  /** Runs it in a folder of the infrastructure; what our own words were is kept. */
  const sh = async (room: string, script: string, env = environment()): Promise<string> => {
    const told = await ways.sh('exec', join(infra(), room), script, env);
    expect(told.code, `${script}: ${told.stderr}`).to.equal(0);
    const ours = told.stderr.split('\n').filter((line) => line.startsWith('stateseal'));
    printed.push(toPlace(`stderr of ${script.slice(0, 20)}`, ours.join('\n')));
    return told.stdout;
  };
  /** What a verb prints. */
  const say = async (args: string): Promise<string> => {
    const told = await ways.sh('bare', folder, `stateseal ${args} --data-dir '${dataDir()}'`);
    printed.push(toPlace(args, `${told.stdout}${told.stderr}`));
    return told.stdout;
  };
  const records = (type: string): readonly StoredRecord[] =>
    readLog(dataDir()).filter(({ record }) => record.type === type);
  const until = async (type: string, count: number): Promise<void> => {
    for (const deadlineMs = Date.now() + 60_000; records(type).length < count && Date.now() < deadlineMs;) {
      await delay(200);
    }
    expect(records(type), type).to.have.length.at.least(count);
  };

  it('are in no file of ours, and in nothing that is said', async () => {
    daemon = await watch();
    const lock = `-backend-config=lock_address='${address(SECRETS.lockAddress, 'lock', SECRETS.lockAddress)}'`;
    const pointed = `-backend-config=address='${address(SECRETS.backendAddress, 'pointed', SECRETS.backendQuery)}'`;
    const exec = 'stateseal exec --budget 20s -- terraform';
    await sh('remote', `${exec} init -no-color -backend-config=password=${SECRETS.backendConfig} ${lock}`);
    await sh('pointed', `${exec} init -no-color ${pointed}`, {});
    const flags = `-no-color -var from_flag=${SECRETS.flag} -var-file=f.tfvars`;
    await sh('remote', `${exec} plan -out=p ${flags}`);
    await sh('remote', `${exec} apply -no-color p`);
    // The holder of the lock is below exec, below a shell that has a secret in its command line.
    const apply = `${exec} apply -auto-approve ${flags} -var=from_exec=${SECRETS.execFlag}`;
    await sh('local', `bash -c '"$@"; exit $?' ${SECRETS.execParent} ${apply}`);
    const bare = `terraform apply -auto-approve ${flags} -var from_exec=other`;
    const holding = sh('local', `bash -c '"$@"; exit $?' ${SECRETS.holderParent} ${bare}`);
    let held = '';
    for (let asked = 0; asked < 100 && !held.includes('parent-1'); asked += 1) held = await say('status --locks');
    await say('status');
    await holding;
    expect(held)
      .to.match(/^\S+ +OperationTypeApply +since /u)
      .and.to.match(/parent-1 +bash|parent-1 bash/u);
    const hook = {
      CI_JOB_TOKEN: SECRETS.hook,
      CI_REPOSITORY_URL: `https://t:${SECRETS.hook}@gitlab.example/acme/infra`,
    };
    await sh('local', `${HOOKS}/ci.sh started`, { ...environment(), ...hook, STATESEAL_HOOK_SECONDS: '30' });
    await until('platform.reported', 1);
    await until('state.changed', 1);
    await stop();

    // What waits in the spool for a recorder that does not run.
    await sh('remote', `${exec} apply -auto-approve ${flags} -var from_exec=third`);
    const spool = await readFolder(join(dataDir(), 'spool'));
    expect(spool.filter(({ name }) => name.startsWith('new/'))).to.have.length.at.least(2);
    daemon = await watch();
    await until('run.finished', 6);
    await stop();
    assertTold();

    const leaves = readLog(dataDir()).flatMap(({ leafIndex, record }) => (ABOUT.test(record.type) ? [leafIndex] : []));
    for (const args of [
      'log',
      'log --json',
      'log --changes',
      'log --csv',
      'log --problems',
      'status',
      'status --json',
    ]) {
      await say(args);
    }
    for (const args of ['source list', 'state list', 'verify', 'verify --json']) await say(args);
    const each = `for n in ${leaves.join(' ')}; do stateseal show $n "$@" --data-dir '${dataDir()}'; done`;
    for (const flag of ['', '--json']) {
      const told = await ways.sh('bare', folder, `set -- ${flag}; ${each}`);
      printed.push(toPlace(`show ${flag}`, told.stdout + told.stderr));
    }
    const places = [...spool, ...(await readFolder(dataDir())), ...printed];
    const hits = findCanaries(places, CANARIES);
    console.log(`      ${CANARIES.length} secrets, ${places.length} places, ${hits.length} hits`);
    expect(hits, describeHits(hits)).to.deep.equal([]);
    await assertHunt(places);
  });

  /** The secrets were really beside what the log says. */
  const assertTold = (): void => {
    const runs = records('run.finished').map(({ record: { subject, data } }) => ({
      words: [subject, textAt(data, 'backend', 'reference').replace(/:\d+\//u, '/')].join(' '),
      variables: textsAt(objectAt(data, 'command') ?? {}, 'variables').toSorted(),
    }));
    expect(runs.map(({ words }) => words)).to.have.members([
      'terraform init http://127.0.0.1/state',
      'terraform init http://127.0.0.1/pointed',
      'terraform plan http://127.0.0.1/state',
      'terraform apply http://127.0.0.1/state',
      'terraform apply dir:infra/local/terraform.tfstate',
      'terraform apply http://127.0.0.1/state',
    ]);
    expect(runs.map(({ variables }) => variables)).to.deep.include(['from_exec', 'from_flag']);
    const step = claimsOf(records('platform.reported')[0]).map(({ field, value, by }) => `${field} ${value} ${by}`);
    expect(step).to.include.members([
      'actor gitlab:carol environment',
      'job-url https://gitlab.example/acme/infra/-/jobs/7 environment',
      'repository github.com/acme/infra git',
    ]);
    const parents = records('lock.acquired').flatMap((record) =>
      claimsOf(record).filter(({ field }) => /^parent-[12]-program$/u.test(field)),
    );
    expect(parents.map(({ value }) => value)).to.include('bash');
  };

  /** The same hunt finds what is there: in packed bodies of the database, in the archive, in what was printed. */
  const assertHunt = async (places: readonly Place[]): Promise<void> => {
    const where = findCanaries(places, [{ name: 'actor', secret: 'gitlab:carol' }]).map(({ place }) => place);
    expect(where.some((place) => /^log\.sqlite body \d+ \(inflated\)$/u.test(place))).to.equal(true);
    expect(where.some((place) => /^archive\/.*\.gz \(inflated\)$/u.test(place))).to.equal(true);
    expect(where).to.include.members(['log --json', 'show --json']);
    const planted = join(folder, 'planted');
    mkdirSync(planted);
    for (const { name, secret } of CANARIES) {
      writeFileSync(join(planted, `${name}.gz`), gzipSync(JSON.stringify({ text: `a ${secret} b` })));
    }
    const found = findCanaries(await readFolder(planted), CANARIES).map(({ canary }) => canary);
    expect(new Set(found)).to.deep.equal(new Set(CANARIES.map(({ name }) => name)));
  };
});

const CONFIG = `variable "from_flag" {}
variable "from_file" {}
variable "from_env" {}
variable "from_exec" { default = "" }
resource "terraform_data" "one" {
  input            = sensitive([var.from_flag, var.from_file])
  triggers_replace = sensitive(var.from_exec)
  provisioner "local-exec" {
    command = "sleep 1"
  }
}
`;

function fileText(): string {
  return `from_file = "${SECRETS.varFile}"\n`;
}

/** The user's own http backend: keeps what is put there, locks everything, asks nobody who he is. */
async function openBackend(): Promise<Server> {
  const kept = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    // Terraform adds the lock's id to the query: the path alone names the state.
    const path = new URL(request.url ?? '/', 'http://127.0.0.1').pathname;
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.method === 'POST') kept.set(path, Buffer.concat(chunks));
      const body = request.method === 'GET' ? kept.get(path) : Buffer.alloc(0);
      response.statusCode = body === undefined ? 404 : 200;
      response.end(body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return server;
}
