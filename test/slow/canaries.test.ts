// Random secrets in random places over random sequences of versions, and a real Terraform with a provider that leaks
// what it is given. STATESEAL_FULL=1 runs ten times as many; STATESEAL_SEED repeats a run.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describeHits, findCanaries, readFolder, toPlace, type Canary, type Place } from '../support/canary-hunt.ts';
import { DISGUISES, formatLock, formatState, type PlantedInstance } from '../support/canary-states.ts';
import { requireComponent } from '../support/components.ts';
import { richConfiguration, richSecrets } from '../support/provider/configuration.ts';
import { startProvider, scriptedBlock } from '../support/provider/provider.ts';
import { runStateseal, spawnStateseal } from '../support/stateseal-process.ts';
import { openTerraform, terraformPath } from '../support/terraform.ts';
import { openWatched } from '../support/watched.ts';

const SEED = Number(process.env['STATESEAL_SEED'] ?? Date.now() % 1_000_000);
const ROUNDS = process.env['STATESEAL_FULL'] === '1' ? 100 : 10;
const VERSIONS = 6;

type Random = () => number;

/** Mulberry32: the same seed gives the same run. */
function createRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function pick<T>(random: Random, from: readonly T[]): T {
  const found = from[Math.floor(random() * from.length)];
  if (found === undefined) throw new Error('expected a choice, got none');
  return found;
}

const ALPHABETS = [
  'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789',
  '0123456789abcdef',
  'abcdefghijkmnpqrstuvwxyz-_./+=0123456789',
  'aAbB12!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~ ',
  'äöüßéñçø漢字テスト1234567890',
];

function createSecret(random: Random): string {
  const alphabet = [...pick(random, ALPHABETS)];
  const length = 12 + Math.floor(random() * 40);
  const text = Array.from({ length }, () => pick(random, alphabet)).join('');
  return new Set(text).size >= 8 ? text.trim().padEnd(12, 'Qz7') : createSecret(random);
}

/** Secrets, some of them beginnings of others, overlapping, or of several lines. */
function createCanaries(random: Random): Canary[] {
  const secrets = Array.from({ length: 6 }, () => createSecret(random));
  const [first = '', second = '', third = ''] = secrets;
  secrets.push(`${first}-more`, `${second.slice(6)}${third}`, `${third}\n${first}\n${second}`);
  return secrets.map((secret, index) => ({ name: `canary ${index}`, secret }));
}

/** One way to say that a value is secret. */
const MARKINGS: readonly ((secret: string, name: string) => PlantedInstance)[] = [
  (secret, name) => ({ type: 'aws_x', name, attributes: { plain: secret }, marks: [['plain']] }),
  (secret, name) => ({ type: 'aws_x', name, attributes: { deep: [{ in: { it: secret } }] }, marks: [['deep']] }),
  (secret, name) => ({ type: 'aws_x', name, attributes: { map: { key: secret } }, marks: [['map', 'key']] }),
  (secret, name) => ({ type: 'aws_x', name, attributes: { plain: secret }, marks: [['plain']], deposed: 'deadbeef' }),
  (secret, name) => ({ type: 'aws_x', name, attributes: { plain: secret }, marks: [['plain']], mode: 'data' }),
  (secret, name) => ({ type: 'aws_x', name, attributes: { master_password: secret } }),
  (secret, name) => ({ type: 'aws_ssm_parameter', name, attributes: { value: secret } }),
  (secret, name) => ({ type: 'aws_x', name, attributes: {}, private: { token: secret } }),
  (secret, name) => ({
    type: 'terraform_data',
    name,
    attributes: { input: { value: { pw: secret }, type: ['object', { pw: 'string' }] } },
    marks: [['input', 'pw']],
  }),
];

function createEcho(random: Random, known: readonly Canary[], step: number): PlantedInstance[] {
  const disguises = Object.values(DISGUISES);
  const values = known.map(({ secret }, index) => [`e${index}`, pick(random, disguises)(secret)] as const);
  const keys = known.filter(() => random() < 0.3).map(({ secret }) => [secret, step] as const);
  const each = known.filter(() => random() < 0.3).map(({ secret }) => secret);
  return [
    {
      type: 'aws_x',
      name: 'echo',
      attributes: { ...Object.fromEntries(values), tags: Object.fromEntries(keys), step },
    },
    ...each.map((key) => ({ type: 'aws_x', name: 'each', key, attributes: { step } })),
  ];
}

function expectNone(places: readonly Place[], canaries: readonly Canary[], seed: number): void {
  const hits = findCanaries(places, canaries);
  if (hits.length > 0) throw new Error(`seed ${seed}: ${hits.length} hits\n${describeHits(hits).slice(0, 6_000)}`);
}

describe('planted secrets, at random', function () {
  this.timeout(600_000);
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'stateseal-canaries-'));
  });
  afterEach(() => rm(root, { recursive: true }));

  let runs = 0;
  async function put(path: string, text: string): Promise<void> {
    runs += 1;
    await mkdir(join(root, dirname(path)), { recursive: true });
    await writeFile(join(root, dirname(path), '.terraform.tfstate.lock.info'), formatLock(`run-${runs}`));
    await writeFile(join(root, path), text);
  }

  /** Two states; in each version one secret more is marked, or learned late, and everything known is echoed. */
  async function playRound(seed: number, values: 'marked-only' | 'allow-list'): Promise<void> {
    const random = createRandom(seed);
    const canaries = createCanaries(random);
    const watched = await openWatched({ roots: [root], redaction: { values, hide: [], show: [] }, http: true });
    try {
      const known: Canary[] = [];
      for (let version = 1; version <= VERSIONS; version += 1) {
        known.push(...canaries.slice(known.length, known.length + 2));
        const marked = known
          .slice(-2)
          .map(({ secret }, index) => pick(random, MARKINGS)(secret, `v${version}_${index}`));
        // Marks and their instances go with the next version; what they taught stays.
        const instances = [...marked, ...createEcho(random, known, version)];
        const outputs = { echo: { value: createEcho(random, known, version)[0]?.attributes } };
        const failureMessage = known.map(({ secret }) => secret).join(' ');
        await put(
          'a/terraform.tfstate',
          formatState({ serial: version, lineage: 'a', instances, outputs, failureMessage }),
        );
        await watched.settled();
        const echo = createEcho(random, known, version);
        await put('b/terraform.tfstate', formatState({ serial: version, lineage: 'b', instances: echo, outputs }));
        await watched.settled();
      }
      await watched.seal();
      expectNone([...(await watched.answers()), ...(await watched.written())], canaries, seed);
    } finally {
      await watched.close();
      await rm(root, { recursive: true });
      await mkdir(root);
    }
  }

  for (let round = 0; round < ROUNDS; round += 1) {
    const values = round % 3 === 2 ? 'allow-list' : 'marked-only';
    it(`hides all of them, ${values}, STATESEAL_SEED=${SEED + round}`, () => playRound(SEED + round, values));
  }

  it('hides what a real Terraform writes, prints and fails with', async function () {
    requireComponent(
      this,
      'terraform',
      terraformPath() !== undefined,
      'https://developer.hashicorp.com/terraform/install',
    );
    const provider = await startProvider();
    const terraform = await openTerraform(join(root, 'infra'), { provider });
    const data = join(root, 'data');
    const args = ['--data-dir', data];
    const daemon = spawnStateseal(['watch', join(root, 'infra'), ...args, '--http', 'off']);
    const answers: Place[] = [];
    try {
      await daemon.until(/ready\./u);
      await terraform.write({ 'main.tf': `${scriptedBlock}\n${richConfiguration}` });
      await terraform.init();
      await terraform.apply();
      await daemon.until(/recorded {2}#/u);
      await terraform.write({
        'main.tf': `${scriptedBlock}\n${richConfiguration.replace('"v"', 'nonsensitive(var.given)').replace('{ n = 1 }', '{ n = "${nonsensitive(var.given)}-x" }')}`,
      });
      await terraform.apply();
      await daemon.until(/recorded {2}#[\s\S]*recorded {2}#/u);
      await terraform.write({
        'main.tf': `${scriptedBlock}\n${richConfiguration.replace('name      = "a"', 'name      = "a"\n  fail_on   = "delete"')}`,
      });
      await terraform.apply([], { expectExit: 'any' });
      await terraform.destroy([], { expectExit: 'any' });
      await daemon.until(/recorded {2}#[\s\S]*recorded {2}#[\s\S]*recorded {2}#/u);
      for (const verb of [
        ['log'],
        ['log', '--json'],
        ['log', '--changes'],
        ['status', '--json'],
        ['verify'],
        ['show', '3'],
      ]) {
        const { stdout, stderr } = await runStateseal([...verb, ...args]);
        answers.push(toPlace(verb.join(' '), stdout + stderr));
      }
      for (const name of ['terraform.tfstate', 'terraform.tfstate.backup']) {
        const { stdout, stderr } = await runStateseal(['show', join(root, 'infra', name)]);
        answers.push(toPlace(`show ${name}`, stdout + stderr));
      }
    } finally {
      const { stdout, stderr } = await daemon.stop('SIGINT');
      answers.push(toPlace('watch', stdout + stderr));
      await terraform.close();
      await provider.close();
    }
    const ids = [...provider.operations.keys()].map((index) => index + 1);
    const canaries = [
      ...Object.entries(richSecrets).map(([name, secret]) => ({ name, secret })),
      ...ids.flatMap((id) => [
        { name: `token ${id}`, secret: `TOKEN-SECRET-thing-${id}` },
        { name: `private ${id}`, secret: `PRIVATE-MARKER-thing-${id}` },
      ]),
      { name: 'lookup', secret: 'LOOKUP-SECRET-k' },
    ];
    const places = [...answers, ...(await readFolder(data))];
    if (!places.some(({ bytes }) => bytes.includes('scripted_thing.a'))) throw new Error('expected a recorded thing');
    expectNone(places, canaries, SEED);
  });
});
