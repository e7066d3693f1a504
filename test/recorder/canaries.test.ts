// Planted secrets through the whole daemon, over a sequence of versions: none of them may stand in anything written,
// printed or answered. Every text shows in these runs unless it is a secret, so that nothing hides by chance.
import { mkdir, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { callDaemon } from '../../daemon/control.ts';
import { describeHits, findCanaries, type Canary, type Place } from '../support/canary-hunt.ts';
import {
  DISGUISES,
  formatLock,
  formatState,
  LONG_CANARIES,
  WHOLE_CANARIES,
  type Attributes,
  type PlantedInstance,
} from '../support/canary-states.ts';
import { openWatched, type Watched } from '../support/watched.ts';

const ALL = [...LONG_CANARIES, ...WHOLE_CANARIES];
const MARKED_ONLY = { values: 'marked-only', hide: [], show: [] } as const;
const LINEAGE = '11111111-2222-4333-8444-555555555555';

/** Each canary under a name that says nothing. */
function vault(canaries: readonly Canary[]): Attributes {
  return Object.fromEntries(canaries.map(({ name, secret }, index) => [`v${index}`, toValue(name, secret)]));
}

function toValue(name: string, secret: string): string | number {
  return name === 'numeric pin' ? Number(secret) : secret;
}

function vaultMarks(canaries: readonly Canary[]): (readonly string[])[] {
  return canaries.map((_, index) => [`v${index}`]);
}

/** Every long canary in every disguise, every short one as it is, and as names of members. */
function echo(canaries: readonly Canary[], disguises = Object.entries(DISGUISES)): Attributes {
  const entries = canaries.flatMap(({ secret, isWhole }, index) =>
    disguises
      .filter(([disguise]) => isWhole !== true || disguise === 'plain')
      .map(([, disguise], form) => [`e${index}_${form}`, disguise(secret)] as const),
  );
  return {
    ...Object.fromEntries(entries.filter(([, text]) => text !== '4826')),
    labels: Object.fromEntries(canaries.filter(({ isWhole }) => !isWhole).map(({ secret }) => [secret, 'x'])),
  };
}

function expectNone(places: readonly Place[], canaries: readonly Canary[]): void {
  const hits = findCanaries(places, canaries);
  if (hits.length > 0) throw new Error(`expected no planted secret, got ${hits.length}:\n${describeHits(hits)}`);
}

describe('planted secrets, through the daemon', function () {
  this.timeout(30_000);
  let root: string;
  let watched: Watched | undefined;
  let runs = 0;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'stateseal-canaries-'));
  });
  afterEach(async () => {
    await watched?.close();
    watched = undefined;
    await rm(root, { recursive: true });
  });

  async function write(path: string, text: string): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }

  /** A version whose run is over when it is seen: its lock was left behind, so that no quiet time has to pass. */
  async function put(path: string, text: string): Promise<void> {
    runs += 1;
    await write(join(dirname(path), '.terraform.tfstate.lock.info'), formatLock(`run-${runs}`));
    await write(path, text);
    await watched?.settled();
  }

  it('finds what is planted in clear: the hunt can fail', async () => {
    const instances: PlantedInstance[] = [{ type: 'aws_x', name: 'e', attributes: vault(LONG_CANARIES) }];
    await write('a/terraform.tfstate', formatState({ serial: 1, lineage: LINEAGE, instances }));
    watched = await openWatched({ roots: [root], redaction: MARKED_ONLY, http: true });
    await watched.seal();
    const names = new Set(findCanaries(await watched.written(), LONG_CANARIES).map(({ canary }) => canary));
    // The private key has a shape of its own, and hides without a mark.
    expect([...names]).to.have.members(LONG_CANARIES.map(({ name }) => name).filter((name) => name !== 'pem'));
    const answers = findCanaries(await watched.answers(), LONG_CANARIES);
    expect(answers.filter(({ place }) => place.startsWith('http')).length).to.equal(0);
  });

  it('hides what is marked, in every version, place and form', async () => {
    const marked: PlantedInstance = {
      type: 'aws_x',
      name: 'vault',
      attributes: vault(ALL),
      marks: vaultMarks(ALL),
    };
    const instances = (extra: readonly PlantedInstance[], step: number): readonly PlantedInstance[] => [
      { type: 'aws_x', name: 'echo', attributes: { ...echo(ALL), step } },
      { type: 'aws_x', name: 'echo', deposed: 'deadbeef', attributes: echo(ALL) },
      ...LONG_CANARIES.map(({ secret }) => ({ type: 'aws_x', name: 'each', key: secret, attributes: { step } })),
      { type: 'aws_x', name: 'data', mode: 'data' as const, attributes: echo(ALL) },
      { type: 'aws_x', name: 'opaque', attributes: { step }, private: { echo: echo(ALL) } },
      ...extra,
    ];
    const outputs = { plain: { value: echo(ALL) }, hidden: { value: vault(ALL), sensitive: true } };
    const failureMessage = ALL.map(({ secret }) => secret).join(' ');
    const version = (serial: number, extra: readonly PlantedInstance[]): string =>
      formatState({
        serial,
        lineage: LINEAGE,
        instances: instances(extra, serial),
        // The output, too, loses its mark.
        outputs: { ...outputs, hidden: { ...outputs.hidden, sensitive: serial === 1 } },
        failureMessage,
      });

    await write('a/terraform.tfstate', version(1, [marked]));
    watched = await openWatched({ roots: [root], redaction: MARKED_ONLY, http: true });
    // The mark is lost; then the instance stands at another address, still without it.
    await put('a/terraform.tfstate', version(2, [{ ...marked, marks: [] }]));
    await put('a/terraform.tfstate', version(3, [{ ...marked, name: 'moved', marks: [] }]));
    // Another state knows the secrets without ever marking them.
    await write(
      'b/terraform.tfstate',
      formatState({ serial: 7, lineage: 'other', instances: instances([], 1), outputs }),
    );
    await watched.settled();
    await put('a/terraform.tfstate', version(4, []));
    await unlink(join(root, 'b/terraform.tfstate'));
    await watched.settled();
    await watched.seal();
    expectNone([...(await watched.answers()), ...(await watched.written())], ALL);
    expect(await watched.stop()).to.equal(0);
    expectNone(await watched.written(), ALL);
  });

  it('hides what becomes known late from then on, also as the value before', async () => {
    const late = LONG_CANARIES.filter(({ name }) => name !== 'pem');
    // A password in a URL is known at first sight.
    const unknown = Object.entries(DISGUISES).filter(([disguise]) => disguise !== 'in a url');
    const holder = (step: number): readonly PlantedInstance[] => [
      { type: 'aws_x', name: 'echo', attributes: { ...echo(late, unknown), step } },
      ...late.map(({ secret }) => ({ type: 'aws_x', name: 'each', key: secret, attributes: { step } })),
    ];
    const outputs = (step: number): object => ({ plain: { value: { ...echo(late, unknown), step } } });
    const b = (serial: number, instances = holder(serial)): string =>
      formatState({ serial, lineage: 'other', instances, outputs: outputs(serial) as never });

    await write('b/terraform.tfstate', b(1));
    watched = await openWatched({ roots: [root], redaction: MARKED_ONLY, http: true });
    await watched.settled();
    await put(
      'a/terraform.tfstate',
      formatState({
        serial: 1,
        lineage: LINEAGE,
        instances: [{ type: 'aws_x', name: 'vault', attributes: vault(late), marks: vaultMarks(late) }],
      }),
    );
    await watched.settled();
    await watched.seal();
    const printedBefore = watched.stdout().length;
    const known = watched.size();
    await put('b/terraform.tfstate', b(2));
    await put('b/terraform.tfstate', b(3, []));
    await watched.seal();
    expect(watched.records('resource.changed').length).to.be.greaterThan(late.length);
    const printed = { name: 'stdout since', bytes: Buffer.from(watched.stdout().slice(printedBefore)) };
    expectNone([...(await watched.answers(known)), printed], late);
  });

  it('hides a known secret in what a lock file claims', async () => {
    const secret = LONG_CANARIES[0]?.secret ?? '';
    const claims = {
      Operation: `op ${secret}`,
      Info: secret,
      Who: `${secret}@h-${secret}`,
      Version: secret,
      Path: secret,
    };
    const version = (serial: number): string =>
      formatState({
        serial,
        lineage: LINEAGE,
        instances: [{ type: 'aws_x', name: 'v', attributes: { v: secret, serial }, marks: [['v']] }],
      });
    await write('a/terraform.tfstate', version(1));
    watched = await openWatched({ roots: [root], redaction: MARKED_ONLY });
    await write('a/.terraform.tfstate.lock.info', formatLock(`id-${secret}`, claims));
    await watched.settled();
    await write('a/terraform.tfstate', version(2));
    await unlink(join(root, 'a/.terraform.tfstate.lock.info'));
    await watched.settled();
    // Nobody holds it: the file was left behind.
    expect(watched.records('lock.abandoned').length).to.equal(1);
    expect(watched.records('state.changed').length).to.equal(1);
    const note = { target: 0, text: `it was ${secret}` };
    const refusal = await callDaemon(join(watched.dataDir, 'control.sock'), 'note', 5_000, note).catch(String);
    expect(refusal).to.contain('expected a note without secrets');
    await watched.seal();
    expectNone([...(await watched.answers()), ...(await watched.written())], LONG_CANARIES);
  });
});
