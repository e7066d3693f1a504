// Planted secrets in everything a client can say and attach: none may stand in the spool, the database, the archive, on a
// screen or in an answer. The boxes are left while the recorder is down.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RunFinishedObservation } from '../../daemon/record/run.ts';
import { deliver } from '../../daemon/spool/deliver.ts';
import { describeHits, findCanaries, readFolder, type Canary } from '../support/canary-hunt.ts';
import { DISGUISES, formatState, LONG_CANARIES } from '../support/canary-states.ts';
import { runFinished, runStarted, testId } from '../support/spool-scene.ts';
import { openWatched, type Watched } from '../support/watched.ts';

/** No state knows these: their shape tells them. */
const SHAPED: readonly Canary[] = [
  { name: 'github token', secret: `ghp_${'Zx81Kq93Lm'.repeat(4)}` },
  { name: 'aws key', secret: 'AKIAQ7ZTXK4MWPL2RV5B' },
  { name: 'random', secret: 'q8Zr2KfW9xLmT4vB7nYcP3hJ6dGs1AeU' },
];
const ALL = [...LONG_CANARIES, ...SHAPED];
const BUDGET = { budgetMs: 30_000 };

describe('planted secrets, through the spool', function () {
  this.timeout(30_000);
  let root: string;
  let dataDir: string;
  let watched: Watched | undefined;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'stateseal-canaries-'));
    dataDir = await mkdtemp(join(tmpdir(), 'stateseal-data-'));
  });
  afterEach(async () => {
    await watched?.close();
    watched = undefined;
    await Promise.all([root, dataDir].map((path) => rm(path, { recursive: true, force: true })));
  });

  const vault = formatState({
    serial: 1,
    lineage: 'one',
    instances: [
      {
        type: 'aws_x',
        name: 'vault',
        attributes: Object.fromEntries(LONG_CANARIES.map(({ secret }, index) => [`v${index}`, secret])),
        marks: LONG_CANARIES.map((_, index) => [`v${index}`]),
      },
    ],
  });

  function spoiled(secret: string, number: number): RunFinishedObservation {
    // What only its shape tells is told in clear alone: another form of it is another text.
    const forms = SHAPED.some((shaped) => shaped.secret === secret) ? [] : Object.values(DISGUISES);
    const words = [secret, ...forms.map((disguise) => disguise(secret))];
    const fields = ['actor', 'commit', 'repository', 'pull-request', 'job', 'branch'];
    return runFinished(number, {
      claims: [
        ...words.map(
          (value, index) => ({ field: fields[index % 6] ?? '', value, known: 'verified', by: secret }) as const,
        ),
        {
          field: 'job',
          value: `https://bot:${secret}@ci.example/job/7?token=${secret}#${secret}`,
          known: 'claimed',
          by: 'ci',
        },
        { field: secret, value: secret, known: 'claimed', by: 'ci' },
      ],
      command: {
        tool: 'terraform',
        subcommand: `apply ${secret}`,
        flags: [`-target=${secret}`, `-${secret}`, `-backend-config=${secret}`, '-parallelism=10'],
        variables: [secret, 'region'],
        planFile: `/srv/${secret}/${secret}.tfplan`,
        chdir: `/srv/${secret}`,
      },
      toolVersion: secret,
      backend: {
        type: secret,
        workspace: secret,
        reference: `https://bot:${secret}@states.example/${secret}`,
        statePath: join(root, secret, 'terraform.tfstate'),
      },
      signal: secret,
    });
  }

  it('leave none of them anywhere', async () => {
    await mkdir(join(root, 'a'));
    await writeFile(join(root, 'a/terraform.tfstate'), vault);
    watched = await openWatched({ roots: [root], dataDir });
    await watched.stop();
    watched = undefined;

    const spool = join(dataDir, 'spool');
    for (const [index, { secret }] of ALL.entries()) {
      const stream = `${JSON.stringify({ type: 'diagnostic', diagnostic: { severity: 'error', summary: secret } })}\n${secret}\n`;
      const attachments = [
        { kind: 'plan', bytes: Buffer.from(`PK ${secret}`) },
        { kind: 'stream', bytes: Buffer.from(stream) },
        { kind: 'state', bytes: Buffer.from(index % 2 === 0 ? vault : `{"broken": "${secret}`) },
      ] as const;
      expect(await deliver(spool, spoiled(secret, index), attachments, BUDGET)).to.include({ outcome: 'delivered' });
      const start = {
        ...spoiled(secret, 100 + index),
        kind: 'run.started',
        process: { pid: 1, startTicks: secret },
      } as const;
      expect(
        await deliver(spool, runStarted(200 + index, { ...start, key: testId(200 + index) }), [], BUDGET),
      ).to.include({ outcome: 'delivered' });
      const platform = {
        ...{ schema: 1, kind: 'platform.event', key: testId(400 + index), run: testId(1), time: start.time },
        claims: start.claims,
      };
      const event = { ...platform, platform: secret, event: secret, outcome: 'failed' } as const;
      expect(await deliver(spool, event as never, [], BUDGET)).to.include({ outcome: 'delivered' });
    }
    // A state that teaches its own secret with the same delivery, at a reference that no source watches.
    const lesson = 'only-this-run-knows-it-55';
    const own = formatState({
      serial: 3,
      lineage: 'two',
      instances: [{ type: 'aws_x', name: 'v', attributes: { v: lesson }, marks: [['v']] }],
    });
    const backend = { type: 's3', workspace: 'default', reference: 's3://states/own.tfstate', statePath: '' };
    const claims = [{ field: 'job', value: `job ${lesson}`, known: 'claimed', by: 'ci' }] as const;
    await deliver(spool, runFinished(900, { backend, claims }), [{ kind: 'state', bytes: Buffer.from(own) }], BUDGET);
    const planted = [...ALL, { name: 'lesson', secret: lesson }];
    expectNone(await readFolder(spool), planted);

    watched = await openWatched({ roots: [root], dataDir, http: true });
    await watched.untilRecords('run.finished', ALL.length + 1);
    await watched.untilRecords('platform.reported', ALL.length);
    await watched.settled();
    await watched.seal();
    expect(watched.records('run.started')).to.have.length(ALL.length);
    expect(watched.records('spool.rejected')).to.deep.equal([]);
    expectNone([...(await watched.answers()), ...(await watched.written())], planted);
    await watched.stop();
    expectNone(await watched.written(), planted);
  });

  it('can find them', async () => {
    watched = await openWatched({ roots: [root], dataDir });
    const claims = [{ field: 'job', value: 'nobody-knows-this-one', known: 'claimed', by: 'ci' }] as const;
    await deliver(join(dataDir, 'spool'), runFinished(1, { claims }), [], BUDGET);
    await watched.untilRecords('run.finished', 1);
    const hits = findCanaries(await watched.written(), [{ name: 'shown', secret: 'nobody-knows-this-one' }]);
    expect(hits.length).to.be.greaterThan(0);
  });
});

function expectNone(places: Parameters<typeof findCanaries>[0], canaries: readonly Canary[]): void {
  const hits = findCanaries(places, canaries);
  if (hits.length > 0)
    throw new Error(`expected no planted secret, got ${hits.length}:\n${describeHits(hits.slice(0, 20))}`);
}
