// Hostile content and hostile circumstances, through the whole daemon: what takes longer than one look to decide.
import { spawn } from 'node:child_process';
import { chmod, chown, mkdir, mkdtemp, rm, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'chai';
import { describeHits, findCanaries } from '../support/canary-hunt.ts';
import { formatLock, formatState, LONG_CANARIES } from '../support/canary-states.ts';
import { openWatched, type Watched } from '../support/watched.ts';

const state = (serial: number, lineage: string): string =>
  formatState({ serial, lineage, instances: [{ type: 'aws_x', name: 'x', attributes: { serial } }] });

describe('hostile content and circumstances, through the daemon', function () {
  this.timeout(120_000);
  let folder: string;
  let root: string;
  let watched: Watched | undefined;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'stateseal-hostile-'));
    root = join(folder, 'infra');
    await mkdir(root);
  });
  afterEach(async () => {
    await watched?.close();
    watched = undefined;
    await rm(folder, { recursive: true });
  });

  async function put(path: string, content: string | Uint8Array): Promise<void> {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }

  async function codes(from: Watched, count: number): Promise<Record<string, string>> {
    const records = await from.untilRecords('state.unreadable', count);
    const all = records.map(({ record }) => [record.source.split('/')[1] ?? '', record.data['code'] as string]);
    return Object.fromEntries(all) as Record<string, string>;
  }

  it('names broken content by what is wrong with it, once, and quotes none of it', async () => {
    const secrets = LONG_CANARIES.filter(({ name }) => name !== 'pem');
    const hostile: Record<string, readonly [string, string | Uint8Array]> = {
      utf8: ['json-utf8', Buffer.from([...Buffer.from('{"version":4,"x":"'), 0xff, 0xfe, ...Buffer.from('"}')])],
      surrogate: [
        'json-utf8',
        Buffer.from([...Buffer.from('{"version":4,"x":"'), 0xed, 0xa0, 0x80, ...Buffer.from('"}')]),
      ],
      bom: ['json-bom', `\ufeff${state(1, 'bom')}`],
      deep: ['json-depth', `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`],
      twice: ['json-duplicate-key', '{"version":4,"version":4}'],
      old: ['state-version-unsupported', '{"version":3}'],
      future: ['state-version-unsupported', '{"version":5}'],
      other: ['state-malformed', '{"version":4,"serial":-1,"lineage":"x","resources":[]}'],
    };
    secrets.forEach(({ secret }, index) => {
      const text = JSON.stringify(secret);
      const breaks = [
        `{"version":4,"x":${text}${secret}}`,
        `{"version":4,"serial":${text},"lineage":"x","resources":[]}`,
      ];
      hostile[`secret${index}`] = [index % 2 === 0 ? 'json-syntax' : 'state-malformed', breaks[index % 2] ?? ''];
      hostile[`named${index}`] = [
        'state-malformed',
        `{"version":4,"serial":1,"lineage":"x","resources":[],"outputs":{${text}:${text}}}`,
      ];
    });
    const vault = Object.fromEntries(secrets.map(({ secret }, index) => [`v${index}`, secret]));
    const marks = Object.keys(vault).map((name) => [name]);
    const instances = [{ type: 'aws_x', name: 'vault', attributes: vault, marks }];
    await put('vault/terraform.tfstate', formatState({ serial: 1, lineage: 'vault', instances }));
    watched = await openWatched({ roots: [root], http: true });
    for (const [name, [, content]] of Object.entries(hostile)) await put(`${name}/terraform.tfstate`, content);
    // These are unusual, and states.
    await put('crlf/terraform.tfstate', state(1, 'crlf').replaceAll('\n', '\r\n'));
    await put(
      'proto/terraform.tfstate',
      state(1, 'proto').replace('"serial": 1', '"__proto__": {"polluted": 1}, "serial": 1'),
    );
    await put('escaped/terraform.tfstate', state(1, 'escaped').replace('"aws_x"', '"aws\\u005fx"'));
    const expected = Object.fromEntries(Object.entries(hostile).map(([name, [code]]) => [name, code]));
    expect(await codes(watched, Object.keys(hostile).length)).to.deep.equal(expected);
    await watched.settled();
    await delay(3_000);
    expect(watched.records('state.unreadable').length).to.equal(Object.keys(hostile).length);
    const subjects = watched.records('state.baselined').map(({ record }) => record.subject);
    expect(subjects).to.have.members(['vault', 'crlf', 'proto', 'escaped']);
    expect(({} as Record<string, unknown>)['polluted']).to.equal(undefined);
    await watched.seal();
    const hits = findCanaries([...(await watched.answers()), ...(await watched.written())], secrets);
    expect(describeHits(hits)).to.equal('');
  });

  it('waits for a root that is not there yet, and says so', async () => {
    const late = join(folder, 'late');
    watched = await openWatched({ roots: [root, late] });
    expect(watched.stdout() + watched.stderr()).to.contain(late);
    await mkdir(late);
    await writeFile(join(late, 'terraform.tfstate'), state(1, 'late'));
    await watched.untilRecords('state.baselined', 1);
  });

  it('takes files that vanish for neither broken nor deleted', async () => {
    await put('good/terraform.tfstate', state(1, 'good'));
    await put('flicker/terraform.tfstate', state(1, 'flicker'));
    watched = await openWatched({ roots: [root], quietMs: 3_000 });
    await watched.untilRecords('state.baselined', 2);
    for (let round = 0; round < 60; round += 1) {
      await unlink(join(root, 'flicker/terraform.tfstate'));
      await delay(round % 7);
      await put('flicker/terraform.tfstate', state(1, 'flicker'));
      await delay(round % 11);
    }
    await put('good/terraform.tfstate', state(2, 'good'));
    await watched.untilRecords('state.changed', 1);
    await watched.settled();
    expect(
      watched.records('state.unreadable', 'state.retired', 'resource.changed').map(({ record }) => record.source),
    ).to.deep.equal(['dir:infra/good/terraform.tfstate']);
  });

  it('records one flood of a state that is rewritten in a loop, and stays quick for another', async () => {
    await put('flood/terraform.tfstate', state(1, 'flood'));
    await put('calm/terraform.tfstate', state(1, 'calm'));
    watched = await openWatched({ roots: [root] });
    await watched.untilRecords('state.baselined', 2);
    const path = join(root, 'flood/terraform.tfstate');
    const job = spawn(process.execPath, ['-e', REWRITER, path, state(0, 'flood')], { stdio: 'ignore' });
    try {
      await watched.untilRecords('state.flooded', 1, 60_000);
      const startMs = performance.now();
      await put('calm/.terraform.tfstate.lock.info', formatLock('calm'));
      await put('calm/terraform.tfstate', state(2, 'calm'));
      await watched.untilRecords('state.changed', 1, 5_000);
      expect(performance.now() - startMs).to.be.lessThan(5_000);
      await delay(12_000);
    } finally {
      job.kill('SIGKILL');
    }
    expect(watched.records('state.flooded').length).to.equal(1);
    await put('flood/terraform.tfstate', state(900_000, 'flood'));
    // The pause of the flood ends with the last version, whatever came in between.
    const isLastSeen = (): boolean =>
      watched?.records('resource.changed').some(({ line }) => line.includes('"serial":"900000"')) ?? false;
    for (let round = 0; round < 100 && !isLastSeen(); round += 1) await delay(200);
    expect(isLastSeen()).to.equal(true);
    expect(watched.records('state.flooded').length).to.equal(1);
  });

  it('says what it may not read, and reads it when it may', async function () {
    if (process.getuid?.() !== 0) return this.skip();
    const nobody = 65_534;
    await put('good/terraform.tfstate', state(1, 'good'));
    await put('closed/terraform.tfstate', state(1, 'closed'));
    await put('shut/terraform.tfstate', state(1, 'shut'));
    await chmod(join(root, 'closed/terraform.tfstate'), 0o000);
    await chmod(join(root, 'shut'), 0o000);
    const dataDir = join(folder, 'data');
    await mkdir(dataDir);
    await chown(dataDir, nobody, nobody);
    await chmod(folder, 0o755);
    const bin = join(import.meta.dirname, '../../daemon/bin.ts');
    const daemon = spawn(process.execPath, [bin, 'watch', root, '--data-dir', dataDir, '--http', 'off'], {
      uid: nobody,
      gid: nobody,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let printed = '';
    for (const stream of [daemon.stdout, daemon.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
    }
    const until = async (pattern: RegExp): Promise<void> => {
      for (let round = 0; !pattern.test(printed); round += 1) {
        if (round > 400) throw new Error(`expected ${String(pattern)}, got:\n${printed}`);
        await delay(50);
      }
    };
    try {
      await until(/closed\/terraform\.tfstate: expected a readable file, got EACCES/u);
      await until(/shut: expected a readable directory, got Error EACCES/u);
      await chmod(join(root, 'closed/terraform.tfstate'), 0o644);
      await until(/closed.*from now on/u);
      expect(printed.match(/got EACCES/gu)?.length).to.equal(1);
    } finally {
      await chmod(join(root, 'shut'), 0o755);
      daemon.kill('SIGKILL');
    }
  });
});

/** Rewrites a state in place with rising serials, as fast as it can without starving this machine. */
const REWRITER = `
const { writeFileSync } = require('node:fs');
const [, path, text] = process.argv;
let serial = 10;
setInterval(() => writeFileSync(path, text.replaceAll('"serial": 0', '"serial": ' + (serial += 1))), 40);
`;
