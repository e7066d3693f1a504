// Who held the lock, with real processes: other uids, sudo, detached sessions, forged command lines, foreign holders,
// numbers used twice, secrets in every command line. CI runs fewer interleavings, with another seed each time. All 200:
//   STATESEAL_FULL=1 npx mocha --no-config --timeout 1800000 test/slow/attribution.test.ts
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { bestActors } from '../../daemon/record/actors.ts';
import { statusCommand } from '../../daemon/commands/status.ts';
import type { Claim } from '../../daemon/record/observation.ts';
import {
  claimsOf,
  createRandom,
  formatSummary,
  holdLock,
  isWritable,
  judgeRuns,
  pidOf,
  stateText,
  toRun,
  valuesOf,
  type Run,
} from '../support/attributed.ts';
import { callDaemon } from '../../daemon/control.ts';
import { CONTROL_FILE } from '../../daemon/daemon.ts';
import type { HeldLock } from '../../daemon/recorder/held-lock.ts';
import { describeHits, findCanaries } from '../support/canary-hunt.ts';
import { findProgram, requireComponent } from '../support/components.ts';
import { asUser, canActAsOthers, holdWords, runWords } from '../support/host-users.ts';
import { openWatched, type Watched } from '../support/watched.ts';

const IS_FULL = process.env['STATESEAL_FULL'] === '1';
const INTERLEAVINGS = IS_FULL ? 200 : 30;
const MIN_SHARE = 0.95;
/** Of /proc/self/loginuid where no login was. */
const NO_LOGIN_UID = 4_294_967_295;
const LAST_PID = '/proc/sys/kernel/ns_last_pid';
const [ANA, BEN] = [64_101, 64_102];

describe('attribution', function () {
  this.timeout(1_200_000);
  let base: string;
  let watched: Watched;

  before(function () {
    requireComponent(this, 'root, perl and setpriv', canActAsOthers(), 'run as root on Linux with perl and util-linux');
  });

  const directory = (name: string, uid: number): string => {
    const path = join(base, 'infra', name);
    mkdirSync(path, { recursive: true });
    chownSync(path, uid, uid);
    return path;
  };
  const withState = (name: string, uid: number): string => {
    const path = directory(name, uid);
    writeFileSync(join(path, 'terraform.tfstate'), stateText(name, 1));
    chownSync(join(path, 'terraform.tfstate'), uid, uid);
    return path;
  };
  const open = async (prepare: () => void = () => undefined): Promise<void> => {
    base = realpathSync(mkdtempSync(join(tmpdir(), 'stateseal-attribution-')));
    chmodSync(base, 0o755);
    mkdirSync(join(base, 'infra'));
    prepare();
    watched = await openWatched({ roots: [join(base, 'infra')], quietMs: 1_500 });
  };
  afterEach(async () => {
    await watched.close();
    rmSync(base, { recursive: true });
  });

  it(`never swaps two jobs of one second in neighbouring directories, ${INTERLEAVINGS} times`, async () => {
    const seed = Number(process.env['STATESEAL_SEED'] ?? Date.now() % 1_000_000);
    console.log(`      seed ${seed} (STATESEAL_SEED)`);
    const random = createRandom(seed);
    const LANES = ['left', 'right'];
    await open(() => {
      for (const uid of [ANA, BEN]) for (const lane of LANES) withState(`${lane}-${uid}`, uid);
    });
    const interleave = async (round: number): Promise<readonly Run[]> => {
      const uid = random() < 0.5 ? ANA : BEN;
      const jobs = LANES.map((lane) => {
        const id = `${lane}-${round}`;
        const delayMs = Math.floor(random() * 40);
        const holdMs = 50 + Math.floor(random() * 100);
        const state = stateText(`${lane}-${uid}`, round + 2);
        const words = holdWords({ directory: join(base, 'infra', `${lane}-${uid}`), id, holdMs, state });
        const script = 'sleep "$0"; "$@"; true';
        const started = runWords(asUser(uid, ['bash', '-c', script, String(delayMs / 1000), ...words]));
        return started.then((ran) => toRun(ran, id, uid));
      });
      return Promise.all(jobs);
    };
    const runs: Run[] = [];
    for (let round = 0; round < INTERLEAVINGS; round += 1) {
      runs.push(...(await interleave(round)));
      await watched.untilRecords('state.changed', (round + 1) * LANES.length, 60_000);
    }
    const summary = judgeRuns(runs, watched.records('state.changed'));
    console.log(`      ${formatSummary(summary)}`);
    expect(summary.swapped).to.deep.equal([]);
    expect(judgeRuns(runs, watched.records('lock.acquired', 'lock.released')).swapped).to.deep.equal([]);
    expect(summary.fair).to.be.greaterThan(INTERLEAVINGS);
    expect(summary.attributed / summary.fair).to.be.at.least(MIN_SHARE);
  });

  describe('a real terraform', () => {
    before(function () {
      const hint = 'install Terraform 1.11 or newer and put it on PATH';
      requireComponent(this, 'terraform', findProgram('terraform') !== undefined, hint);
    });

    const configure = (name: string, uid: number): string => {
      const path = directory(name, uid);
      const variable = 'variable "pw" {\n  type    = string\n  default = ""\n}\n';
      // The lock of an apply that does nothing else stands for some 10 ms: shorter than what is promised.
      const pause = 'provisioner "local-exec" {\n    command = "sleep 0.3"\n  }';
      const resource = `resource "terraform_data" "one" {\n  input = "${name}"\n  ${pause}\n}\n`;
      writeFileSync(join(path, 'main.tf'), `${variable}${resource}`);
      return path;
    };
    const terraform = ['terraform', 'apply', '-auto-approve', '-no-color', '-input=false'];
    const applied = async (words: readonly string[], cwd: string): Promise<readonly Claim[]> => {
      const before = watched.records('state.changed').length;
      const ran = await runWords(words, { cwd, env: { PATH: process.env['PATH'], CHECKPOINT_DISABLE: '1' } });
      expect(ran.code, ran.stderr).to.equal(0);
      const records = await watched.untilRecords('state.changed', before + 1, 60_000);
      return claimsOf(records.at(-1));
    };

    it('of two uids, and detached: each as the kernel knows it', async () => {
      await open();
      for (const uid of [ANA, BEN]) {
        const claims = await applied(asUser(uid, terraform), configure(`of-${uid}`, uid));
        expect(valuesOf(claims, 'actor', 'observed')).to.deep.equal([`uid:${uid}`]);
        expect(valuesOf(claims, 'owner', 'observed')).to.deep.equal([`uid:${uid}`]);
        expect(valuesOf(claims, 'program', 'observed')).to.deep.equal(['terraform']);
        expect(valuesOf(claims, 'command', 'claimed')).to.deep.equal([
          'terraform apply -auto-approve -no-color -input=false',
        ]);
        expect(bestActors(claims)[0]?.name).to.equal(`uid:${uid}`);
      }
      const cwd = configure('detached', ANA);
      const detached = ['bash', '-c', '"$@" </dev/null >/dev/null 2>&1 & disown; true', 'bash', 'setsid'];
      const claims = await applied([...asUser(ANA, [...detached, ...terraform])], cwd);
      expect(valuesOf(claims, 'actor', 'observed')).to.deep.equal([`uid:${ANA}`]);
    });

    it('under sudo: the login that led there, and who it runs as', async function () {
      requireComponent(this, 'sudo', findProgram('sudo') !== undefined, 'apt-get install sudo');
      await open();
      // The login stays through sudo: it is set as a login program would, where this kernel lets us.
      const login = `echo ${BEN} > /proc/self/loginuid; cat /proc/self/loginuid > login; exec sudo -n env CHECKPOINT_DISABLE=1 PATH="$PATH" "$@"`;
      const rootCwd = configure('sudo', 0);
      const asRoot = await applied(['bash', '-c', login, 'bash', ...terraform], rootCwd);
      const set = Number(readFileSync(join(rootCwd, 'login'), 'utf8'));
      expect(valuesOf(asRoot, 'actor', 'observed')).to.include('uid:0');
      // A kernel without audit has a file that takes everything and keeps nothing.
      if (set === NO_LOGIN_UID) console.log('      not shown: this kernel keeps no login uid');
      else expect(bestActors(asRoot)[0]?.name).to.equal(`uid:${BEN} as root`);
      expect(valuesOf(asRoot, 'login', 'observed')[0]).to.equal(set === NO_LOGIN_UID ? 'none' : `uid:${BEN}`);
      expect(asRoot.filter(({ field }) => /^parent-\d+-program$/.test(field)).map(({ value }) => value)).to.include(
        'sudo',
      );
    });

    it('shows no value of any command line, its own or its parents’', async () => {
      await open();
      const cwd = configure('secrets', ANA);
      const canaries = ['Vr7qLm2Xw9Kd', 'hunter-of-titles', 'tok-Pz81mQ', 'backend-Qm4t'].map((secret, index) => ({
        name: `argv ${index}`,
        secret,
      }));
      const [child, title, parent, file] = canaries.map(({ secret }) => secret);
      writeFileSync(join(cwd, `${file}.tfvars`), 'pw = "x"\n');
      const perl = `$0 = "${title}"; exit(system(@ARGV) ? 1 : 0)`;
      const words = ['perl', '-e', perl, 'bash', '-c', `TOKEN=${parent} "$@"; exit $?`, `${parent}`, ...terraform];
      const claims = await applied(
        asUser(ANA, [...words, '-var', `pw=${child}`, `-var-file=${file}.tfvars`, `-target=terraform_data.one`]),
        cwd,
      );
      expect(valuesOf(claims, 'command', 'claimed')[0]).to.match(/ -var-file -target -var pw$/);
      await watched.seal();
      const places = [...(await watched.written()), ...(await watched.answers())];
      const hits = findCanaries(places, canaries);
      console.log(`      ${places.length} places, ${hits.length} hits`);
      expect(hits, describeHits(hits)).to.deep.equal([]);
    });
  });

  it('does not believe a forged command line', async () => {
    await open(() => withState('forged', ANA));
    const hold = holdWords({
      directory: join(base, 'infra', 'forged'),
      id: 'forged',
      who: 'ben@laptop',
      holdMs: 400,
      state: stateText('forged', 2),
    });
    await runWords(asUser(ANA, hold), { env: { PATH: process.env['PATH'], HOLD_TITLE: 'terraform apply tfplan' } });
    const claims = claimsOf((await watched.untilRecords('state.changed', 1)).at(-1));
    expect(valuesOf(claims, 'program', 'observed')).to.deep.equal(['perl']);
    expect(valuesOf(claims, 'command', 'observed')).to.deep.equal([]);
    expect(valuesOf(claims, 'actor', 'claimed')).to.deep.equal(['user:ben']);
    expect(bestActors(claims).map(({ name, known }) => [name, known])).to.deep.equal([[`uid:${ANA}`, 'observed']]);
    const shown = (await watched.answers()).map(({ bytes }) => bytes.toString()).join('\n');
    expect(shown).to.include('differs');
  });

  it('names a foreign holder as what it is, and never for a lock file that is older than it', async () => {
    await open(() => {
      withState('foreign', ANA);
      chmodSync(join(base, 'infra', 'foreign'), 0o777);
      chmodSync(join(base, 'infra', 'foreign', 'terraform.tfstate'), 0o666);
    });
    const path = join(base, 'infra', 'foreign');
    // A run dies and leaves its lock file; somebody else takes the kernel's lock without one of his own.
    const dead = await holdLock(ANA, { directory: path, id: 'dead', holdMs: 150, steps: 'lock info' });
    const state = stateText('foreign', 2);
    const later = await holdLock(BEN, { directory: path, id: '-', holdMs: 400, state, steps: 'lock write' });
    await watched.settled();
    const records = watched.records('lock.acquired', 'lock.abandoned', 'state.changed');
    for (const record of records) {
      const processes = valuesOf(claimsOf(record), 'process', 'observed').map(pidOf);
      expect(processes, record.record.type).to.not.include(later.pid);
      expect(processes.filter((pid) => pid !== dead.pid)).to.deep.equal([]);
    }
    expect(records.map(({ record }) => record.type)).to.include('lock.acquired');
    const abandoned = records.find(({ record }) => record.type === 'lock.abandoned');
    expect(valuesOf(claimsOf(abandoned), 'process', 'observed').map(pidOf)).to.deep.equal([dead.pid]);
  });

  it('says who holds a lock while it stands, from when', async () => {
    await open(() => withState('held', ANA));
    const held = join(base, 'infra', 'held');
    const words = holdWords({ directory: held, id: 'now', holdMs: 4_000, steps: 'lock info unlock' });
    const running = runWords(asUser(ANA, words));
    let holds: readonly HeldLock[] = [];
    const socket = join(watched.dataDir, CONTROL_FILE);
    for (let asked = 0; asked < 200 && holds.length === 0; asked += 1) {
      holds = ((await callDaemon(socket, 'status', 10_000)) as { holds: readonly HeldLock[] }).holds;
    }
    const [shown, inFull] = [await watched.say(statusCommand), await watched.say(statusCommand, '--locks')];
    const { stdout } = await running;
    const line =
      /^held {7}held {3}OperationTypeApply {3}since \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ \([^)]+\) {3}uid:64101 \(observed\)$/mu;
    expect(shown).to.match(line);
    expect(inFull).to.match(new RegExp(line.source.replace('held {7}', ''), 'mu'));
    expect(inFull)
      .to.match(new RegExp(`^ {4}process pid:${Number.parseInt(stdout)}/\\d+ +observed +kernel$`, 'mu'))
      .and.match(/^ {4}actor user:ci +claimed +lock-info$/mu);
    expect(holds.map(({ id, state, holder }) => [id, state, holder])).to.deep.equal([['now', 'held', 'held']]);
    const claims = holds[0]?.claims ?? [];
    expect(valuesOf(claims, 'process', 'observed').map(pidOf)).to.deep.equal([Number.parseInt(stdout)]);
    await watched.settled();
    expect(await watched.say(statusCommand, '--locks')).to.equal('no lock stands beside any state\n');
    expect(((await callDaemon(socket, 'status', 10_000)) as { holds: readonly HeldLock[] }).holds).to.deep.equal([]);
  });

  it('names the process that died over its lock', async () => {
    await open(() => withState('dead', ANA));
    const directory = join(base, 'infra', 'dead');
    const dead = await holdLock(ANA, { directory, id: 'left', holdMs: 200, steps: 'lock info' });
    const [abandoned] = await watched.untilRecords('lock.abandoned', 1);
    expect(valuesOf(claimsOf(abandoned), 'process', 'observed').map(pidOf)).to.deep.equal([dead.pid]);
    expect(valuesOf(claimsOf(abandoned), 'actor', 'observed')).to.deep.equal([`uid:${ANA}`]);
  });

  it('does not take a process for the one that had its number before', async function () {
    requireComponent(this, LAST_PID, isWritable(LAST_PID), 'run as root on a kernel with CONFIG_CHECKPOINT_RESTORE');
    await open(() => withState('reused', ANA));
    const path = join(base, 'infra', 'reused');
    const dead = await holdLock(ANA, { directory: path, id: 'first', holdMs: 200, steps: 'lock info' });
    await watched.untilRecords('lock.abandoned', 1);
    let isReused = false;
    for (let attempt = 0; attempt < 40 && !isReused; attempt += 1) {
      const words = holdWords({ directory: path, id: '-', holdMs: 150, steps: 'lock' });
      const script = `echo ${dead.pid - 1} > ${LAST_PID} && "$@"; true`;
      const ran = await runWords(['bash', '-c', script, 'bash', ...words]);
      isReused = Number.parseInt(ran.stdout) === dead.pid;
    }
    expect(isReused, 'the number is used again').to.equal(true);
    await watched.settled();
    const actors = watched.records('lock.acquired', 'lock.released', 'lock.abandoned').flatMap((record) => {
      return valuesOf(claimsOf(record), 'actor', 'observed');
    });
    expect(new Set(actors)).to.deep.equal(new Set([`uid:${ANA}`]));
  });
});
