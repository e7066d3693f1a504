import { expect } from 'chai';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { secretCommand } from '../../daemon/commands/secret.ts';
import type { Json, JsonObject } from '../../daemon/json/value.ts';
import { commitmentOf, stateKey, tagOf } from '../../daemon/redaction/keys.ts';
import { TaintSet } from '../../daemon/redaction/taint.ts';
import { typedInput } from '../../daemon/redaction/typed-input.ts';
import { DNS, NETWORK, openSampleLog, type SampleLog } from '../support/sample-log.ts';
import { failureOf, linesOf, runCommand, type Answer } from './test-context.ts';

const EQUALITY_KEY = Buffer.alloc(32, 1);
const EPOCH_KEY = Buffer.alloc(32, 2);
const SECRET = 'hunter2-correct-horse';

describe('stateseal secret check', () => {
  let log: SampleLog;
  beforeEach(() => {
    log = openSampleLog();
    mkdirSync(join(log.folder, 'keys'));
    writeFileSync(join(log.folder, 'keys', 'equality.key'), `${EQUALITY_KEY.toString('hex')}\n`);
    writeFileSync(join(log.folder, 'keys', 'epoch-e2026.key'), `${EPOCH_KEY.toString('hex')}\n`);
    writeFileSync(join(log.folder, 'keys', 'log.key'), 'x');
  });
  afterEach(() => log.close());

  const check = (stdin: string, ...flags: string[]): Promise<Answer> =>
    runCommand(secretCommand, ['check', '--stdin', ...flags], { dataDir: log.folder, stdin });
  const hidden = (address: string, path: string, value: Json, kid = 'e2026'): JsonObject => ({
    path,
    by: 'mark',
    kid,
    commitment: commitmentOf(stateKey(EPOCH_KEY, NETWORK.id), address, path, value),
    changed: true,
  });
  const changeWith = (step: JsonObject, inBlob = false): void => {
    const { address, ...more } = step;
    log.change({
      time: '2026-06-01T10:00:00.000Z',
      to: '2',
      steps: [
        {
          address: typeof address === 'string' ? address : 'aws_db_instance.main',
          actions: ['update'],
          inBlob,
          ...more,
        },
      ],
      actions: [],
    });
  };

  it('finds a value by its commitment in a change, and says where and when, never what', async () => {
    changeWith({ hidden: [hidden('aws_db_instance.main', '/password', SECRET)] });
    const { code, out } = await check(`${SECRET}\n`);
    expect(code).to.equal(1);
    expect(out).to.equal('2026-06-01 10:00Z #0  network  aws_db_instance.main  password  hidden\nfound at 1 place.\n');
    expect((await check('another-value')).code).to.equal(0);
    expect((await check('another-value')).out).to.equal('not found as a value of any state this log has seen.\n');
  });

  it('finds it in blobs, in baselines, in outputs and in deposed objects', async () => {
    changeWith({ hidden: [hidden('aws_db_instance.main', '/password', SECRET)], deposed: '0123abcd' }, true);
    const lines: Json[] = [
      { address: 'a.b', deposed: '', attributes: { pw: null }, hidden: [hidden('a.b', '/pw', SECRET)] },
      { output: 'pw', value: null, hidden: [hidden('output.pw', '', SECRET)] },
    ];
    log.append('state.baselined', { state: { ...NETWORK }, snapshot: { ...log.blob(lines) } });
    const places = linesOf((await check(SECRET)).out).slice(0, -1);
    expect(places).to.have.length(3);
    expect(places.join('\n')).to.contain('a.b').and.contain('output.pw').and.contain('(the whole value)');
    expect(places.join('\n')).to.contain('(deposed 0123abcd)').and.contain('(first sight)');
  });

  it('finds what stands in a state now, by its tag', async () => {
    const tag = tagOf(EQUALITY_KEY, typedInput(SECRET));
    putState(log);
    const body = {
      attributes: { pw: null, name: 'n' },
      hidden: [{ path: '/pw', by: 'mark', tag, kid: 'e1', commitment: 'x' }],
    };
    log.states.putSnapshot('s', { address: 'a.b', deposed: '', rawTag: '', body: JSON.stringify(body) });
    const objects = linesOf((await check(SECRET, '--json')).out).map((line) => JSON.parse(line) as object);
    expect(objects).to.eql([
      { object: 'sighting', where: 'state', state: 'core', address: 'a.b', path: '/pw', shown: false },
      { object: 'summary', sightings: 1, knownAsSecret: false, unchecked: 0 },
    ]);
  });

  it('says when a value stands in clear, and when it is known as part of a secret', async () => {
    changeWith({ changes: [{ path: '/tags', before: { a: [SECRET] }, after: {} }] });
    log.states.addTaint(new TaintSet(EQUALITY_KEY).learn(SECRET));
    const { out } = await check(`prefix ${SECRET}`);
    expect(out).to.contain('known as a secret');
    expect((await check(SECRET)).out)
      .to.contain('tags.a[0]')
      .and.contain('SHOWN IN CLEAR');
  });

  it('looks for numbers and truth values too, without mistaking one type for another', async () => {
    changeWith({ hidden: [hidden('aws_db_instance.main', '/pin', 4711)], changes: [{ path: '/on', after: true }] });
    expect((await check('4711')).code).to.equal(1);
    expect((await check('4711.0')).code).to.equal(1);
    expect((await check('true')).out).to.contain('SHOWN IN CLEAR');
    expect((await check('04711')).code).to.equal(0);
  });

  it('says what it could not check', async () => {
    changeWith({ hidden: [hidden('aws_db_instance.main', '/password', SECRET, 'e2019')] });
    const { code, out } = await check(SECRET);
    expect(code).to.equal(0);
    expect(out).to.contain('1 hidden values could not be checked');
  });

  it('never prints the value, and takes it from standard input only', async () => {
    changeWith({ hidden: [hidden('aws_db_instance.main', '/password', SECRET)] });
    for (const flags of [[], ['--json']]) expect((await check(SECRET, ...flags)).out).to.not.contain(SECRET);
    const world = { dataDir: log.folder, stdin: '' };
    for (const args of [['check', SECRET], ['check', '--stdin', SECRET], ['check'], [SECRET, '--stdin'], []]) {
      const error = await failureOf(secretCommand, args, { ...world, stdin: SECRET });
      expect(error).to.include({ code: 'usage' });
      expect(JSON.stringify(error) + String(error)).to.not.contain(SECRET);
    }
    expect(await failureOf(secretCommand, ['check', '--stdin'], world)).to.include({ code: 'secret-input' });
  });
});

function putState(log: SampleLog): void {
  log.states.put({
    id: 's',
    name: 'core',
    uri: DNS.reference,
    workspace: '',
    form: 'clear',
    lineage: '',
    serial: '1',
    toolVersion: '',
    contentTag: '',
    sourceVersion: '',
    condition: 'state',
    conditionSinceMs: 0,
    isRetired: false,
    knowledge: '',
    lock: '',
    unreadableVersion: '',
  });
}
