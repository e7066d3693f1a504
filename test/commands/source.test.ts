// `stateseal source list`, `status`, `log --problems` and `verify` over what a real recorder found in real directories:
// backends that nobody watches, states that went silent, lists too large for a leaf; no credential of a backend.
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect } from 'chai';
import { logCommand } from '../../daemon/commands/log.ts';
import { sourceCommand } from '../../daemon/commands/source.ts';
import { stateCommand } from '../../daemon/commands/state.ts';
import { statusCommand } from '../../daemon/commands/status.ts';
import type { SourceInventoriedData } from '../../daemon/record/inventory.ts';
import { createInventories } from '../../daemon/recorder/inventories.ts';
import { toInventoryData } from '../../daemon/recorder/inventory-data.ts';
import { openDirectorySource } from '../../daemon/sources/directory.ts';
import type { DiscoveredState } from '../../daemon/sources/source.ts';
import { readFolder } from '../support/canary-hunt.ts';
import { createVerifier } from '../../daemon/merkle/note.ts';
import { openDatabaseReadOnly } from '../../daemon/store/database.ts';
import { renderReport } from '../../daemon/verify/render-report.ts';
import { verifyStore } from '../../daemon/verify/verify-store.ts';
import { openLogHarness } from '../support/log-harness.ts';
import { openWatched } from '../support/watched.ts';
import { HOSTILE } from './sample-changes.ts';
import { DANGEROUS, failureOf, linesOf, runCommand } from './test-context.ts';

const CANARY = 'Canary-4be1c07d92';

describe('stateseal source list', function () {
  this.timeout(30_000);
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'stateseal-source-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const write = (path: string, value: object): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), `${JSON.stringify(value)}\n`);
  };
  const pointer = (path: string, type: string, config: object): void =>
    write(`${path}/.terraform/terraform.tfstate`, { version: 3, backend: { type, config, hash: 1 } });
  const state = (path: string): void =>
    write(path, { version: 4, terraform_version: '1.11.4', serial: 1, lineage: path, outputs: {}, resources: [] });
  const run = async (command: typeof sourceCommand, args: readonly string[], dataDir: string) =>
    runCommand(command, args, { dataDir, now: new Date().toISOString() });

  it('names what nobody watches, from the log alone, and no credential', async () => {
    state('infra/net/terraform.tfstate');
    state('infra/local/states/prod.tfstate');
    pointer('infra/local', 'local', { path: 'states/prod.tfstate' });
    pointer('infra/app', 's3', { bucket: 'acme', key: 'app/prod.tfstate', secret_key: CANARY, access_key: CANARY });
    pointer('infra/web', 'http', { address: `https://u:${CANARY}@host/state?token=${CANARY}`, password: CANARY });
    write('infra/app/errored.tfstate', { secret: CANARY });
    const watched = await openWatched({ roots: [join(folder, 'infra')] });
    const { dataDir } = watched;
    try {
      const [stored] = await watched.untilRecords('source.inventoried', 1);
      const data = stored?.record.data as unknown as SourceInventoriedData;
      expect([data.watched, data.unwatchedCount, data.unseenCount, data.vantage.source]).to.deep.equal([
        2,
        2,
        0,
        'sources',
      ]);
      expect(data.unwatched.map(({ kind, backend }) => backend?.location ?? kind).sort()).to.deep.equal([
        'https://host/state',
        'leftover',
        's3://acme/app/prod.tfstate',
      ]);
      await watched.stop();
      const text = (await run(sourceCommand, ['list'], dataDir)).out;
      expect(text).to.match(/^sources {3}2 watched, 2 not, 0 silent {3}as of .* ago, record #\d+\n/u);
      expect(text).to.contain('dir:infra/').and.contain(join(folder, 'infra'));
      const only = (await run(sourceCommand, ['list', '--unwatched'], dataDir)).out;
      expect(only).to.match(/elsewhere +s3:\/\/acme\/app\/prod\.tfstate +named by dir:infra\/app\//u);
      expect(only).to.contain('2 states that nobody watches, 0 silent; found ');
      const objects = linesOf((await run(sourceCommand, ['list', '--json'], dataDir)).out).map(
        (line) => JSON.parse(line) as { object: string },
      );
      expect(objects.map(({ object }) => object)).to.deep.equal([
        'place',
        'source',
        'unwatched',
        'unwatched',
        'unwatched',
      ]);
      const problems = (await run(logCommand, ['--problems'], dataDir)).out;
      expect(problems).to.match(/not watched +! +#\d+ +s3:\/\/acme\/app\/prod\.tfstate, https:\/\/host\/state\n/u);
      const status = (await run(statusCommand, [], dataDir)).out;
      expect(status)
        .to.contain('not seen   s3://acme/app/prod.tfstate\n')
        .and.contain('2 in all: stateseal source list --unwatched');
      const verified = verify(dataDir);
      expect(verified.text).to.contain(
        '2 states in the configured places are not watched (list: stateseal source list --unwatched)',
      );
      expect(verified.verdict).to.not.equal('unexplained');
      for (const { name, bytes } of await readFolder(dataDir)) expect(bytes.includes(CANARY), name).to.equal(false);
      expect(watched.stdout() + text + only + problems + status).to.not.contain(CANARY);
    } finally {
      await watched.close();
    }
  });

  it('does not list a place elsewhere that is watched: by its workspace, odd key, or the own state backend', async () => {
    pointer('infra/a', 's3', { bucket: 'acme', key: 'app 1/prod.tfstate' });
    mkdirSync(join(folder, 'infra/b/.terraform'), { recursive: true });
    pointer('infra/b', 's3', { bucket: 'acme', key: 'net.tfstate' });
    writeFileSync(join(folder, 'infra/b/.terraform/environment'), 'blue');
    pointer('infra/c', 'http', { address: 'https://proxy.example/state/dns' });
    pointer('infra/d', 'http', { address: 'https://proxy.example/state/other' });
    const roots = [{ label: 'infra', path: join(folder, 'infra') }];
    const source = openDirectorySource({ roots });
    try {
      const states = await source.discover();
      const found = ['s3://acme/app%201/prod.tfstate', 's3://acme/env:/blue/net.tfstate'].map((uri) => ({
        ...{ reference: { uri, workspace: '' }, displayPath: uri, nameCandidates: [], isWatched: true, reason: '' },
      }));
      const settings = { roots, heartbeatMs: 1, backend: { states: [{ name: 'dns' }] } };
      const data = createInventories(settings, () => 0).next({
        states: [...states, ...found],
        problems: [],
        unseen: [],
      });
      expect(data?.unwatched.map(({ backend }) => backend?.location)).to.deep.equal([
        'https://proxy.example/state/other',
      ]);
    } finally {
      await source.close();
    }
  });

  it('tells what an inventory says anew only once, also after a restart', async () => {
    const log = openLogHarness();
    try {
      const moment = { source: 'directory', effectiveTime: '', timeBasis: 'clock' } as const;
      const head = { source: 'x', subject: 'x', moment };
      const tell = (count: number, source = 'directory'): void => {
        const data = toInventoryData({
          ...inventory(count),
          unseen: [],
          watchedUris: new Set(),
          roots: [],
          problems: [],
        });
        log.methods.append([
          { ...head, type: 'log.started', data: {} },
          { ...head, moment: { ...moment, source }, type: 'source.inventoried', data: { ...data } },
        ]);
      };
      for (const count of [1, 1, 2, 1, 1]) tell(count);
      tell(1, 's3://bucket');
      const numbers = linesOf((await run(logCommand, ['--problems', '--json'], log.dataDir)).out).map(
        (line) => (JSON.parse(line) as { number: number }).number,
      );
      // The first, the one with a second backend, and that of another source.
      expect(numbers.sort((x, y) => x - y)).to.deep.equal([1, 5, 11]);
    } finally {
      log.close();
    }
  });

  it('does not retire the states of a root that is gone: they are unreadable, then silent, and a gap', async () => {
    state('infra/net/terraform.tfstate');
    state('other/dns/terraform.tfstate');
    const roots = [join(folder, 'infra'), join(folder, 'other')];
    const dataDir = mkdtempSync(join(tmpdir(), 'stateseal-source-data-'));
    try {
      const first = await openWatched({ roots, dataDir });
      await first.untilRecords('state.baselined', 2);
      renameSync(roots[1] ?? '', join(folder, 'elsewhere'));
      const [unreadable] = await first.untilRecords('state.unreadable', 1);
      expect(unreadable?.record.data).to.include({ code: 'root-missing' });
      expect(first.records('state.retired')).to.deep.equal([]);
      await first.stop();
      await first.close();
      expect((await run(stateCommand, ['list'], dataDir)).out).to.match(/dns .*unreadable/u);
      // The root is taken out of the configuration: what was watched is now seen by nobody.
      const second = await openWatched({ roots: roots.slice(0, 1), dataDir });
      await second.untilRecords('source.inventoried', 2);
      await second.stop();
      const silent = (await run(sourceCommand, ['list', '--unwatched'], dataDir)).out;
      expect(silent)
        .to.match(/silent +dns +state-unwatched, since /u)
        .and.contain('1 silent');
      expect((await run(stateCommand, ['list'], dataDir)).out).to.match(/dns .*silent/u);
      expect((await run(statusCommand, [], dataDir)).out).to.match(
        /silent +dir:other\/dns\/terraform\.tfstate +state-unwatched/u,
      );
      expect((await run(logCommand, ['--problems'], dataDir)).out).to.match(
        /silent +! .*dir:other\/dns\/terraform\.tfstate \(state-unwatched\)/u,
      );
      const verified = verify(dataDir);
      expect(verified.verdict).to.equal('unexplained');
      expect(verified.text)
        .to.contain('dir:other/dns/terraform.tfstate  watched once, nobody can look now')
        .and.contain('stateseal note');
      await second.close();
    } finally {
      rmSync(dataDir, { recursive: true });
    }
  });

  it('keeps a list that outgrows its leaf in a blob, and reads it whole', async () => {
    const log = openLogHarness();
    try {
      const data = toInventoryData({ ...inventory(400), unseen: [], watchedUris: new Set(), roots: [], problems: [] });
      const moment = { source: 'directory', effectiveTime: '', timeBasis: 'clock' } as const;
      const spill = { into: 'list', members: ['unwatched', 'unseen', 'problems'] };
      log.methods.append([{ type: 'source.inventoried', source: 'x', subject: 'x', moment, data: { ...data }, spill }]);
      const line = log.read(({ entries }) => entries.read(0)?.line.toString() ?? '');
      expect(line.length).to.be.lessThan(1000);
      expect(line).to.contain('"unwatched":[]').and.contain('"unwatchedCount":400').and.contain('"list":{');
      const { out } = await run(sourceCommand, ['list', '--unwatched', '--json'], log.dataDir);
      expect(linesOf(out)).to.have.length(400);
      expect((await run(logCommand, ['--problems'], log.dataDir)).out).to.contain(
        'and 397 more: stateseal source list',
      );
    } finally {
      log.close();
    }
  });

  it('never prints hostile places raw', async () => {
    const log = openLogHarness();
    try {
      const states = [{ ...found('evil'), reason: HOSTILE, backend: { type: HOSTILE, location: HOSTILE } }];
      const unseen = [{ reference: HOSTILE, code: HOSTILE, since: HOSTILE }];
      const problems = [{ code: HOSTILE, message: HOSTILE }];
      const data = toInventoryData({ states, unseen, problems, watchedUris: new Set(), roots: [] });
      const moment = { source: `s3://${HOSTILE}`, effectiveTime: '', timeBasis: 'clock' } as const;
      log.methods.append([{ type: 'source.inventoried', source: 'x', subject: 'x', moment, data: { ...data } }]);
      for (const [command, args] of [
        [sourceCommand, ['list']],
        [sourceCommand, ['list', '--json']],
        [sourceCommand, ['list', '--unwatched']],
        [statusCommand, []],
        [logCommand, ['--problems']],
        [logCommand, ['--problems', '--json']],
        [stateCommand, ['list']],
      ] as const) {
        const { out } = await run(command, args, log.dataDir);
        expect(out, `${command.name} ${args.join(' ')}`).to.not.match(DANGEROUS);
      }
      for (const args of [[], ['list', 'more'], ['lst'], ['list', '--unwatchd']])
        expect(await failureOf(sourceCommand, args, { dataDir: log.dataDir })).to.have.property('code', 'usage');
    } finally {
      log.close();
    }
  });

  it('is worth a record when it changed, not twice a minute, and large not twice a heartbeat', () => {
    let nowMs = 0;
    const inventories = createInventories({ roots: [], heartbeatMs: 300_000 }, () => nowMs);
    const next = (count: number, afterMs: number): boolean => {
      nowMs += afterMs;
      return inventories.next({ states: inventory(count).states, problems: [], unseen: [] }) !== undefined;
    };
    expect([next(1, 0), next(1, 100_000), next(2, 1), next(3, 1), next(3, 60_000)]).to.deep.equal([
      true,
      false,
      true,
      false,
      true,
    ]);
    expect([next(400, 60_000), next(401, 299_000), next(402, 2_000)]).to.deep.equal([false, true, false]);
  });
});

function verify(dataDir: string): { readonly text: string; readonly verdict: string } {
  const database = openDatabaseReadOnly(join(dataDir, 'log.sqlite'));
  try {
    const verifier = createVerifier(readFileSync(join(dataDir, 'keys', 'log.vkey'), 'utf8').trim());
    const report = verifyStore(database, [verifier], { nowMs: Date.now() });
    return { text: renderReport(report, { color: false, isStrict: false }), verdict: report.completeness.verdict };
  } finally {
    database.close();
  }
}

function inventory(count: number): { readonly states: readonly DiscoveredState[] } {
  return { states: Array.from({ length: count }, (_, index) => found(`app-${index}`)) };
}

function found(name: string): DiscoveredState {
  return {
    reference: { uri: `dir:infra/${name}/.terraform/terraform.tfstate`, workspace: 'default' },
    displayPath: name,
    nameCandidates: [name],
    isWatched: false,
    reason: `s3://acme/${name}`,
    kind: 'backend',
    backend: { type: 's3', location: `s3://acme/${name}` },
  };
}
